import HTTPS
import Mail
import Testing

@testable import Relay

/// When reports are sent at all, and when again.
struct ReportSettingsTests {
    @Test("RPTF-04 Without organization, contact or key no reports are sent, and it is said what is missing")
    func missing() throws {
        let whole = try ReportWorld.configuration()
        #expect(ReportSettings(whole) != nil && whole.tlsrpt.missing(whole.dkim, at: WallTime(seconds: 0)).isEmpty)
        var none = Configuration()
        #expect(ReportSettings(none) == nil)
        #expect(
            none.tlsrpt.missing(none.dkim, at: WallTime(seconds: 0)) == [
                "tlsrpt.organization is not set", "tlsrpt.contact is not set",
            ])
        none = whole
        none.tlsrpt.organization = nil
        #expect(
            ReportSettings(none) == nil
                && none.tlsrpt.missing(none.dkim, at: WallTime(seconds: 0)) == ["tlsrpt.organization is not set"])
        none = whole
        none.tlsrpt.contact = nil
        #expect(
            ReportSettings(none) == nil
                && none.tlsrpt.missing(none.dkim, at: WallTime(seconds: 0)) == ["tlsrpt.contact is not set"])
        none = whole
        none.dkim.keys = []
        #expect(ReportSettings(none) == nil)
        #expect(
            none.tlsrpt.missing(none.dkim, at: WallTime(seconds: 0)) == [
                "there is no [[dkim.key]] of sender.example, by which reports must be signed"
            ])
        none = whole
        none.dkim.keys[0].domain = try DomainName("other.example")
        #expect(ReportSettings(none) == nil, "RPTF-16 another domain's key signs no reports")
    }

    @Test("RPTF-04 A contact at an address literal is nobody to write to")
    func literal() throws {
        var configuration = try ReportWorld.configuration()
        configuration.tlsrpt.contact = try Mailbox(parsing: "a@[192.0.2.1]".utf8)
        #expect(ReportSettings(configuration) == nil)
    }

    @Test("RPTF-14 RPTF-21 The submitter is the contact's domain; From is the contact unless it is said")
    func submitter() throws {
        var configuration = try ReportWorld.configuration()
        var settings = try #require(ReportSettings(configuration))
        #expect(settings.contact.domain.text == "sender.example" && settings.from == configuration.tlsrpt.contact)
        #expect(configuration.tlsrpt.submitterDomain?.text == "sender.example")
        configuration.tlsrpt.from = try Mailbox(parsing: "b@sender.example".utf8)
        settings = try #require(ReportSettings(configuration))
        #expect(settings.from == configuration.tlsrpt.from)
    }

    @Test("D8 Keys for reports go before those for mail")
    func keys() throws {
        var configuration = try ReportWorld.configuration()
        var own = configuration.dkim.keys[0]
        own.selector = try DomainName("r1")
        own.use = .reports
        configuration.dkim.keys.append(own)
        let domain = try DomainName("sender.example")
        #expect(configuration.dkim.reportKeys(of: domain).map(\.selector) == [own.selector])
        configuration.dkim.keys.removeLast()
        #expect(configuration.dkim.reportKeys(of: domain) == configuration.dkim.keys)
    }

    @Test("RPTF-25 The wait doubles up to four hours, with a quarter left to chance")
    func waits() {
        var generator = SystemRandomNumberGenerator()
        for (attempts, base) in [
            (Int.min, 300), (0, 300), (1, 300), (2, 600), (3, 1200), (4, 2400), (5, 4800), (6, 9600), (7, 14_400),
            (8, 14_400), (100, 14_400), (.max, 14_400),
        ] as [(Int, Int64)] {
            for _ in 0..<50 {
                let wait = ReportTimes.wait(after: attempts, using: &generator)
                #expect((base...(base + base / 4)).contains(wait), "\(attempts)")
            }
        }
    }
}
