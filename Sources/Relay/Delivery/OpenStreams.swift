import Net
import Synchronization

/// The streams of all deliveries under way, so that a shutdown can cut off what does not end by itself. Safe from any
/// thread.
final class OpenStreams: Sendable {
    private struct State {
        var streams: [ObjectIdentifier: Net.Stream] = [:]
        var isCut = false
    }

    private let state = Mutex(State())

    /// Streams that are open; 0 where every delivery has ended.
    var count: Int { state.withLock { $0.streams.count } }

    /// Closes all there are, and all that come.
    func cut() {
        let open = state.withLock { state in
            state.isCut = true
            return Array(state.streams.values)
        }
        for stream in open { stream.close() }
    }

    func insert(_ stream: Net.Stream) {
        let isCut = state.withLock { state in
            state.streams[ObjectIdentifier(stream)] = stream
            return state.isCut
        }
        if isCut { stream.close() }
    }

    func remove(_ stream: Net.Stream) {
        state.withLock { $0.streams[ObjectIdentifier(stream)] = nil }
    }
}
