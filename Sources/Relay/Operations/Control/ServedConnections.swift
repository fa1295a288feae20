import Net
import Synchronization

/// Connections that are served now, and among them those whose request has not come whole yet, in the order in which they came: who
/// holds a place that others wait for and says nothing gives it up after ``grace``, the oldest first. Safe from any thread.
final class ServedConnections: Sendable {
    /// How long a connection may be silent while others wait. Ours: a client next door sends its request as it connects, one
    /// far away within its round trip.
    static let grace: Duration = .milliseconds(100)

    private struct Silent {
        let stream: Net.Stream
        /// When it came, or was last asked to go.
        var since: Deadline
    }

    private struct State {
        var silent: [Silent] = []
        var count = 0
    }

    private let state = Mutex(State())

    /// Silent or not.
    var count: Int { state.withLock(\.count) }

    func add(_ stream: Net.Stream) {
        state.withLock { state in
            state.silent.append(Silent(stream: stream, since: .now))
            state.count += 1
        }
    }

    /// Its request has come.
    func heard(_ stream: Net.Stream) {
        state.withLock { state in state.silent.removeAll { $0.stream === stream } }
    }

    /// It is over. Once for each that was added.
    func ended(_ stream: Net.Stream) {
        state.withLock { state in
            state.silent.removeAll { $0.stream === stream }
            state.count -= 1
        }
    }

    /// When the oldest silent one has been so for long enough; never, where all have spoken.
    var patienceEnd: Deadline {
        state.withLock { $0.silent.first?.since.advanced(by: Self.grace) ?? .never }
    }

    /// Wakes the oldest with `.interrupted` where its time is over. Whose octets have come in this moment goes on, and stands last.
    func askOldest() {
        let now = Deadline.now
        let stream: Net.Stream? = state.withLock { state in
            guard let oldest = state.silent.first, oldest.since.advanced(by: Self.grace) <= now else { return nil }
            state.silent.removeFirst()
            state.silent.append(Silent(stream: oldest.stream, since: now))
            return oldest.stream
        }
        stream?.interrupt()
    }
}
