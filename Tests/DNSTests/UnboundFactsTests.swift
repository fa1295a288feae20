import Mail
import Testing

@testable import DNS

@Suite("What libunbound's facts mean")
struct UnboundFactsTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let facts: UnboundFacts
        let security: Security
        let result: Answer.Result
        let why: String
        var testDescription: String { why }

        init(
            _ security: Security, _ result: Answer.Result, _ why: String, _ change: (inout UnboundFacts) -> Void
        ) {
            var facts = UnboundFacts()
            change(&facts)
            self.facts = facts
            self.security = security
            self.result = result
            self.why = why
        }
    }

    private static let address: [[UInt8]] = [[192, 0, 2, 1]]
    private static let contradiction = Answer.Result.failed("an answer that contradicts itself")

    static let rows: [Row] = [
        Row(.secure, .records(address), "SEC-02 validated data") {
            $0.isSecure = true; $0.records = address
        },
        Row(.insecure, .records(address), "SEC-02 unsigned data") { $0.records = address },
        Row(.secure, .noSuchName, "SEC-04 proven NXDOMAIN") {
            $0.isSecure = true; $0.rcode = 3; $0.isNameMissing = true
        },
        Row(.insecure, .noSuchName, "SEC-04 NXDOMAIN") {
            $0.rcode = 3; $0.isNameMissing = true
        },
        Row(.secure, .noData, "SEC-04 proven NODATA") { $0.isSecure = true },
        Row(.insecure, .noData, "SEC-04 NODATA") { _ in },
        Row(.failed, .failed("SERVFAIL: no server gave a usable answer"), "SEC-05 SERVFAIL is no NODATA") {
            $0.rcode = 2
        },
        Row(.failed, .failed("REFUSED: the server refuses to answer"), "SEC-05 REFUSED") { $0.rcode = 5 },
        Row(.failed, .failed("NOTIMP: the server does not implement this question"), "SEC-05 NOTIMP") { $0.rcode = 4 },
        Row(.failed, .failed("FORMERR: the question was not understood"), "SEC-05 FORMERR") { $0.rcode = 1 },
        Row(.failed, .failed("YXDOMAIN: the DNAME makes a name that is too long"), "SEC-05 YXDOMAIN") { $0.rcode = 6 },
        Row(.failed, .failed("RCODE 23"), "SEC-05 any other code") { $0.rcode = 23 },
        Row(.failed, .failed("RCODE -1"), "SEC-05 a negative code") { $0.rcode = -1 },
        Row(.failed, .failed("SERVFAIL: no server gave a usable answer"), "SEC-05 a secure SERVFAIL") {
            $0.rcode = 2; $0.isSecure = true
        },
        Row(.failed, .failed("SERVFAIL: no server gave a usable answer (x)"), "SEC-05 SERVFAIL with words") {
            $0.rcode = 2; $0.why = "x"
        },
        Row(.bogus, .failed("expired"), "SEC-05 bogus comes with words") {
            $0.isBogus = true; $0.rcode = 2; $0.why = "expired"
        },
        Row(.bogus, .failed("validation failed"), "SEC-05 bogus without words") { $0.isBogus = true },
        Row(.bogus, .failed("validation failed"), "SEC-05 bogus with data is no answer") {
            $0.isBogus = true; $0.records = address
        },
        Row(.bogus, .failed("validation failed"), "SEC-05 bogus NXDOMAIN is no NXDOMAIN") {
            $0.isBogus = true; $0.rcode = 3; $0.isNameMissing = true
        },
        Row(.bogus, .failed("validation failed"), "bogus wins over secure") {
            $0.isBogus = true; $0.isSecure = true
        },
        Row(.failed, contradiction, "NXDOMAIN with data") {
            $0.rcode = 3; $0.records = address
        },
        Row(.failed, contradiction, "NOERROR that says NXDOMAIN") { $0.isNameMissing = true },
        Row(.failed, .failed("its alias leads to a name that is no domain name"), "an alias of odd octets") {
            $0.records = address; $0.canonicalName = #"a\032b.example."#
        },
        Row(.failed, .failed("its alias leads to a name that is no domain name"), "an alias to the root") {
            $0.records = address; $0.canonicalName = "."
        },
        Row(.secure, .records([[]]), "RDATA of no octets is a record") {
            $0.isSecure = true; $0.records = [[]]
        },
    ]

    @Test("SEC-02 SEC-04 SEC-05 Four facts become one finding", arguments: rows)
    func finding(_ row: Row) {
        #expect(row.facts.finding.security == row.security)
        #expect(row.facts.finding.result == row.result)
        if row.security == .bogus || row.security == .failed {
            #expect(row.facts.finding.timeToLive <= AnswerCache.failureLimit, "SEC-13")
        }
    }

    @Test("The end of the alias chain loses its final dot and its capitals")
    func canonicalName() throws {
        var facts = UnboundFacts()
        facts.canonicalName = "Mail.Example."
        facts.records = [[1]]
        facts.timeToLive = -5
        #expect(facts.finding.canonicalName == (try DomainName("mail.example")))
        #expect(facts.finding.timeToLive == 0)
    }

    static let anchors: [(String, Bool, String)] = [
        (". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D", true, "DS"),
        (". 86400 IN DNSKEY 257 3 8 AwEAAa==", true, "with a TTL"),
        (".\tDNSKEY 257 3 8 (\n AwEAAa== )", true, "without class, over two lines"),
        ("; root\n\n. in ds 1 8 2 AA", true, "after a comment, in lower case"),
        ("", false, "empty"),
        ("; . IN DS 20326 8 2 E06D", false, "only a comment"),
        ("example. IN DS 1 8 2 AA", false, "not the root's"),
        (". IN NS a.root-servers.net.", false, "root hints"),
        ("trusted-keys { };", false, "another format"),
    ]

    @Test("SEC-07 A file of trust anchors that holds none of the root is refused", arguments: anchors)
    func anchor(_ text: String, _ holds: Bool, _ why: String) {
        #expect(TrustAnchorFile.holdsRootAnchor(text) == holds)
    }

    @Test("Versions are read, compared and judged")
    func versions() throws {
        let debian = try #require(UnboundVersion("1.17.1"))
        #expect(debian.isKnownUnsafe)
        #expect(debian.knownFaults.contains("CVE-2026-33278"))
        #expect(UnboundVersion(1, 25, 1).knownFaults == ["CVE-2026-44621", "CVE-2026-56416"])
        #expect(!UnboundVersion(1, 25, 2).isKnownUnsafe)
        #expect(UnboundVersion("1.26.0rc1") == UnboundVersion(1, 26, 0))
        #expect(UnboundVersion("1.2") == nil)
        #expect(UnboundVersion("a.b.c") == nil)
        #expect(UnboundVersion.linked != nil)
    }

    @Test("What libunbound has too little of is raised, what lowers validation is off, and what ends it is not touched")
    func options() {
        for localhostIsAsked in [true, false] {
            let options = UnboundDefaults.required(localhostIsAsked: localhostIsAsked) + UnboundDefaults.whereKnown
            let values = Dictionary(options.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
            #expect(values.count == options.count, "nothing is said twice")
            // By default 2 TCP connections, 16 ports and caches of a megabyte: a few zones that stall TCP would starve the rest.
            #expect(Int(values["outgoing-num-tcp:"] ?? "") ?? 0 >= 64)
            #expect(Int(values["outgoing-range:"] ?? "") ?? 0 >= 1024)
            for cache in ["msg", "rrset", "key", "neg"] {
                #expect(Int(values["\(cache)-cache-size:"] ?? "") ?? 0 >= 4 << 20, "\(cache)")
            }
            #expect(values["val-permissive-mode:"] == "no" && values["harden-dnssec-stripped:"] == "yes")
            #expect(values["harden-glue:"] == "yes" && values["harden-below-nxdomain:"] == "yes")
            // Before 1.25.2 reaching it ends the program (CVE-2026-44621); stale answers are never served.
            #expect(!values.keys.contains("unwanted-reply-threshold:"))
            #expect(values["serve-expired:"] ?? "no" == "no")
        }
    }
}
