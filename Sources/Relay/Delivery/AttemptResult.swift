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
    }
}
