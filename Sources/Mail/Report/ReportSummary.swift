/// What stands in a report, for the postmaster who opens the mail: the first part of ``TLSReportMail``.
struct ReportSummary {
    /// What failed in one way.
    struct Cause {
        let type: ResultType
        let reasonCode: String?
        var sessions: Int64 = 0
        /// In the order in which they were met.
        var hosts: [(name: String, sessions: Int64)] = []

        var name: String { type.rawValue + (reasonCode.map { " (\($0))" } ?? "") }
        /// That of the code, where it has one, else that of the type.
        var advice: ResultAdvice { reasonCode.flatMap(ResultAdvice.init(reasonCode:)) ?? type.advice }
    }

    /// Causes that are explained.
    static let causeLimit = 3
    /// Hosts that are named of one cause.
    static let hostLimit = 5
    /// Policies that are listed.
    static let policyLimit = 10
    /// Octets of a name that a stranger chose.
    static let nameLimit = 255

    let report: TLSReport
    /// Most frequent first.
    let causes: [Cause]

    init(_ report: TLSReport) {
        self.report = report
        var causes: [Cause] = []
        for count in report.policies.flatMap(\.details) {
            let detail = count.detail
            let known = causes.firstIndex { $0.type == detail.type && $0.reasonCode == detail.reasonCode }
            let index = known ?? causes.count
            if known == nil { causes.append(Cause(type: detail.type, reasonCode: detail.reasonCode)) }
            causes[index].sessions = causes[index].sessions.saturatingSum(count.sessions)
            guard let host = Self.host(detail) else { continue }
            if let place = causes[index].hosts.firstIndex(where: { $0.name == host }) {
                let sessions = causes[index].hosts[place].sessions
                causes[index].hosts[place].sessions = sessions.saturatingSum(count.sessions)
            } else {
                causes[index].hosts.append((host, count.sessions))
            }
        }
        // A stable order: details come worst first already.
        self.causes = causes.enumerated().sorted {
            ($1.element.sessions, $0.offset) < ($0.element.sessions, $1.offset)
        }.map(\.element)
    }

    /// `mx1.example.org [192.0.2.1]`
    private static func host(_ detail: FailureDetail) -> String? {
        let address = detail.receivingAddress.map { "[\($0)]" }
        let name = detail.receivingHost.map { SafeText.string(Array($0.utf8.prefix(nameLimit))) }
        guard name != nil || address != nil else { return nil }
        return [name, address].compactMap(\.self).joined(separator: " ")
    }

    /// - Parameter isPreview: nobody looked whether it is asked for.
    func write(to text: inout ContentLines, isPreview: Bool = false) {
        let reason =
            " It is sent because the TXT record at _smtp._tls.\(report.domain) asks for such reports (RFC 8460)."
        text.addWrapped(
            "This is a report about TLS in mail to \(report.domain) on \(report.day) (UTC), from \(sender)."
                + (isPreview ? "" : reason))
        text.add("")
        for policy in report.policies.prefix(Self.policyLimit) {
            text.addWrapped(
                "\(Self.name(policy.policy)): \(Self.sessions(policy.successes)) succeeded, \(policy.failures) failed.")
        }
        if report.policies.count > Self.policyLimit {
            text.addWrapped("The file has \(report.policies.count - Self.policyLimit) more policies.")
        }
        if report.policies.count > 1 {
            text.add("A session that was held against several policies counts under each.")
        }
        text.add("")
        if causes.isEmpty {
            text.addWrapped(
                report.policies.contains { $0.failures > 0 }
                    ? "No details of the failures were kept."
                    : "Nothing failed: there is nothing you need to do.")
        } else {
            writeCauses(to: &text)
        }
        text.add("")
        text.add("The attached file is the whole report (JSON, compressed by gzip). Its id:")
        text.add("\(report.id)")
        text.add("")
        text.add("Questions about it go to")
        text.add("\(report.contact)")
    }

    private func writeCauses(to text: inout ContentLines) {
        text.add("What failed, most frequent first:")
        for (number, cause) in causes.prefix(Self.causeLimit).enumerated() {
            text.add("")
            text.addWrapped(
                "\(number + 1). \(SafeText.string(Array(cause.name.utf8))): \(Self.sessions(cause.sessions))")
            if !cause.hosts.isEmpty {
                let worst = cause.hosts.sorted { $0.sessions > $1.sessions }.prefix(Self.hostLimit)
                let more = cause.hosts.count - worst.count
                let names = worst.map { "\($0.name): \($0.sessions)" }.joined(separator: ", ")
                text.addWrapped("   At \(names)" + (more > 0 ? ", and \(more) more" : ""))
            }
            text.addWrapped("   \(cause.advice.meaning)")
            text.addWrapped("   \(cause.advice.remedy)".replacingDomain(by: report.domain))
        }
        let others = causes.count - Self.causeLimit
        if others > 0 {
            text.add("")
            text.addWrapped("The file has \(others) more \(others == 1 ? "kind" : "kinds") of failure.")
        }
    }

    /// A name that is not plain ASCII would need an encoding that not everybody reads; the domain says the same.
    private var sender: String {
        let name = report.organization
        let isPlain = !name.isEmpty && name.utf8.count <= Self.nameLimit && name.utf8.allSatisfy(ASCII.isPrintable)
        return isPlain ? "\(name) (\(report.submitter))" : report.submitter.text
    }

    private static func name(_ policy: ReportedPolicy) -> String {
        switch policy.type {
        case .tlsa: return "DANE for \(policy.domain)"
        case .noPolicyFound: return "No policy for \(policy.domain)"
        case .sts:
            // The mode says whether mail was kept back.
            let mode = policy.strings.lazy.compactMap { line -> String? in
                let parts = line.split(separator: ":", maxSplits: 1).map { $0.filter { $0 != " " } }
                guard parts.count == 2, parts[0] == "mode", ["enforce", "testing", "none"].contains(parts[1]) else {
                    return nil
                }
                return parts[1]
            }.first
            return "MTA-STS\(mode.map { " (mode \($0))" } ?? "") for \(policy.domain)"
        }
    }

    private static func sessions(_ count: Int64) -> String { count == 1 ? "1 session" : "\(count) sessions" }
}

extension String {
    /// Advice speaks of DOMAIN; a report knows which.
    func replacingDomain(by domain: DomainName) -> String {
        split(separator: "DOMAIN", omittingEmptySubsequences: false).joined(separator: domain.text)
    }
}

extension TLSReport {
    /// The part of the mail that is for people, in lines that end in LF, for who looks at it before it is sent.
    public var summaryText: String {
        var lines = ContentLines()
        ReportSummary(self).write(to: &lines, isPreview: true)
        return String(decoding: lines.bytes.filter { $0 != ASCII.carriageReturn }, as: UTF8.self)
    }
}
