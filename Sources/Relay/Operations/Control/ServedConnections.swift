import Glibc
import Net
import Synchronization

/// Connections that are served now, and among them those whose request has not come whole yet, in the order in which they came: who
/// holds a place that others wait for and says nothing gives it up after ``grace``, the oldest first. Who has asked and gone away before
/// the answer holds no place either, though its question may still hang in a store that hangs. Safe from any thread.
final class ServedConnections: Sendable {
    /// How long a connection may be silent while others wait. Ours: a client next door sends its request as it connects, one
    /// far away within its round trip.
    static let grace: Duration = .milliseconds(100)

    /// Questions at most whose clients have gone, beside those that hold a place: each costs memory until the store answers it, and no
    /// descriptor. Ours.
    static let goneLimit = 256

    private struct Silent {
        let stream: Net.Stream
        /// When it came, or was last asked to go.
        var since: Deadline
    }

    private struct State {
        var silent: [Silent] = []
        /// They wait for an answer, or take it.
        var heard: [Net.Stream] = []
        /// Their clients have gone, and their questions are not answered yet.
        var gone: [Net.Stream] = []
        var count: Int { silent.count + heard.count }
    }

    private let state = Mutex(State())

    /// Of places that are held, silent or not.
    var count: Int { state.withLock(\.count) }

    func add(_ stream: Net.Stream) {
        state.withLock { $0.silent.append(Silent(stream: stream, since: .now)) }
    }

    /// Its request has come.
    func heard(_ stream: Net.Stream) {
        state.withLock { state in
            state.silent.removeAll { $0.stream === stream }
            state.heard.append(stream)
        }
    }

    /// It is over.
    func ended(_ stream: Net.Stream) {
        state.withLock { state in
            state.silent.removeAll { $0.stream === stream }
            state.heard.removeAll { $0 === stream }
            state.gone.removeAll { $0 === stream }
        }
    }

    /// Takes the places of those that have asked and gone away, ``goneLimit`` of them at most. On the loop's thread.
    func freeGone() {
        let left = state.withLock { state in
            var left: [Net.Stream] = []
            for stream in state.heard where state.gone.count < Self.goneLimit && Self.hasHungUp(stream) {
                state.heard.removeAll { $0 === stream }
                state.gone.append(stream)
                left.append(stream)
            }
            return left
        }
        for stream in left { stream.close() }
    }

    /// poll(2): POLLHUP is the end of both directions. Who has only ended its own still waits for the answer (unix(7)); over TCP the two
    /// look the same, and both count as waiting.
    private static func hasHungUp(_ stream: Net.Stream) -> Bool {
        stream.withDescriptor { descriptor in
            var entry = pollfd(fd: descriptor, events: 0, revents: 0)
            return poll(&entry, 1, 0) == 1 && CInt(entry.revents) & (POLLHUP | POLLERR) != 0
        } ?? false
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
