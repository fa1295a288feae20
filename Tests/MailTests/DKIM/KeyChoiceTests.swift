import Testing

@testable import Mail

/// Which keys sign (DKIM-23): rotation, stand-ins, domains above, reports.
struct KeyChoiceTests {
    static let now = WallTime(seconds: 1_800_000_000)

    /// `s1.d.example rsa`; then `@10` for not_before ten seconds from now, `reports`, `subdomains`.
    static func key(_ text: String) throws -> DKIMKey {
        let words = text.split(separator: " ").map(String.init)
        let name = try #require(words.first).split(separator: ".", maxSplits: 1).map(String.init)
        let start = words.first { $0.hasPrefix("@") }.flatMap { Int64($0.dropFirst()) }
        return DKIMKey(
            domain: try DomainName(name[1]), selector: try DomainName(name[0]),
            keyType: words.contains("ed25519") ? .ed25519 : .rsa, notBefore: start.map { now.advanced(by: $0) },
            isForReports: words.contains("reports"), includesSubdomains: words.contains("subdomains"))
    }

    /// What is chosen: selectors, `none`, `wait …` or `unsigned …`. `unfit` lists selectors that are not published.
    static func choose(
        _ texts: [String], author: String = "d.example", isReport: Bool = false, unfit: [String] = [],
        _ unpublished: DKIMUnpublished = .otherKey
    ) throws -> String {
        let keys = try texts.map(key)
        let candidates = DKIMKeyChoice.candidates(
            keys, author: try DomainName(author), isReport: isReport, at: now)
        let choice = DKIMKeyChoice(candidates, keys: keys, unpublished: unpublished) { index in
            unfit.contains(keys[index].selector.text) ? .unfit("is not published") : .published
        }
        switch choice {
        case .none: return "none"
        case .sign(let chosen): return chosen.map { keys[$0].selector.text }.joined(separator: " ")
        case .wait(let why): return "wait " + why
        case .unsigned(let why): return "unsigned " + why
        }
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let keys: [String]
        var author = "d.example"
        var isReport = false
        var unfit: [String] = []
        var unpublished = DKIMUnpublished.otherKey
        let expected: String
        let testDescription: String
    }

    @Test(
        "DKIM-04 DKIM-23 The choice among keys that are all published",
        arguments: [
            Case(keys: [], expected: "none", testDescription: "no keys"),
            Case(keys: ["s1.d.example"], expected: "s1", testDescription: "one key"),
            Case(keys: ["s1.d.example"], author: "e.example", expected: "none", testDescription: "another domain"),
            Case(
                keys: ["s1.d.example", "e1.d.example ed25519"], expected: "s1 e1",
                testDescription: "DKIM-04 one of each algorithm"),
            Case(
                keys: ["e1.d.example ed25519", "s1.d.example"], expected: "e1 s1",
                testDescription: "DKIM-04 in the order of the configuration"),
            Case(
                keys: ["s1.d.example", "s2.d.example"], expected: "s1 s2",
                testDescription: "two of one generation both sign"),
            Case(
                keys: ["s1.d.example", "s2.d.example @0"], expected: "s2",
                testDescription: "DKIM-23 the newer takes over in the very second of not_before"),
            Case(
                keys: ["s1.d.example", "s2.d.example @1"], expected: "s1",
                testDescription: "DKIM-23 and not a second sooner"),
            Case(
                keys: ["s1.d.example @-20", "s2.d.example @-10", "s3.d.example @10"], expected: "s2",
                testDescription: "DKIM-23 the newest that has begun"),
            Case(
                keys: ["s1.d.example", "s2.d.example @-1", "e1.d.example ed25519"], expected: "s2 e1",
                testDescription: "DKIM-23 each algorithm is rotated by itself"),
            Case(keys: ["s1.d.example @1"], expected: "none", testDescription: "none has begun"),
            Case(keys: ["s1.example"], expected: "none", testDescription: "a domain above does not sign by itself"),
            Case(keys: ["s1.example subdomains"], expected: "s1", testDescription: "it does with subdomains"),
            Case(
                keys: ["s1.example subdomains"], author: "example", expected: "s1",
                testDescription: "and for its own name"),
            Case(
                keys: ["s1.example subdomains", "s2.d.example"], expected: "s2",
                testDescription: "the domain's own key goes first"),
            Case(
                keys: ["s1.example subdomains", "s2.d.example subdomains"], author: "a.b.d.example", expected: "s2",
                testDescription: "the nearest above goes first"),
            Case(
                keys: ["s1.example subdomains", "s2.d.example @1"], expected: "s1",
                testDescription: "until it begins, the one above signs"),
            Case(
                keys: ["s1.d.example subdomains"], author: "xd.example", expected: "none",
                testDescription: "a name above ends at a dot"),
            Case(
                keys: ["s1.d.example", "r1.d.example reports"], expected: "s1",
                testDescription: "D8 a report's key signs no mail"),
            Case(
                keys: ["s1.d.example", "r1.d.example reports"], isReport: true, expected: "r1",
                testDescription: "D8 but reports, and alone"),
            Case(
                keys: ["s1.d.example"], isReport: true, expected: "s1",
                testDescription: "D8 without one the mail's key signs reports"),
            Case(
                keys: ["s1.d.example", "r1.d.example reports @1"], isReport: true, expected: "s1",
                testDescription: "D8 as long as none has begun too"),
            Case(keys: ["r1.d.example reports"], expected: "none", testDescription: "D8 and mail has none then"),
            Case(
                keys: ["r1.example reports subdomains", "s1.d.example"], isReport: true, expected: "s1",
                testDescription: "RPTF-16 d= is the submitter where it has a key at all"),
            Case(
                keys: ["r1.example reports subdomains", "s1.example subdomains"], isReport: true, expected: "r1",
                testDescription: "D8 reports' own keys go first within one domain above as well"),
            Case(
                keys: ["r1.d.example reports", "s1.example subdomains"], expected: "s1",
                testDescription: "D8 a nearer key for reports does not hide the mail's key above"),
        ])
    func published(_ test: Case) throws {
        #expect(try Self.choose(test.keys, author: test.author, isReport: test.isReport) == test.expected)
    }

    static let rotated = ["s1.d.example", "s2.d.example @-1"]
    static let both = ["s1.d.example", "e1.d.example ed25519"]
    static let s1 = "s1._domainkey.d.example is not published"
    static let s2 = "s2._domainkey.d.example is not published"

    @Test(
        "DKIM-22 DKIM-23 What becomes of mail whose keys are not published",
        arguments: [
            Case(keys: rotated, unfit: ["s2"], expected: "s1", testDescription: "the generation before stands in"),
            Case(keys: rotated, unfit: ["s1"], expected: "s2", testDescription: "the old one is withdrawn: no matter"),
            Case(
                keys: ["s0.d.example @-9"] + rotated, unfit: ["s2", "s0"], expected: "s1",
                testDescription: "over any number of generations"),
            Case(keys: rotated, unfit: ["s1", "s2"], expected: "wait \(s2); \(s1)", testDescription: "none is left"),
            Case(keys: both, unfit: ["s1"], expected: "e1", testDescription: "DKIM-04 each algorithm stands alone"),
            Case(
                keys: ["s1.d.example", "s2.d.example"], unfit: ["s1"], expected: "s2",
                testDescription: "a sister of the same generation"),
            Case(
                keys: rotated, unfit: ["s2"], unpublished: .wait, expected: "wait \(s2)",
                testDescription: "wait: for the key that is due"),
            Case(
                keys: rotated, unfit: ["s1"], unpublished: .wait, expected: "s2",
                testDescription: "wait: the old one need not be there"),
            Case(
                keys: both, unfit: ["s1"], unpublished: .wait, expected: "wait \(s1)",
                testDescription: "wait: for every algorithm"),
            Case(
                keys: ["s1.d.example", "s2.d.example"], unfit: ["s1"], unpublished: .wait, expected: "wait \(s1)",
                testDescription: "wait: for every sister"),
            Case(
                keys: rotated, unfit: ["s2"], unpublished: .unsigned, expected: "s1",
                testDescription: "unsigned: not while another can sign"),
            Case(
                keys: both, unfit: ["s1"], unpublished: .unsigned, expected: "e1",
                testDescription: "unsigned: of another algorithm either"),
            Case(
                keys: rotated, unfit: ["s1", "s2"], unpublished: .unsigned, expected: "unsigned \(s2); \(s1)",
                testDescription: "unsigned: when none is left"),
            Case(
                keys: [], unfit: ["s1"], unpublished: .wait, expected: "none",
                testDescription: "without keys nobody waits"),
        ])
    func unpublished(_ test: Case) throws {
        #expect(
            try Self.choose(test.keys, unfit: test.unfit, test.unpublished) == test.expected)
    }

    @Test("A key that could not be looked up and was never seen does not sign")
    func unknown() throws {
        let keys = [try Self.key("s1.d.example")]
        let candidates = DKIMKeyChoice.candidates(
            keys, author: try DomainName("d.example"), isReport: false, at: Self.now)
        let choice = DKIMKeyChoice(candidates, keys: keys, unpublished: .otherKey) { _ in
            .unknown("cannot be looked up: SERVFAIL")
        }
        #expect(choice == .wait("s1._domainkey.d.example cannot be looked up: SERVFAIL"))
    }
}
