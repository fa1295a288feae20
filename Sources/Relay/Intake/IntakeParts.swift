import Logging
import Mail
import Store
import Synchronization
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

/// Octets the store may still take above its floor, looked up off the sessions' way and read by all of them.
final class Room: Sendable {
    private let octets = Atomic<Int>(Int.max)

    var now: Int { max(0, octets.load(ordering: .relaxed)) }

    func update(_ room: Int) {
        octets.store(room, ordering: .relaxed)
    }

    /// Counts content that is being stored until the disk is looked at again: it lies in the log and in the database for a
    /// while.
    func spend(_ size: Int) {
        octets.subtract(min(size, Int.max / 4) * 2, ordering: .relaxed)
    }
}
