import Net
import Synchronization

/// Connections whose request has not come whole yet, in the order in which they came: who holds a place that others wait for and
/// says nothing gives it up after ``grace``, the oldest first. Safe from any thread.
final class SilentConnections: Sendable {
    /// How long a connection may be silent while others wait. Ours: a client next door sends its request as it connects, one
    /// far away within its round trip; 32 places are so given on 320 times a second.
    static let grace: Duration = .milliseconds(100)

    private struct Entry {
        let stream: Net.Stream
        /// When it came, or was last asked to go.
        var since: Deadline
    }

    private struct State {
        var entries: [Entry] = []
        /// Silent or not.
        var served = 0
    }

    private let state = Mutex(State())

    /// Connections that are served now.
    var served: Int { state.withLock(\.served) }

    func add(_ stream: Net.Stream, at now: Deadline = .now) {
        state.withLock { state in
            state.entries.append(Entry(stream: stream, since: now))
            state.served += 1
        }
    }

    /// Its request has come.
    func heard(_ stream: Net.Stream) {
        state.withLock { state in state.entries.removeAll { $0.stream === stream } }
    }

    /// It is over. Once for each that was added.
    func ended(_ stream: Net.Stream) {
        state.withLock { state in
            state.entries.removeAll { $0.stream === stream }
            state.served -= 1
        }
    }

    /// In how long the oldest has been silent for long enough; nil where all have spoken.
    func wait(at now: Deadline = .now) -> Duration? {
        state.withLock { state in
            guard let oldest = state.entries.first else { return nil }
            let end = oldest.since.advanced(by: Self.grace)
            return now < end ? .nanoseconds(Int64(clamping: end.nanoseconds - now.nanoseconds)) : .zero
        }
    }

    /// Wakes the oldest with `.interrupted` where its time is over, and so many are served still. Whose octets have come in this
    /// moment goes on, and stands last.
    func askOldest(whereServed limit: Int, at now: Deadline = .now) {
        let stream: Net.Stream? = state.withLock { state in
            guard state.served >= limit, let oldest = state.entries.first,
                oldest.since.advanced(by: Self.grace) <= now
            else { return nil }
            state.entries.removeFirst()
            state.entries.append(Entry(stream: oldest.stream, since: now))
            return oldest.stream
        }
        stream?.interrupt()
    }
}
