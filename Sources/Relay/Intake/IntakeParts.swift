import Logging
import Mail
import Store

/// What all intake sessions share.
struct IntakeParts: Sendable {
    let configuration: Configuration.Intake
    let store: any QueueStore
    let dispatcher: Dispatcher
    let schedule: Schedule
    let gate: IntakeGate
    /// Who may log in; nil where nobody can.
    let users: Users?
    let counters: Counters
    let stopping: Flag
    let log: Logger
    /// The port mail goes out to, part of a destination's name where it is not 25.
    let routing: Routing
    /// A-labels of a domain (RFC 5891).
    let toASCII: @Sendable (String) -> DomainName?
    let clock: @Sendable () -> WallTime
}
