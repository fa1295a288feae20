public import Mail

/// `relayctl tlsrpt read`: reports of others about one's own domains, added up. Keys and spellings of the JSON are a contract;
/// absent values are `null`, and times are seconds since the epoch.
///
/// Strings are as the reports have them; ``text(_:)`` makes them harmless.
public struct ReceivedReportsDocument: CheckDocument {
    /// Read, duplicates not among them.
    public private(set) var reports = 0
    /// The first and the last instant of all periods.
    private(set) var beginAt = Nullable<Int64>(nil)
    private(set) var endAt = Nullable<Int64>(nil)
    private(set) var successfulSessions: Int64 = 0
    private(set) var failedSessions: Int64 = 0
    /// Worst first.
    private(set) var policies: [Policy] = []
    /// What the failures mean, worst first.
    private(set) var advice: [Advice] = []
    /// Reports that break the schema and were read all the same.
    private(set) var faulty: [Faulty] = []
    /// Files, or parts of one, that gave no report.
    private(set) var unreadable: [Unreadable] = []
    /// Reports that were there twice, and count once.
    private(set) var duplicates: [Duplicate] = []
    /// What was passed over: without being looked at, or since another report has its id.
    private(set) var notes: [String] = []

    /// What one reporter says about one policy.
    struct Policy: Encodable, Hashable, Sendable {
        let reporter: String
        let contact: Nullable<String>
        let policyType: Nullable<String>
        let policyDomain: Nullable<String>
        var reports = 0
        var successfulSessions: Int64 = 0
        var failedSessions: Int64 = 0
        /// Worst first.
        var failures: [Failure] = []
    }

    /// What failed in one way at one host.
    struct Failure: Encodable, Hashable, Sendable {
        let resultType: Nullable<String>
        let reasonCode: Nullable<String>
        /// Its name, else its address.
        let receivingHost: Nullable<String>
        var sessions: Int64 = 0
    }

    struct Advice: Encodable, Hashable, Sendable {
        let resultType: String
        /// Where there is advice for it of its own.
        let reasonCode: Nullable<String>
        let sessions: Int64
        /// Null for a type that RFC 8460 does not have.
        let meaning: Nullable<String>
        let remedy: Nullable<String>
    }

    struct Faulty: Encodable, Hashable, Sendable {
        let file: String
        let reportId: String
        let faults: [String]
    }

    struct Unreadable: Encodable, Hashable, Sendable {
        let file: String
        let why: String
    }

    struct Duplicate: Encodable, Hashable, Sendable {
        let file: String
        let reportId: String
        /// The file that counts.
        let sameAs: String
    }

    /// Exit 0: everything could be read, and there was a report: no news would be taken for good news.
    public var isGood: Bool { unreadable.isEmpty && reports > 0 }
}

/// Adds up reports one by one, so that no more than one is held.
public struct ReceivedReportTally: Sendable {
    private var document = ReceivedReportsDocument()
    private var policies: [PolicyKey: ReceivedReportsDocument.Policy] = [:]
    private var failures: [PolicyKey: [FailureKey: Int64]] = [:]
    private var seen: [ReportKey: Seen] = [:]

    public init() {}

    /// Counts `report`, unless one was there of the same reporter with the same `report-id` (RFC 8460 §4.4). Where that one
    /// said something else, which of them is right is not ours to know: a note tells of both.
    public mutating func add(_ report: ReceivedReport, file: String) {
        let key = ReportKey(reporter: report.reporter, id: report.id)
        if let first = seen[key] {
            if first.contents == report.hashValue {
                document.addDuplicate(
                    ReceivedReportsDocument.Duplicate(file: file, reportId: report.id, sameAs: first.file))
            } else {
                document.addNote(
                    "\(file): the report \(report.id) of \(report.reporter) says something else than the one with this id "
                        + "in \(first.file), which counts; this one does not: ask the reporter which is right")
            }
            return
        }
        seen[key] = Seen(file: file, contents: report.hashValue)
        document.add(report, file: file)
        for policy in report.policies { add(policy, of: report) }
    }

    /// - Parameter why: one sentence.
    public mutating func add(unreadable file: String, why: String) {
        document.addUnreadable(ReceivedReportsDocument.Unreadable(file: file, why: why))
    }

    /// - Parameter words: one sentence on what was passed over.
    public mutating func add(note words: String) { document.addNote(words) }

    /// What was added so far.
    public var result: ReceivedReportsDocument {
        var result = document
        result.fill(
            policies.map { key, policy in
                var policy = policy
                policy.failures = (failures[key] ?? [:]).map { failure, sessions in
                    ReceivedReportsDocument.Failure(
                        resultType: Nullable(failure.resultType), reasonCode: Nullable(failure.reasonCode),
                        receivingHost: Nullable(failure.host), sessions: sessions)
                }
                return policy
            })
        return result
    }

    private mutating func add(_ policy: ReceivedReport.Policy, of report: ReceivedReport) {
        let key = PolicyKey(
            reporter: report.reporter, type: policy.type, domain: policy.domain.map { $0.lowercased() })
        var sum =
            policies[key]
            ?? ReceivedReportsDocument.Policy(
                reporter: report.reporter, contact: Nullable(report.contact), policyType: Nullable(policy.type),
                policyDomain: Nullable(key.domain))
        sum.reports += 1
        sum.successfulSessions = saturatingSum(sum.successfulSessions, policy.successes)
        sum.failedSessions = saturatingSum(sum.failedSessions, policy.failures)
        policies[key] = sum
        for detail in policy.details {
            let failure = FailureKey(
                resultType: detail.resultType, reasonCode: detail.reasonCode,
                host: (detail.receivingHost ?? detail.receivingAddress)?.lowercased())
            failures[key, default: [:]][failure, default: 0] = saturatingSum(
                failures[key]?[failure] ?? 0, detail.sessions)
        }
    }

    private struct ReportKey: Hashable {
        let reporter: String
        let id: String
    }

    private struct Seen {
        let file: String
        /// A hash of the report: no more than one is held.
        let contents: Int
    }

    private struct PolicyKey: Hashable {
        let reporter: String
        let type: String?
        let domain: String?
    }

    private struct FailureKey: Hashable {
        let resultType: String?
        let reasonCode: String?
        let host: String?
    }
}

/// The sum, or the end of the range: counts are a stranger's.
private func saturatingSum(_ left: Int64, _ right: Int64) -> Int64 {
    let (sum, overflow) = left.addingReportingOverflow(right)
    return overflow ? .max : sum
}

extension ReceivedReportsDocument {
    fileprivate mutating func add(_ report: ReceivedReport, file: String) {
        reports += 1
        beginAt = Nullable(min(beginAt.value ?? .max, report.start.seconds))
        endAt = Nullable(max(endAt.value ?? .min, report.end.seconds))
        successfulSessions = saturatingSum(successfulSessions, report.successes)
        failedSessions = saturatingSum(failedSessions, report.failures)
        if !report.faults.isEmpty { faulty.append(Faulty(file: file, reportId: report.id, faults: report.faults)) }
    }

    fileprivate mutating func addDuplicate(_ duplicate: Duplicate) { duplicates.append(duplicate) }
    fileprivate mutating func addUnreadable(_ file: Unreadable) { unreadable.append(file) }
    fileprivate mutating func addNote(_ words: String) { notes.append(words) }

    /// Sorts, and finds the advice.
    fileprivate mutating func fill(_ sums: [Policy]) {
        policies = sums.map { policy in
            var policy = policy
            policy.failures.sort { ($1.sessions, $0.name) < ($0.sessions, $1.name) }
            return policy
        }.sorted {
            ($1.failedSessions, $1.successfulSessions, $0.name) < ($0.failedSessions, $0.successfulSessions, $1.name)
        }
        var sessions: [AdviceKey: Int64] = [:]
        for failure in policies.flatMap(\.failures) {
            guard let type = failure.resultType.value else { continue }
            let code = failure.reasonCode.value.flatMap { ResultAdvice(reasonCode: $0) == nil ? nil : $0 }
            let key = AdviceKey(type: type, code: code)
            sessions[key] = saturatingSum(sessions[key] ?? 0, failure.sessions)
        }
        advice = sessions.sorted { ($1.value, $0.key.name) < ($0.value, $1.key.name) }.map { key, sessions in
            let words = ResultAdvice(resultType: key.type, reasonCode: key.code)
            return Advice(
                resultType: key.type, reasonCode: Nullable(key.code), sessions: sessions,
                meaning: Nullable(words?.meaning), remedy: Nullable(words?.remedy))
        }
    }

    private struct AdviceKey: Hashable {
        let type: String
        let code: String?
        var name: String { "\(type) \(code ?? "")" }
    }
}

extension ReceivedReportsDocument.Policy {
    /// For a stable order.
    fileprivate var name: String { "\(reporter) \(policyType.value ?? "") \(policyDomain.value ?? "")" }
}

extension ReceivedReportsDocument.Failure {
    /// For a stable order.
    fileprivate var name: String {
        "\(resultType.value ?? "") \(reasonCode.value ?? "") \(receivingHost.value ?? "")"
    }
}
