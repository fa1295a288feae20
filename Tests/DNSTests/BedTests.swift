import Foundation
import Mail
import Net
import Testing

@testable import DNS

private let bedPath = ProcessInfo.processInfo.environment["WAXWING_DNS_BED"]

/// Real validation below a private root, by hand: WAXWING_DNS_BED names a file of settings, one `key=value` a line
/// (`trust-anchor=FILE`, `root-hints=FILE`, `option=NAME: VALUE`). The servers it leads to must serve, on port 53:
///
/// - the root, signed with the anchor, delegating `signed.`, `expired.` and `opt.` with DS, `insecure.` and `lame.` without;
/// - `signed.` (NSEC): `mail A/AAAA`, `_25._tcp.mail TLSA 3 1 1`, `MX 10 mail`, CNAMEs `chain1`→`chain2`→`mail`,
///   `out`→`host.insecure`, `tobogus`→`host.expired`, `toservfail`→`host.lame`, `tomissing`→`nothere`, DNAME `old`→`signed.`,
///   `*.wild A`, and 60 TLSA records at `_25._tcp.big` (more than one datagram);
/// - `opt.` (NSEC3 with opt-out): `host A`, and `sub` delegated without DS to a server that is not configured for it;
/// - `insecure.`, unsigned: `host A`, CNAME `signedalias`→`mail.signed`;
/// - `expired.`: `host A`, every RRSIG of it expired;
/// - `lame.`: delegated to an address where no server answers.
@Suite("Validation below a private root", .enabled(if: bedPath != nil))
struct BedTests {
    static func settings() throws -> ResolverSettings {
        var settings = ResolverSettings(trustAnchorFile: "")
        // The servers of such a bed are on loopback, and so may be the hosts of its zones.
        settings.options = [UnboundOption("do-not-query-localhost:", "no")]
        for line in try String(contentsOfFile: try #require(bedPath), encoding: .utf8).split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { continue }
            switch parts[0] {
            case "trust-anchor": settings.trustAnchorFile = parts[1]
            case "root-hints": settings.rootHintsFile = parts[1]
            case "option":
                let words = parts[1].split(separator: " ", maxSplits: 1).map(String.init)
                settings.options.append(UnboundOption(words[0], words.count > 1 ? words[1] : ""))
            default: Issue.record("unknown key \(parts[0])")
            }
        }
        return settings
    }

    enum Expected: Sendable { case records(Int), noData, noSuchName, failure }

    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let type: RecordType
        let security: Security
        let expected: Expected
        let canonicalName: String
        let why: String
        var testDescription: String { "\(name) \(type): \(why)" }

        init(
            _ name: String, _ type: RecordType, _ security: Security, _ expected: Expected, end: String? = nil,
            _ why: String
        ) {
            self.name = name
            self.type = type
            self.security = security
            self.expected = expected
            canonicalName = end ?? name
            self.why = why
        }
    }

    static let rows: [Row] = [
        Row("mail.signed", .a, .secure, .records(1), "SEC-02 a signed zone"),
        Row("mail.signed", .aaaa, .secure, .records(1), "SEC-02 a signed zone"),
        Row("signed", .mx, .secure, .records(1), "SEC-02 a signed zone"),
        Row("_25._tcp.mail.signed", .tlsa, .secure, .records(1), "SEC-02 a signed zone"),
        Row("mail.signed", .txt, .secure, .noData, "SEC-04 proven NODATA"),
        Row("nothere.signed", .a, .secure, .noSuchName, "SEC-04 proven NXDOMAIN"),
        Row("_25._tcp.nothere.signed", .tlsa, .secure, .noSuchName, "SEC-04 proven NXDOMAIN"),
        Row("host.insecure", .a, .insecure, .records(1), "SEC-02 SEC-03 proven to be unsigned"),
        Row("host.insecure", .tlsa, .insecure, .noData, "SEC-04 unsigned NODATA is an answer"),
        Row("nothere.insecure", .a, .insecure, .noSuchName, "SEC-04 unsigned NXDOMAIN is an answer"),
        Row("host.expired", .a, .bogus, .failure, "SEC-05 expired RRSIG"),
        Row("_25._tcp.host.expired", .tlsa, .bogus, .failure, "SEC-05 expired RRSIG on the denial"),
        Row("host.lame", .a, .failed, .failure, "SEC-05 a server that does not answer"),
        Row("chain1.signed", .a, .secure, .records(1), end: "mail.signed", "SEC-09 a chain all signed"),
        Row("chain1.signed", .cname, .secure, .records(1), "SEC-10 CNAME asked by itself"),
        Row("chain1.signed", .txt, .secure, .noData, end: "mail.signed", "SEC-09 NODATA at the end of a chain"),
        Row("out.signed", .a, .insecure, .records(1), end: "host.insecure", "SEC-09 one insecure link"),
        Row("out.signed", .cname, .secure, .records(1), "SEC-10 the alias itself is signed"),
        Row("signedalias.insecure", .a, .insecure, .records(1), end: "mail.signed", "SEC-09 an insecure first link"),
        Row("tobogus.signed", .a, .bogus, .failure, "SEC-09 one bogus link"),
        Row("toservfail.signed", .a, .failed, .failure, "SEC-09 one failing link"),
        Row("tomissing.signed", .a, .secure, .noSuchName, end: "nothere.signed", "SEC-09 an alias to nothing"),
        Row("mail.old.signed", .a, .secure, .records(1), end: "mail.signed", "SEC-11 DNAME"),
        Row("x.wild.signed", .a, .secure, .records(1), "SEC-12 wildcard with its proof"),
        Row("_25._tcp.big.signed", .tlsa, .secure, .records(60), "SEC-12 truncated, then over TCP"),
        Row("host.opt", .a, .secure, .records(1), "SEC-12 NSEC3"),
        Row("nothere.opt", .a, .insecure, .noSuchName, "SEC-12 opt-out denial is insecure"),
    ]

    @Test("SEC-02 SEC-03 SEC-04 SEC-05 SEC-09 SEC-10 SEC-11 SEC-12 What each zone gives")
    func validates() async throws {
        let rig = try ResolverRig()
        try await rig.with(settings: try Self.settings()) { resolver in
            // The bogus ones first of all, then in order: no verdict may depend on what is cached.
            for row in Self.rows.filter({ $0.security == .bogus }) + Self.rows {
                let answer = await resolver.resolve(try ask(row.name, row.type))
                #expect(answer.security == row.security, "\(row.testDescription): \(answer.result)")
                switch (row.expected, answer.result) {
                case (.records(let count), .records(let records)): #expect(records.count == count, "\(row)")
                case (.noData, .noData), (.noSuchName, .noSuchName), (.failure, .failed): break
                default: Issue.record("\(row.testDescription): \(answer.result)")
                }
                #expect(answer.canonicalName.text == row.canonicalName, "\(row.testDescription)")
                if row.security == .bogus { print("bogus:", row.name, answer.reason ?? "-") }
            }
        }
    }

    @Test("SEC-07 The self-test validates with the anchor, and says what is wrong without")
    func selfTest() async throws {
        let rig = try ResolverRig()
        var settings = try Self.settings()
        let expired = try DomainName("host.expired")
        try await rig.with(settings: settings) { resolver in
            #expect(await resolver.selfTest(secure: nil, bogus: expired) == .validates)
            let wrong = await resolver.selfTest(secure: nil, bogus: try DomainName("host.insecure"))
            #expect(wrong == .doesNotValidate("host.insecure must be bogus, and is answered"))
        }
        settings.trustAnchorFile = ""
        try await rig.with(settings: settings) { resolver in
            #expect(
                await resolver.selfTest(secure: nil, bogus: expired)
                    == .doesNotValidate("the root must be signed, and counts as insecure"))
        }
        settings = try Self.settings()
        settings.forwarders = ["127.0.0.1@1"]
        settings.lookupTimeout = .seconds(3)
        try await rig.with(settings: settings) { resolver in
            guard case .noNetwork = await resolver.selfTest(secure: nil, bogus: expired) else {
                Issue.record("there is no network")
                return
            }
        }
    }
}
