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
        /// "enforce", "testing", "unknown"; nil where MTA-STS has no part in it.
        var sts: String?

        /// The same, with the state of MTA-STS.
        func under(_ facts: STSFacts) -> Trace {
            var trace = self
            trace.sts =
                facts.held.flatMap { $0.policy.mode == .none ? nil : $0.policy.mode.rawValue }
                ?? (facts.isUnknown ? "unknown" : nil)
            return trace
        }
    }
}

extension AttemptResult {
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
