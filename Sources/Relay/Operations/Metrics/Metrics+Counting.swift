import Mail
import Store

/// The places where things are counted, each a line in the part that does them.
extension Metrics {
    /// One attempt of `job` is over.
    func count(_ result: AttemptResult, of job: Job) {
        var worst: Outcome?
        for settled in result.recipients {
            let outcome = settled.outcome
            worst = worst.map { $0.isWorse(than: outcome) ? $0 : outcome } ?? outcome
            if case .delivered = outcome {
                let version = settled.trace.tlsVersion
                secured.add(version, Self.level(settled.trace.verified, version), settled.trace.by)
            }
        }
        guard let worst else { return }
        attempts.add(OutcomeLabel(worst), worst.reason?.cause)
        if job.message.kind == .report {
            reports.add(.mail, ReportResultLabel(worst))
        }
    }

    /// Without a session there is no level but none; in one it is `encrypted` at least.
    private static func level(_ verified: VerifiedLevel?, _ version: String?) -> VerifiedLevel {
        guard version != nil else { return .none }
        guard let verified, verified != .none else { return .encrypted }
        return verified
    }

    /// What was decided about a recipient is written down. `seconds`: since its message came.
    func count(_ outcome: Outcome, after seconds: Int64) {
        recipients.add(OutcomeLabel(outcome), outcome.reason?.cause)
        let time = max(0, min(seconds, Int64.max / 1000)) * 1000
        switch outcome {
        case .delivered: queueTime.observe(.delivered, milliseconds: time)
        case .bounced: queueTime.observe(.bounced, milliseconds: time)
        case .deferred: break
        }
    }

    /// A fresh connection got as far as it did.
    func count(_ connection: ClientConnection) {
        for result in connection.results {
            if let failure = result.failure { tlsFailures.add(result.policy, failure) }
        }
        if let handshake = connection.handshake { steps.observe(.tls, milliseconds: handshake) }
    }

    /// A search for hosts is over.
    func count(_ facts: DestinationFacts) {
        for host in facts.hosts where host.exclusion == nil { tlsa.add(TLSALabel(host.tlsa)) }
    }

    /// The intake says 4yz or 5yz. `isNextHop`: in the words of the host that the client waited for.
    func count(refusal reply: Reply, isNextHop: Bool) {
        refused.add(ReplyClassLabel(reply), isNextHop ? .nextHop : RefusalLabel(reply))
    }
}

extension ReportResultLabel {
    /// Of a report's mail. What is put off goes on like other mail.
    init(_ outcome: Outcome) {
        switch outcome {
        case .delivered: self = .accepted
        case .deferred: self = .postponed
        case .bounced: self = .failed
        }
    }
}

extension ReportResultLabel {
    /// Of a report that is posted or written to a folder.
    init(_ state: ReportDestination.State) {
        switch state {
        case .accepted: self = .accepted
        case .failed: self = .failed
        default: self = .postponed
        }
    }
}
