import DequeModule
import Mail
import Net

/// What the dispatcher holds about one destination while there is something to do for it.
///
/// Touched by the dispatcher only. A class, so that a queue of thousands is changed in its place and not copied.
final class Destination {
    let name: String
    var window: DestinationWindow
    /// Jobs that wait for a connection, in the order they came.
    var ready: Deque<Job> = []
    /// True where more of its mail is due than memory may hold for one destination: the rest is on disk.
    var hasMoreOnDisk = false
    /// Deliveries under way, and those idle with an open connection.
    var workers = 0
    /// Deliveries that keep a connection open and wait for another job.
    var idle: Deque<Idle> = []
    /// True while it stands in the line for one of the connections of the whole daemon.
    var isInLine = false
    /// Why all its hosts failed, while it is backed off.
    var failure: Reason?
    /// The address family that worked last.
    var family: AddressFamily?

    init(name: String, window: DestinationWindow) {
        self.name = name
        self.window = window
    }

    /// Nothing is under way, nothing waits, and nothing would be lost with it.
    var isForgettable: Bool { workers == 0 && ready.isEmpty && !window.isDown && !hasMoreOnDisk }

    struct Idle {
        let continuation: CheckedContinuation<Assignment?, Never>
        let expires: Deadline
    }
}

/// A job with the window's leave to deliver it.
struct Assignment: Sendable {
    let job: Job
    /// nil: the job went past the window of a destination that is down.
    let ticket: DestinationWindow.Ticket?
    let family: AddressFamily?
}
