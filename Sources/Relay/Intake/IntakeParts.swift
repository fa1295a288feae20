import Logging
import Mail
import Store
import TLS

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

/// One way in: a listener with all that its sessions begin with.
struct Entrance: Sendable {
    let listener: IntakeListener
    let session: ServerSession.Configuration
    /// Nil where the listener has no TLS.
    let tls: ServerContext?
}

extension ServerSession.Configuration {
    /// What the operator configured for sessions of `listener`.
    init(hostname: DomainName, _ intake: Configuration.Intake, _ listener: IntakeListener, postmaster: Mailbox?) {
        self.init(
            hostname: hostname, messageLimit: intake.messageLimit, recipientLimit: intake.recipientLimit,
            receivedLimit: intake.receivedLimit, errorLimit: intake.errorLimit, loginLimit: intake.authFailureLimit,
            longLines: intake.longLines, security: listener.tls, postmaster: postmaster, spoken: listener.protocol,
            role: listener.role, acknowledgement: listener.acknowledgement,
            mechanisms: listener.offersAuth ? SASLMechanismName.allCases : [])
    }
}
