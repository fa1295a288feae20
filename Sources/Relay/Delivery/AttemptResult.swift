import Mail
import Store

/// What one delivery attempt came to.
struct AttemptResult: Sendable {
    /// One for each recipient of the job, in order.
    var recipients: [Settled]
    /// The tries at hosts, in order: the history of every recipient of the job.
    var attempts: [AttemptRecord]
    /// Set where no host could be reached or used at all: the destination itself is in trouble.
    var destinationFailure: Reason?
    /// The family that worked.
    var family: AddressFamily?
    /// Hosts that did not take the mail, in order.
    var passedOver: [PassedOver] = []
    /// What TLS-RPT counts of the attempt; empty for report mail (RPTC-18).
    var sessions: [ReportedSession] = []

    /// A host, or an address of one, that was left for the next, and why.
    struct PassedOver: Sendable {
        var trace: Trace
        var reason: Reason
    }

    struct Settled: Sendable {
        var outcome: Outcome
        var trace: Trace
    }

    /// What the log line of a recipient tells besides the outcome.
    struct Trace: Sendable {
        var host: MXHost?
        var address: IPAddress?
        var tlsVersion: String?
        var verified: VerifiedLevel?
        var requirement: TLSRequirement.Level?
        var by: TLSRequirement.Basis?
        /// "enforce", "testing", "unknown"; "enforce-observed" where a rule or the message waived what enforce demands; nil where
        /// MTA-STS has no part in it.
        var sts: String?
        /// The operator's rules for the host, with his reason.
        var rule: String?
        /// What was checked and found wrong, and kept no mail back.
        var observed: [PolicyResult] = []
        /// The operator's exception the host was met under: `encrypted-until-2026-08-01T12:00:00Z`.
        var exception: String?
        /// What the rules in mode `observe` would have done otherwise: `would refuse: dane-mismatch`.
        var observedRules: String?
        /// The host offered DSN, and so was told what the sender wants to hear (RFC 3461 §5.2.1).
        var handedOnNotify = false
        var times: Times?

        /// Milliseconds of each step: finding routes and policies, connecting, the TLS handshake, SMTP.
        struct Times: Sendable, CustomStringConvertible {
            var lookup: Int64
            var connect: Int64
            var handshake: Int64
            var smtp: Int64

            var description: String { "\(lookup)/\(connect)/\(handshake)/\(smtp)" }
        }

        /// The same, with the state of MTA-STS.
        func under(_ facts: STSFacts) -> Trace {
            var trace = self
            switch facts.held?.policy.mode {
            case .enforce:
                trace.sts = requirement.map { $0 < .authenticated } == true ? "enforce-observed" : "enforce"
            case .testing: trace.sts = "testing"
            case STSPolicy.Mode.none?: trace.sts = nil
            case nil: trace.sts = facts.isUnknown ? "unknown" : nil
            }
            return trace
        }
    }
}

extension AttemptResult {
    /// The lines of the recipients say it already.
    func isTold(_ passed: PassedOver) -> Bool {
        recipients.contains {
            $0.trace.host == passed.trace.host && $0.trace.address == passed.trace.address
                && $0.outcome.reason == passed.reason
        }
    }

    /// For one recipient at least.
    var isDecidedByRemote: Bool { recipients.contains { $0.outcome.wasDecidedByRemote } }

    /// Of what happened while the daemon was stopping, only what a remote decided is worth writing down: a connection we cut
    /// and a lookup we gave up are no one's failure, and the recipient stays due as it was.
    func worthRecording(of job: Job, isStopping: Bool) -> (Job, AttemptResult) {
        guard isStopping else { return (job, self) }
        var kept = (job, self)
        let places = recipients.indices.filter { recipients[$0].outcome.wasDecidedByRemote }
        kept.0.recipients = places.map { job.recipients[$0] }
        kept.1.recipients = places.map { recipients[$0] }
        kept.1.destinationFailure = nil
        return kept
    }
}

extension Outcome {
    var wasDecidedByRemote: Bool {
        if case .delivered = self { return true }
        return reply != nil
    }
}
