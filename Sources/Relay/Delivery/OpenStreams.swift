import Net
import Synchronization

/// The streams of all deliveries under way, so that a shutdown can cut off what does not end by itself. Safe from any
/// thread.
final class OpenStreams: Sendable {
    private let streams = Mutex<[ObjectIdentifier: Net.Stream]>([:])

    var all: [Net.Stream] { streams.withLock { Array($0.values) } }

    func insert(_ stream: Net.Stream) {
        streams.withLock { $0[ObjectIdentifier(stream)] = stream }
    }

    func remove(_ stream: Net.Stream) {
        streams.withLock { $0[ObjectIdentifier(stream)] = nil }
    }
}
