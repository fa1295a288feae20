import Logging
import Mail
import Store

/// What all intake sessions share. A class, since each session, and each message it receives, holds it.
final class IntakeParts: Sendable {
    let configuration: Configuration.Intake
    let store: any QueueStore
    let dispatcher: Dispatcher
    let gate: IntakeGate
    /// Who may log in; nil where nobody can.
    let users: Users?
    let counters: Counters
    let stopping: Flag
    let log: Logger
    /// By which rules mail waits and where it goes as things stand now, and not as they stood when the session began: what it
    /// commits must lie in the queue under the name by which it is found.
    let currentTerms: @Sendable () -> QueueTerms
    /// A-labels of a domain (RFC 5891).
    let toASCII: @Sendable (String) -> DomainName?
    let clock: @Sendable () -> WallTime

    init(
        configuration: Configuration.Intake, store: any QueueStore, dispatcher: Dispatcher, gate: IntakeGate,
        users: Users?,
        counters: Counters, stopping: Flag, log: Logger, currentTerms: @escaping @Sendable () -> QueueTerms,
        toASCII: @escaping @Sendable (String) -> DomainName?, clock: @escaping @Sendable () -> WallTime
    ) {
        self.configuration = configuration
        self.store = store
        self.dispatcher = dispatcher
        self.gate = gate
        self.users = users
        self.counters = counters
        self.stopping = stopping
        self.log = log
        self.currentTerms = currentTerms
        self.toASCII = toASCII
        self.clock = clock
    }

    var terms: QueueTerms { currentTerms() }
}
