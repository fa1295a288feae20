import DNS
import Glibc
import Mail
import Testing

@Suite("Names of people become names of the program")
struct IDNATests {
    static let names: [(String, String?, String)] = [
        ("example.org", "example.org", "ASCII"),
        ("Example.ORG.", "example.org", "capitals and the final dot"),
        ("_25._tcp.mail.example", "_25._tcp.mail.example", "underscores are not IDNA's affair"),
        ("bücher.example", "xn--bcher-kva.example", "a U-label"),
        ("BÜCHER.example", "xn--bcher-kva.example", "a U-label in capitals"),
        ("bu\u{308}cher.example", "xn--bcher-kva.example", "a combining character is composed"),
        ("faß.example", "xn--fa-hia.example", "non-transitional: sharp s stays"),
        ("例え。テスト", "xn--r8jz45g.xn--zckzah", "an ideographic full stop, U+3002"),
        ("mail．example", "mail.example", "a full-width full stop, U+FF0E"),
        ("mail｡example", "mail.example", "a half-width full stop, U+FF61"),
        ("bücher。example。", "xn--bcher-kva.example", "an ideographic full stop at the end"),
        ("ＭＡＩＬ.example", "mail.example", "full-width letters"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example", "an A-label"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example", "an A-label in capitals"),
        ("xn--a.example", nil, "an A-label that decodes to nothing sound"),
        ("xn--.example", nil, "an empty A-label"),
        ("xn--99999999999.example", nil, "an A-label that overflows"),
        ("xn--BCHER-KVA.xn--bcher-kva-.example", nil, "an A-label that was tampered with"),
        ("xn--example-.example", nil, "an A-label for what is ASCII (CVE-2019-12290)"),
        ("", nil, "nothing"),
        (".", nil, "the root"),
        ("。", nil, "the root, ideographic"),
        ("a..b", nil, "an empty label"),
        ("a。。b", nil, "an empty label, ideographic"),
        ("ex ample.org", nil, "a space"),
        ("ex\u{0}ample.org", nil, "a NUL"),
        ("bü_cher.example", nil, "an underscore in a U-label"),
        ("a＿b.example", nil, "a full-width underscore"),
        ("ü/x.example", nil, "a slash, which must not be dropped"),
        ("ü／x.example", nil, "a full-width slash"),
        ("a b.ü.example", nil, "a space beside a U-label"),
        ("ü:25", nil, "a port"),
        ("ü@x.example", nil, "an at sign"),
        ("ü。.example", nil, "an empty label, half ideographic"),
        ("bü\u{200D}cher.example", nil, "a joiner out of its context"),
        ("\u{301}a.example", nil, "a combining character in front"),
        ("ü" + String(repeating: "a", count: 63) + ".example", nil, "a label that gets too long"),
    ]

    @Test("One form for one name", arguments: names)
    func reads(_ text: String, _ expected: String?, _ why: String) {
        #expect((try? DomainName(idna: text))?.text == expected)
    }

    @Test("A compatibility dot never slips a second label past the check: it is refused or a real dot")
    func oneDotLeader() {
        let name = (try? DomainName(idna: "a\u{2024}b.example"))?.text
        #expect(name == nil || name == "a.b.example")
    }

    @Test("What comes out goes in again unchanged", arguments: names.compactMap { $0.1 })
    func again(_ name: String) throws {
        #expect(try DomainName(idna: name).text == name)
    }

    @Test("Length first: what is longer is not looked at (CVE-2024-3651)")
    func limit() {
        let atLimit = String(repeating: "ü", count: IDNA.octetLimit / 2)
        #expect(atLimit.utf8.count == IDNA.octetLimit)
        do throws(IDNAError) {
            _ = try DomainName(idna: atLimit)
            Issue.record("a label of 508 characters was taken")
        } catch {
            #expect(error != .tooLong)
        }
        #expect(throws: IDNAError.tooLong) { try DomainName(idna: atLimit + "a") }
        // 16 MiB: whoever looks at more than the length needs minutes. CPU time of this thread, which others do not use up.
        let long = String(repeating: "ü", count: 8 * 1_024 * 1_024)
        let start = threadTime()
        #expect(throws: IDNAError.tooLong) { try DomainName(idna: long) }
        #expect(threadTime() - start < 100_000_000)
    }

    /// Nanoseconds of CPU that this thread has used.
    private func threadTime() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
}
