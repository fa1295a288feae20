import Logging
import Mail
import Store

/// What all intake sessions share.
struct IntakeParts: Sendable {
    let configuration: Configuration.Intake
    let store: any QueueStore
    let dispatcher: Dispatcher
    /// By which rules mail waits, and where it goes.
    let terms: QueueTerms
    let gate: IntakeGate
    /// Who may log in; nil where nobody can.
    let users: Users?
    let counters: Counters
    let stopping: Flag
    let log: Logger
    /// A-labels of a domain (RFC 5891).
    let toASCII: @Sendable (String) -> DomainName?
    let clock: @Sendable () -> WallTime
}
