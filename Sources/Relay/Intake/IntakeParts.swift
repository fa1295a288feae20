import Logging
import Mail
import Store
import TLS

/// What all intake sessions share.
struct IntakeParts: Sendable {
    let configuration: Configuration.Intake
    let session: ServerSession.Configuration
    let store: any QueueStore
    let dispatcher: Dispatcher
    let schedule: Schedule
    let tls: ServerContext?
    let room: Room
    let counters: Counters
    let stopping: Flag
    let log: Logger
    /// The port mail goes out to, part of a destination's name where it is not 25.
    let routing: Routing
    let clock: @Sendable () -> WallTime
}
