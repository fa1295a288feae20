extension TLSReport {
    /// I-JSON (RFC 8460 §4.4, RFC 7493), at most ``sizeLimit`` octets: where there is more, the least frequent details are
    /// left out; the totals stay exact.
    public func json() -> [UInt8] { json(limit: Self.sizeLimit) }

    /// As ``json()``, within `limit` octets. Where leaving out details is not enough, the texts of policies go as well, of
    /// the least used first. Totals are never left out: a report of some thousand policies is as long as it must be.
    func json(limit: Int) -> [UInt8] {
        var parts = policies.map(PolicyPart.init)
        var size = envelope([]).count + parts.reduce(0) { $0 + $1.size }
        if size > limit {
            let leastFirst = parts.indices.flatMap { policy in
                parts[policy].details.indices.map { (policy: policy, detail: $0) }
            }.sorted {
                let (left, right) = (policies[$0.policy].details[$0.detail], policies[$1.policy].details[$1.detail])
                // Of equal ones the later: the worst stand first.
                return left.sessions == right.sessions
                    ? ($0.policy, $0.detail) > ($1.policy, $1.detail) : left.sessions < right.sessions
            }
            for place in leastFirst where size > limit { size -= parts[place.policy].drop(detail: place.detail) }
            let leastUsed = parts.indices.sorted {
                let (left, right) = (policies[$0].sessions, policies[$1].sessions)
                return left == right ? $0 > $1 : left < right
            }
            for index in leastUsed where size > limit { size -= parts[index].dropText(of: policies[index]) }
        }
        return envelope(parts.map(\.json))
    }

    private func envelope(_ policies: [[UInt8]]) -> [UInt8] {
        JSONText.object([
            "organization-name": JSONText.string(organization),
            "date-range": JSONText.object([
                "start-datetime": JSONText.string(day.start.rfc3339),
                "end-datetime": JSONText.string(day.end.rfc3339),
            ]),
            "contact-info": JSONText.string(contact.description),
            "report-id": JSONText.string(id.description),
            "policies": JSONText.array(policies),
        ])
    }
}

/// One entry of `policies`, written, with its details apart so that they can be left out.
private struct PolicyPart {
    var policy: [UInt8]
    let summary: [UInt8]
    /// Nil: left out.
    var details: [[UInt8]?]

    init(_ count: PolicyCount) {
        policy = Self.policy(count.policy, withText: true)
        summary = JSONText.object([
            "total-successful-session-count": JSONText.count(count.successes),
            "total-failure-session-count": JSONText.count(count.failures),
        ])
        details = count.details.map(Self.detail)
    }

    /// Octets, and a little more.
    var size: Int {
        details.reduce(policy.count + summary.count + Self.frame) { $0 + ($1?.count ?? 0) + 1 }
    }

    /// `{"policy":,"summary":,"failure-details":[]},`
    private static let frame = 46

    /// - Returns: octets saved.
    mutating func drop(detail index: Int) -> Int {
        defer { details[index] = nil }
        return details[index]?.count ?? 0
    }

    /// - Returns: octets saved.
    mutating func dropText(of count: PolicyCount) -> Int {
        let before = policy.count
        policy = Self.policy(count.policy, withText: false)
        return before - policy.count
    }

    var json: [UInt8] {
        let kept = details.compactMap(\.self)
        return JSONText.object([
            "policy": policy, "summary": summary, "failure-details": kept.isEmpty ? nil : JSONText.array(kept),
        ])
    }

    private static func policy(_ policy: ReportedPolicy, withText: Bool) -> [UInt8] {
        let strings = withText ? policy.strings : []
        // RFC 8460 §4.4 knows patterns of MX hosts for MTA-STS alone.
        let hosts = withText && policy.type == .sts ? policy.mxHosts : []
        return JSONText.object([
            "policy-type": JSONText.string(policy.type.rawValue),
            "policy-string": strings.isEmpty ? nil : JSONText.array(strings.map(JSONText.string)),
            "policy-domain": JSONText.string(policy.domain.text),
            "mx-host": hosts.isEmpty ? nil : JSONText.array(hosts.map(JSONText.string)),
        ])
    }

    private static func detail(_ count: DetailCount) -> [UInt8] {
        let detail = count.detail
        return JSONText.object([
            "result-type": JSONText.string(detail.type.rawValue),
            "sending-mta-ip": detail.sendingAddress.map { JSONText.string($0.description) },
            "receiving-mx-hostname": detail.receivingHost.map(JSONText.string),
            "receiving-mx-helo": detail.receivingHELO.map(JSONText.string),
            "receiving-ip": detail.receivingAddress.map { JSONText.string($0.description) },
            "failed-session-count": JSONText.count(count.sessions),
            "failure-reason-code": detail.reasonCode.map(JSONText.string),
        ])
    }
}

extension PolicyCount {
    /// All of them; at the end of the range the end of the range.
    var sessions: Int64 { successes.saturatingSum(failures) }
}

extension Int64 {
    /// The sum, or the end of the range: counts of strangers cannot trap.
    func saturatingSum(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }
}
