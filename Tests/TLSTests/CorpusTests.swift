import FoundationEssentials
import Mail
import Testing

@testable import TLS

/// The collected DANE cases of other implementations, where a checkout of the corpus is at hand: WAXWING_CORPUS names
/// the folder that holds dane-cases.json.
@Suite(.enabled(if: corpusFolder != nil, "WAXWING_CORPUS is not set"))
struct CorpusTests {
    struct Expected: Decodable {
        let result: String
    }

    struct Profile: Decodable {
        let expected: String
    }

    struct Record: Decodable {
        let usage: UInt8
        let selector: UInt8
        let mtype: UInt8
        let data: String?
        let of: String?
        let mutate: String?
    }

    struct ChainCase: Decodable {
        let id: String
        let tlsa: [Record]
        let chain_pem: [String]
        let base_domain: String
        let reference_identifiers: [String]?
        let verify_time: String?
        let peer_expected: Expected
        let smtp_profile: Profile?
    }

    struct Certificate: Decodable {
        let issuer: String
        let ca: Bool?
        let pathlen: Int?
        let san: [String]?
        let eku: [String]?
        let validity: String?
        let cn: String?
    }

    struct RecipeCase: Decodable {
        let id: String
        let certs: [String: Certificate]
        let presented: [String]
        let tlsa: [Record]
        let reference_identifiers: [String]
        let peer_expected: Expected
        let smtp_profile: Profile?
    }

    struct Corpus: Decodable {
        let chain_cases: [ChainCase]
        let recipe_cases: [RecipeCase]
    }

    /// Where RFC 7672 and we say something else than the implementation a case comes from.
    static let deviations = [
        "mox-12": ("tls-unauthenticated", "no usable record: TLS without authentication, RFC 7672 §2.2"),
        "mox-14": ("tls-unauthenticated", "no usable record: TLS without authentication, RFC 7672 §2.2"),
        "mox-16": ("tls-unauthenticated", "Full(0) that is no DER is unusable, RFC 7671 §9"),
        "mox-18": ("tls-unauthenticated", "usage 1 is unusable, RFC 7672 §3.1.3"),
        "mox-19": ("tls-unauthenticated", "usage 0 is unusable, RFC 7672 §3.1.3"),
        "mox-20": ("tls-unauthenticated", "usage 1 is unusable, RFC 7672 §3.1.3"),
        "mox-21": ("tls-unauthenticated", "usage 0 is unusable, RFC 7672 §3.1.3"),
        "stalwart-recipe-23": ("verified", "the CN counts where the SAN has no DNS name, RFC 7672 §3.2.3"),
    ]

    static let skipped = [
        "mox-02": "a local policy that takes usage 0 only; there is no such switch here"
    ]

    private func corpus() throws -> Corpus {
        let folder = try #require(corpusFolder)
        let content = try Data(contentsOf: URL(filePath: "\(folder)/dane-cases.json"))
        return try JSONDecoder().decode(Corpus.self, from: content)
    }

    @Test("DANE chain cases of the corpus")
    func chains() throws {
        var tally = Tally("chain_cases")
        for row in try corpus().chain_cases {
            if row.chain_pem.isEmpty {
                tally.skip(row.id, "no chain: nothing to verify, the decision is policy's")
                continue
            }
            let base = try DomainName(row.base_domain)
            let records = row.tlsa.map {
                TLSARecord(
                    usage: $0.usage, selector: $0.selector, matchingType: $0.mtype,
                    data: octets(hexadecimal: $0.data ?? ""))
            }
            // "2020-11-28T21:48:20Z (unix 1606600100)"
            let time = row.verify_time?.split { !$0.isNumber }.last.flatMap { Int64($0) }
            let result = try DANECheck(
                chain: row.chain_pem.flatMap { Array($0.utf8) },
                reference: DANEReference(
                    baseDomain: base, records: records,
                    referenceIdentifiers: try (row.reference_identifiers ?? []).map { try DomainName($0) }),
                at: time.map { WallTime(seconds: $0) }, context: Contexts.dane)
            tally.count(row.id, result.word, row.smtp_profile?.expected ?? row.peer_expected.result)
        }
        tally.report()
    }

    @Test("DANE recipe cases of the corpus, by handshake and offline")
    func recipes() throws {
        var tally = Tally("recipe_cases")
        for row in try corpus().recipe_cases {
            if let reason = Self.skipped[row.id] {
                tally.skip(row.id, reason)
                continue
            }
            var made: [String: TestCertificate] = [:]
            for name in row.certs.keys { _ = try make(name, row.certs, &made) }
            let chain = try row.presented.map { try #require(made[$0]) }
            let records = try row.tlsa.map { record in
                let certificate = try #require(record.of.flatMap { made[$0] })
                return try mutated(certificate.record(record.usage, record.selector, record.mtype), record)
            }
            let base = try #require(row.reference_identifiers.first)
            let further = Array(row.reference_identifiers.dropFirst())
            let requirement = try TLSRequirement.dane(records, base: base, references: further)
            let offline = try DANECheck(
                chain: chain.flatMap(\.pem), reference: #require(requirement.dane), context: Contexts.dane)
            // What policy does: only usable records make a requirement.
            let usable = try Contexts.dane.usableRecords(of: records)
            var live = "tls-unauthenticated"
            if !usable.isEmpty {
                let result = try handshake(presenting: chain, usable, base: base, references: further)
                live = result.matched != nil ? "verified" : "refused"
            }
            #expect(offline.word == live, "\(row.id): offline and handshake differ")
            tally.count(row.id, live, row.smtp_profile?.expected ?? row.peer_expected.result)
        }
        tally.report()
    }

    private func make(
        _ name: String, _ all: [String: Certificate], _ made: inout [String: TestCertificate]
    ) throws -> TestCertificate {
        if let done = made[name] { return done }
        let wanted = try #require(all[name])
        var recipe = TestCertificate.Recipe()
        recipe.name = wanted.cn ?? name
        if wanted.issuer != "self" { recipe.issuer = try make(wanted.issuer, all, &made) }
        recipe.authority = wanted.ca ?? false
        recipe.pathLength = wanted.pathlen
        recipe.names = wanted.san ?? []
        recipe.purposes = wanted.eku ?? []
        switch wanted.validity {
        case nil, "now-1h..now+1h": break
        case "now-3h..now-1h": (recipe.from, recipe.until) = (-3 * 3600, -3600)
        case "2018-01-01..2021-01-01": (recipe.from, recipe.until) = (-86_400 * 2000, -86_400 * 1000)
        default: Issue.record("validity \(wanted.validity ?? "")")
        }
        let certificate = try TestCertificate(recipe)
        made[name] = certificate
        return certificate
    }

    private func mutated(_ made: TLSARecord, _ wanted: Record) throws -> TLSARecord {
        var data = made.data
        switch wanted.mutate {
        case nil: break
        case "zero": data = data.map { _ in 0 }
        case "truncate-16": data = Array(data.prefix(16))
        case "drop-first-byte": data = Array(data.dropFirst())
        default: Issue.record("mutation \(wanted.mutate ?? "")")
        }
        return TLSARecord(usage: wanted.usage, selector: wanted.selector, matchingType: wanted.mtype, data: data)
    }

    private func octets(hexadecimal text: String) -> [UInt8] {
        let digits = text.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}

private let corpusFolder = ProcessInfo.processInfo.environment["WAXWING_CORPUS"]

extension DANECheck {
    /// The corpus's word for it.
    fileprivate var word: String {
        switch self {
        case .verified: "verified"
        case .refused: "refused"
        case .unusable: "tls-unauthenticated"
        }
    }
}

private struct Tally {
    let name: String
    var agreed = 0
    var notes: [String] = []

    init(_ name: String) {
        self.name = name
    }

    mutating func skip(_ id: String, _ reason: String) {
        notes.append("  skipped \(id): \(reason)")
    }

    mutating func count(_ id: String, _ ours: String, _ expected: String) {
        if let (word, reason) = CorpusTests.deviations[id] {
            #expect(ours == word, "\(id)")
            notes.append("  differs \(id): \(ours), not \(expected): \(reason)")
        } else {
            #expect(ours == expected, "\(id)")
            if ours == expected { agreed += 1 }
        }
    }

    func report() {
        print("\(name): \(agreed) agree, \(notes.count) differ or are skipped")
        for note in notes { print(note) }
    }
}
