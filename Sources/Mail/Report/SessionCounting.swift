/// The two ends of a connection, for the details of a report (RPTC-20). Empty where none was made.
public struct SessionEnds: Hashable, Sendable {
    public var sendingAddress: IPAddress?
    public var receivingAddress: IPAddress?
    /// The name the host gave itself in its reply to EHLO.
    public var receivingHELO: String?

    public init(
        sendingAddress: IPAddress? = nil, receivingAddress: IPAddress? = nil, receivingHELO: String? = nil
    ) {
        self.sendingAddress = sendingAddress
        self.receivingAddress = receivingAddress
        self.receivingHELO = receivingHELO
    }
}

// What a verdict's results come to in the report of a day (RFC 8460 §4, D2, D3).
extension PolicyInputs {
    /// One session, or one host passed over, under each policy of `results`.
    ///
    /// - Parameter host: nil where no host came into it. A next hop that is an address has nobody to report to: empty.
    public func sessions(
        _ results: [PolicyResult], at host: HostFacts?, between ends: SessionEnds = SessionEnds()
    ) -> [ReportedSession] {
        guard let domain = facts.nextHop.domain else { return [] }
        var order: [PolicyResult.Policy] = []
        var details: [PolicyResult.Policy: [FailureDetail]] = [:]
        for result in results {
            if details[result.policy] == nil { order.append(result.policy) }
            let failure = result.failure.map { type in
                FailureDetail(
                    type, reasonCode: result.reasonCode, sendingAddress: ends.sendingAddress,
                    receivingHost: host?.host.name?.text, receivingHELO: ends.receivingHELO,
                    receivingAddress: ends.receivingAddress)
            }
            details[result.policy, default: []] += failure.map { [$0] } ?? []
        }
        return order.map { type in
            ReportedSession(
                domain: domain, policy: policy(type, of: domain, at: host), failures: details[type] ?? [])
        }
    }

    private func policy(_ type: PolicyResult.Policy, of domain: DomainName, at host: HostFacts?) -> ReportedPolicy {
        switch type {
        case .tlsa:
            let tlsa = host?.tlsa
            // What did not validate is nobody's policy.
            let records = tlsa?.lookup == .found && tlsa?.security == .secure ? tlsa?.records ?? [] : []
            return ReportedPolicy(
                .tlsa, domain: tlsa?.baseDomain ?? host?.host.name ?? domain,
                // Resolvers rotate record sets, and the same set is to be the same policy. A record that ends behind its three numbers
                // has no form in text (RFC 6698 §2.2), and what is read as one must be one.
                strings: records.filter { !$0.data.isEmpty }.sorted().map(\.reportString))
        case .sts:
            return sts.held.map { ReportedPolicy(sts: $0, of: domain) } ?? ReportedPolicy(.sts, domain: domain)
        case .noPolicyFound:
            return ReportedPolicy(.noPolicyFound, domain: domain)
        }
    }
}

extension PolicyDecision {
    /// What TLS-RPT counts of a destination for which no host is known at all (RPTC-15): the policy that DNSSEC would have
    /// led to cannot be had.
    public var resultsWithoutHost: [PolicyResult] {
        guard inputs.facts.obstacle?.cause == .dnsBogus else { return [] }
        return [PolicyResult(.tlsa, .dnssecInvalid, reasonCode: ReasonCode.mxBogus.rawValue)]
    }
}

extension ReportedPolicy {
    /// RFC 8460 §4.4: a line of the text in each string, "even if it is in error".
    public init(sts held: STSCacheEntry.Held, of domain: DomainName) {
        let lines = held.text.split(separator: ASCII.lineFeed).map { line in
            line.last == ASCII.carriageReturn ? line.dropLast() : line
        }
        self.init(
            .sts, domain: domain, strings: lines.filter { !$0.isEmpty }.map { SafeText.string($0) },
            mxHosts: held.policy.patterns.map(\.description))
    }
}

extension ReportedSession {
    /// A policy that could not be fetched (D3): no host, no connection (RPTC-20).
    public init(failedFetch fault: STSFetchFault, of domain: DomainName, keeping held: STSCacheEntry.Held?) {
        self.init(
            domain: domain,
            policy: held.map { ReportedPolicy(sts: $0, of: domain) } ?? ReportedPolicy(.sts, domain: domain),
            failures: [FailureDetail(fault.type)])
    }
}

extension TLSARecord {
    /// RFC 8460 §4.4: "a string for each record", the hexadecimal without blanks (RPTF-07).
    var reportString: String { "\(usage) \(selector) \(matchingType) \(hexadecimalData)" }
}
