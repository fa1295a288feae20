import Testing

@testable import Mail

/// Canonical forms and records of other implementations, where WAXWING_CORPUS names the folder that holds them.
@Suite(.enabled(if: Corpus.isPresent, "WAXWING_CORPUS is not set"))
struct DKIMCorpusTests {
    struct Canonicalizations: Decodable {
        struct Case: Decodable {
            let id: String
            let kind: String
            let canonicalization: String
            let input: String
            let expected: String
            let chunks: [String]?
        }

        let cases: [Case]
    }

    /// Where we do not do what the source does.
    private static let differentForms = [
        "chasquid-body-017": "RFC 6376 §3.4.4: relaxed, a body of empty lines is nothing",
        "go-msgauth-body-007": "a bare LF ends no line; intake refuses it",
        "go-msgauth-body-010": "a bare LF ends no line; intake refuses it",
    ]

    @Test("DKIM-10 DKIM-11 canonical forms of other projects")
    func canonicalizations() throws {
        let cases = try Corpus.read("dkim-vectors/canonicalization.json", as: Canonicalizations.self).cases
        var tally = CorpusTally("dkim canonical forms")
        for aCase in cases {
            let form = try #require(DKIMCanonicalization.Form(rawValue: aCase.canonicalization), "\(aCase.id)")
            let difference = Self.differentForms[aCase.id]
            let isSame: Bool
            switch aCase.kind {
            case "body":
                let input = Array(aCase.input.utf8)
                let expected = difference == nil ? Array(aCase.expected.utf8) : naiveBody(input, form)
                isSame =
                    canonicalBody(input, form, sizes: [1]) == expected
                    && canonicalBody(input, form, sizes: [max(1, input.count)]) == expected
                    && canonicalBody(input, form, sizes: (aCase.chunks ?? ["x"]).map(\.utf8.count)) == expected
                    && (difference == nil || expected != Array(aCase.expected.utf8))
            case "header", "header-block":
                let content = Array(aCase.input.utf8)
                let fields = HeaderSection(reading: content).fields
                isSame = fields.flatMap { form.field(content[$0.range]) } == Array(aCase.expected.utf8)
            default:
                isSame = false
            }
            tally.note(aCase.id, isSame, differing: difference)
        }
        tally.report(of: cases.count)
    }

    struct Records: Decodable {
        struct Case: Decodable {
            struct Expected: Decodable {
                let ok: Bool
                let smtputf8: Bool?
            }

            let id: String
            let kind: String
            let input: String
            let peer_expected: Expected
        }

        let cases: [Case]
    }

    private static let differentRecords = [
        "mox-txt-04": "blanks behind the last \";\" are let pass: they change nothing, and DNS panels leave them",
        "mox-sig-03": "a local-part in UTF-8 is let pass in any mail: nothing follows from it",
    ]

    @Test("DKIM-06 key records and signatures of other projects")
    func records() throws {
        let cases = try Corpus.read("dkim-vectors/records.json", as: Records.self).cases
        var tally = CorpusTally("dkim records")
        for aCase in cases {
            let isRead: Bool
            if aCase.kind == "key-record" {
                isRead = (try? DKIMKeyRecord(parsing: Array(aCase.input.utf8))) != nil
            } else {
                let content = Array(aCase.input.utf8)
                let field = HeaderSection(reading: content).fields(named: DKIMSignature.fieldName).first
                isRead = field.flatMap { try? DKIMSignature(parsing: content[$0.value]) } != nil
            }
            let difference = Self.differentRecords[aCase.id]
            tally.note(aCase.id, (isRead == aCase.peer_expected.ok) == (difference == nil), differing: difference)
        }
        tally.report(of: cases.count)
    }
}
