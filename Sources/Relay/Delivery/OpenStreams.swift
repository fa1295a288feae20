import Net
import Synchronization

/// The streams of all deliveries under way, so that a shutdown can cut off what does not end by itself. Safe from any
/// thread.
final class OpenStreams: Sendable {
    private struct State {
        var streams: [ObjectIdentifier: Net.Stream] = [:]
        var connecting: [ObjectIdentifier: Net.Stream] = [:]
        var takesNew = true
        var isCut = false
    }

    private let state = Mutex(State())

    /// Streams that are open; 0 where every delivery has ended.
    var count: Int { state.withLock { $0.streams.count } }
    /// Streams whose host has not answered yet.
    var connectingCount: Int { state.withLock { $0.connecting.count } }

    var isCut: Bool { state.withLock(\.isCut) }

    /// Closes all there are, and all that come.
    func cut() {
        refuseNew()
        let open = state.withLock { state in
            state.isCut = true
            return Array(state.streams.values)
        }
        for stream in open { stream.close() }
    }

    /// Closes those whose host has not answered yet, and all that begin: a host may take as long as `connect_timeout` to say nothing.
    func refuseNew() {
        let connecting = state.withLock { state in
            state.takesNew = false
            return Array(state.connecting.values)
        }
        for stream in connecting { stream.close() }
    }

    /// Its host is asked for a connection. Followed by ``insert(_:)`` or ``remove(_:)``.
    private func begin(_ stream: Net.Stream) {
        let takesNew = state.withLock { state in
            state.connecting[ObjectIdentifier(stream)] = stream
            return state.takesNew
        }
        if !takesNew { stream.close() }
    }

    /// It is connected.
    func insert(_ stream: Net.Stream) {
        let isCut = state.withLock { state in
            state.connecting[ObjectIdentifier(stream)] = nil
            state.streams[ObjectIdentifier(stream)] = stream
            return state.isCut
        }
        if isCut { stream.close() }
    }

    /// It is over, or never came to be.
    func remove(_ stream: Net.Stream) {
        state.withLock { state in
            state.connecting[ObjectIdentifier(stream)] = nil
            state.streams[ObjectIdentifier(stream)] = nil
        }
    }

    /// Connects, from a task on the loop, within reach of a shutdown all the while. What it returns is inserted.
    func connect(
        to address: SocketAddress, from source: SocketAddress?, on loop: Loop, until deadline: Deadline
    ) async throws(SocketError) -> Net.Stream {
        let stream = try Net.Stream.connecting(to: address, from: source, on: loop)
        begin(stream)
        do throws(SocketError) {
            try await stream.connected(until: deadline)
        } catch {
            remove(stream)
            throw error
        }
        insert(stream)
        return stream
    }
}
