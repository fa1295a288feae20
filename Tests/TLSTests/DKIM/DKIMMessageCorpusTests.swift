import FoundationEssentials
import Mail
import Testing

@testable import TLS

/// Signed messages of other implementations, where WAXWING_CORPUS names the folder that holds them.
@Suite(.enabled(if: dkimCorpusFolder != nil, "WAXWING_CORPUS is not set"))
struct DKIMMessageCorpusTests {
    struct Corpus: Decodable {
        let cases: [Case]
    }

    struct Case: Decodable {
        let id: String
        let file: String
        let dns_txt: [String: Texts]
        let peer_expected: Expected
        let sign: Terms?
        let note: String?
        let transferable: Bool?
    }

    /// One text, or several.
    struct Texts: Decodable {
        let texts: [String]

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let one = try? container.decode(String.self) {
                texts = [one]
            } else {
                texts = try container.decode([String].self)
            }
        }

        var lookup: DKIMKeyLookup {
            switch texts {
            case ["TEMPERROR"]: .failed("temporary error")
            case ["PERMERROR"]: .absent("permanent error")
            default: .records(texts.map { Array($0.utf8) })
            }
        }
    }

    struct Expected: Decodable {
        struct Signature: Decodable {
            let result: String
        }

        let eom: String?
        let dkim_signature_value: String?
        let signatures: [Signature]?
        let sign: String?
        let result: Result?

        struct Result: Decodable {
            let valid: Int?
            let states: [String]

            private enum Key: String, CodingKey {
                case Valid, Results, State
            }

            init(from decoder: any Decoder) throws {
                guard let container = try? decoder.container(keyedBy: Key.self) else {
                    // "every DKIM-Signature passes"
                    valid = nil
                    states = []
                    return
                }
                valid = try container.decode(Int.self, forKey: .Valid)
                var list = try container.nestedUnkeyedContainer(forKey: .Results)
                var states: [String] = []
                while !list.isAtEnd {
                    states.append(try list.nestedContainer(keyedBy: Key.self).decode(String.self, forKey: .State))
                }
                self.states = states
            }
        }
    }

    struct Terms: Decodable {
        let selector: String?
        let domain: String?
        let header_c: String?
        let body_c: String?
        let algorithm: String?
        let t: Int64?
    }

    /// After every `t=` of the corpus that is not meant to lie in the future.
    private static let now = WallTime(seconds: 1_800_000_000)

    /// Cases that are to be looked at earlier, because their `x=` is over since.
    private static let times: [String: Int64] = [
        "mail-auth-005": 1_667_900_000
    ]

    @Test("DKIM-01 DKIM-08 DKIM-09 DKIM-10 DKIM-11 DKIM-18 messages of other projects, verified and signed")
    func messages() throws {
        let folder = "\(dkimCorpusFolder ?? "")/dkim-vectors"
        let json = try #require(FileManager.default.contents(atPath: "\(folder)/messages.json"))
        let cases = try JSONDecoder().decode(Corpus.self, from: json).cases
        var tally = DKIMTally()
        for aCase in cases {
            guard aCase.transferable ?? true else {
                tally.skip(aCase.id, "the source checks calls of its library, not a verdict")
                continue
            }
            var content = Array(try #require(FileManager.default.contents(atPath: "\(folder)/\(aCase.file)")))
            if let value = aCase.peer_expected.dkim_signature_value {
                content = Array("DKIM-Signature: \(value)\r\n".utf8) + content
            }
            let zone = aCase.dns_txt.mapValues(\.lookup)
            let time = Self.times[aCase.id].map(WallTime.init(seconds:)) ?? Self.now
            let results = try DKIMExchange.verify(content, at: time, zone)
            var difference = Self.differences[aCase.id]
            if aCase.peer_expected.eom == "DKIM_STAT_OK", !results.contains(where: { $0.verdict == .pass }),
                try HistoricSignature.isRight(in: content, zone)
            {
                difference = "rsa-sha1 proves nothing (RFC 8301 §3.1), though its hash and signature come out right"
            }
            tally.note(aCase.id, Self.fault(aCase, results, content), difference)
            #expect(try Self.isSignedByUs(content), "\(aCase.id)")
        }
        tally.report(of: cases.count)
    }

    /// True where our own signature of `content` verifies in every form, or where it is not signed.
    private static func isSignedByUs(_ content: [UInt8]) throws -> Bool {
        guard (try? DKIMSignable(reading: content)) != nil else { return true }
        let key = try TestKeys.shared().ed25519
        for form in DKIMSigningTests.forms {
            let terms = try DKIMExchange.terms("waxwing", key.algorithm, form)
            let signed = try DKIMExchange.signed(content, [(key, terms)])
            guard try DKIMExchange.verify(signed, DKIMExchange.zone(key, terms)).first?.verdict == .pass else {
                return false
            }
        }
        return true
    }

    /// What is not as the case has it; nil where all is.
    private static func fault(_ aCase: Case, _ results: [DKIMResult], _ content: [UInt8]) -> String? {
        let verdicts = results.map(\.verdict)
        let told = results.map { "\($0.verdict): \($0.words)" }.joined(separator: "; ")
        let expected = aCase.peer_expected
        if let refusal = expected.sign {
            return (try? DKIMSignable(reading: content)) == nil ? nil : "signed in spite of \"\(refusal)\""
        }
        if let signatures = expected.signatures {
            return verdicts.map(\.rawValue) == signatures.map(\.result) ? nil : told
        }
        if aCase.id.hasPrefix("opendkim") {
            switch expected.eom {
            case "DKIM_STAT_OK": return verdicts.contains(.pass) ? nil : told
            case "DKIM_STAT_BADSIG", "DKIM_STAT_REVOKED": return verdicts == [.fail] ? nil : told
            case "DKIM_STAT_NOKEY": return verdicts == [.permerror] ? nil : told
            case "DKIM_STAT_NOSIG": return !verdicts.contains(.pass) ? nil : told
            default: return !verdicts.contains(.pass) ? nil : told
            }
        }
        guard let result = expected.result else { return verdicts.isEmpty ? nil : told }
        guard let valid = result.valid else { return Set(verdicts) == [.pass] ? nil : told }
        let states = verdicts.map { verdict in
            switch verdict {
            case .pass: "SUCCESS"
            case .temperror: "TEMPFAIL"
            case .fail, .neutral, .permerror: "PERMFAIL"
            }
        }
        return verdicts.count { $0 == .pass } == valid && states == result.states ? nil : told
    }

    /// Where we do not say what the source says, and why.
    private static let differences = [
        "chasquid-02-too_many_headers": "the source looks at 5 signatures, we look at 10"
    ]
}

private let dkimCorpusFolder = ProcessInfo.processInfo.environment["WAXWING_CORPUS"]

/// What became of the cases, printed at the end. None is dropped.
struct DKIMTally {
    private var agreed = 0
    private var differing: [String: [String]] = [:]
    private var skipped: [String: [String]] = [:]
    private var wrong: [String] = []

    mutating func note(_ id: String, _ fault: String?, _ difference: String?) {
        switch (fault, difference) {
        case (nil, nil): agreed += 1
        case (_?, let why?): differing[why, default: []].append(id)
        case (let fault?, nil): wrong.append("\(id): \(fault)")
        case (nil, _?): wrong.append("\(id): no difference any more")
        }
    }

    mutating func skip(_ id: String, _ why: String) { skipped[why, default: []].append(id) }

    func report(of total: Int) {
        let differ = differing.values.map(\.count).reduce(0, +)
        let skip = skipped.values.map(\.count).reduce(0, +)
        print("corpus dkim messages: agree \(agreed), differ \(differ), skipped \(skip)")
        for (word, lists) in [("differ", differing), ("skipped", skipped)] {
            for (why, ids) in lists.sorted(by: { $0.key < $1.key }) {
                print("  \(word), \(why): \(ids.joined(separator: " "))")
            }
        }
        #expect(wrong.isEmpty, "\(wrong.joined(separator: "\n"))")
        #expect(agreed + wrong.count + differ + skip == total)
    }
}
