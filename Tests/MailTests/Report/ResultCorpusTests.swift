import FoundationEssentials
import Testing

@testable import Mail

/// What others make of a failure in their reports, where `WAXWING_CORPUS` names the folder that holds it.
@Suite struct ResultCorpusTests {
    private static let faults: [String: CertificateFault] = [
        "certificate expired": .expired, "certificate name mismatch": .hostMismatch,
        "certificate not signed by a trusted CA": .notTrusted,
    ]

    /// Why a case is not judged here, by the beginning of its name.
    private static let skipped = [
        "mox-class": "failures of the handshake: TLSVerdictTests",
        "mox-agg": "which reports a day comes to: SessionCountingTests, ReportTargetTests",
    ]

    @Test("RPTC-14 Types of results", .enabled(if: CorpusTests.folder != nil, "WAXWING_CORPUS names no folder"))
    func results() throws {
        let path = "\(CorpusTests.folder ?? "")/tlsrpt-reports/manifest.json"
        let file = try #require(FileManager.default.contents(atPath: path), "cannot read \(path)")
        let cases = try #require(try JSONDecoder().decode(JSONValue.self, from: file)["classification"]).list
        var tally = CorpusTally("tlsrpt-reports, results")
        for json in cases {
            let id = json["id"]?.text ?? ""
            let expected = try #require(json["peer_expected"], "\(id)")
            if id.hasPrefix("enum-") {
                let word = id.dropFirst(id.hasPrefix("enum-bad-") ? 9 : 5)
                var isValid = false
                if case .truth(true)? = expected["valid"] { isValid = true }
                tally.note(id, (ResultType(rawValue: String(word)) != nil) == isValid)
            } else if let fault = Self.faults[json["condition"]?.text ?? ""] {
                tally.note(id, fault.resultType.rawValue == expected["result-type"]?.text)
            } else if id == "mox-range" {
                let day = ReportDay(number: 20_000)
                tally.note(id, day.start.rfc3339.hasSuffix("T00:00:00Z") && day.end.rfc3339.hasSuffix("T23:59:59Z"))
            } else {
                tally.skip(id, try #require(Self.skipped.first { id.hasPrefix($0.key) }?.value, "\(id)"))
            }
        }
        tally.report(of: cases.count)
    }
}
