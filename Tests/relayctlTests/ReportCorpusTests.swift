import Foundation
import Mail
import Testing

@testable import relayctl

/// Reports that others keep as their own test cases, where `WAXWING_CORPUS` names the folder that holds them: real ones of
/// Google, Microsoft and Mail.ru among them.
@Suite("Reports of other projects")
struct ReportCorpusTests {
    private static let folder = ProcessInfo.processInfo.environment["WAXWING_CORPUS"].map { "\($0)/tlsrpt-reports" }

    /// Where we do not follow the peer: we read what it refuses.
    private static let differences: [String: String] = [
        "mox-multipart-related.eml": "the report is whole, whatever the parts around it are called",
        "mox-wrong-part-type.eml": "application/json with a report's name: others send this, and the content is one",
        "parsedmarc-invalid-policy-type.json":
            "the counts hold under any name of a policy; another peer takes the same (mail-auth-rpt03.json)",
        "parsedmarc-policy-missing-domain.json":
            "Google left it out for long; another peer takes the same (mail-auth-rpt03.json)",
        "parsedmarc-failure-missing-count.json": "the totals hold without the count of one detail",
    ]

    private struct Manifest: Decodable {
        let count: Int
        let files: [Case]
    }

    private struct Case: Decodable {
        let file: String?
        let peerExpected: Expectation
        let decoded: Decoded?
        let attachments: [Attachment]?

        enum CodingKeys: String, CodingKey {
            case file, decoded, attachments
            case peerExpected = "peer_expected"
        }
    }

    private struct Expectation: Decodable { let parse: String }
    private struct Attachment: Decodable { let decoded: Decoded? }

    private struct Decoded: Decodable {
        let organization: String?
        let id: String?
        let contact: String?
        let start: String?
        let end: String?
        let policies: [Policy]
        let successes: Int64
        let failures: Int64

        enum CodingKeys: String, CodingKey {
            case start, end, policies
            case organization = "organization-name"
            case id = "report-id"
            case contact = "contact-info"
            case successes = "total_success"
            case failures = "total_failure"
        }
    }

    private struct Policy: Decodable {
        let type: String?
        let domain: String?
        let strings: [String]?
        let mxHosts: Strings?
        let success: Int64?
        let failure: Int64?
        let details: [Detail]?

        enum CodingKeys: String, CodingKey {
            case type, domain, strings, success, failure
            case mxHosts = "mx-host"
            case details = "failure-details"
        }
    }

    /// One or several.
    private struct Strings: Decodable {
        let values: [String]

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            values = try (try? [container.decode(String.self)]) ?? container.decode([String].self)
        }
    }

    private struct Detail: Decodable {
        let resultType: String?
        let sessions: Int64?
        let receivingHost: String?
        let reasonCode: String?

        enum CodingKeys: String, CodingKey {
            case resultType = "result-type"
            case sessions = "failed-session-count"
            case receivingHost = "receiving-mx-hostname"
            case reasonCode = "failure-reason-code"
        }
    }

    @Test(
        "each is read or refused as its peer does, with the same content",
        .enabled(if: folder != nil, "WAXWING_CORPUS names no folder"))
    func corpus() throws {
        let folder = try #require(Self.folder)
        let manifest = try JSONDecoder().decode(
            Manifest.self, from: Data(contentsOf: URL(filePath: "\(folder)/manifest.json")))
        #expect(manifest.files.count == manifest.count && manifest.count > 40)
        var differing: Set<String> = []
        var skipped = 0
        for file in manifest.files {
            // The one without a file is made by its test: ReportFileTests has it, a packed report that is too large.
            guard let name = file.file else {
                skipped += 1
                continue
            }
            let readings = ReportFileTests.readings(Array(try Data(contentsOf: URL(filePath: "\(folder)/\(name)"))))
            let report = try? readings.first?.get()
            if (report != nil) != (file.peerExpected.parse == "ok") {
                #expect(Self.differences[name] != nil, "\(name): \(readings)")
                #expect(report != nil, "\(name): we are never stricter")
                differing.insert(name)
            }
            guard let report else { continue }
            #expect(readings.count == 1, "\(name)")
            let decoded = try #require(file.decoded ?? file.attachments?.first?.decoded, "\(name)")
            try compare(report, decoded, name)
        }
        #expect(differing == Set(Self.differences.keys))
        let agreed = manifest.files.count - differing.count - skipped
        print("corpus tlsrpt-reports: agree \(agreed), differ \(differing.count), skipped \(skipped)")
        for name in differing.sorted() { print("  differ, \(Self.differences[name] ?? ""): \(name)") }
    }

    private func compare(_ report: ReceivedReport, _ decoded: Decoded, _ name: String) throws {
        #expect(report.id == decoded.id, "\(name)")
        #expect(report.organization == decoded.organization ?? "", "\(name)")
        #expect(report.contact == decoded.contact, "\(name)")
        #expect(report.start.rfc3339 == Self.whole(decoded.start), "\(name)")
        #expect(report.end.rfc3339 == Self.whole(decoded.end), "\(name)")
        #expect(report.successes == decoded.successes && report.failures == decoded.failures, "\(name)")
        try #require(report.policies.count == decoded.policies.count, "\(name)")
        for (policy, expected) in zip(report.policies, decoded.policies) {
            #expect(policy.type == expected.type && policy.domain == expected.domain, "\(name)")
            #expect(policy.strings == expected.strings ?? [], "\(name)")
            #expect(policy.mxHosts == expected.mxHosts?.values ?? [], "\(name)")
            #expect(policy.successes == expected.success ?? 0 && policy.failures == expected.failure ?? 0, "\(name)")
            try #require(policy.details.count == expected.details?.count ?? 0, "\(name)")
            for (detail, expected) in zip(policy.details, expected.details ?? []) {
                #expect(
                    detail.resultType == expected.resultType && detail.sessions == expected.sessions ?? 0, "\(name)")
                #expect(detail.receivingHost == expected.receivingHost, "\(name)")
                #expect(detail.reasonCode == expected.reasonCode, "\(name)")
            }
        }
    }

    /// The decode keeps times as they were written.
    private static func whole(_ time: String?) -> String? {
        guard let time else { return nil }
        return time.count == 10 ? time + "T00:00:00Z" : time.hasSuffix("Z") ? time : time + "Z"
    }
}
