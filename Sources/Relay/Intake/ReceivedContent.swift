import Mail
import Net
import Store
import TLS

/// The content of one message on its way in: our `Received:` field first, then what the client sends, unstuffed, into the
/// store's writer, with its digest. No more than one chunk of it is held here, except for short mail, which goes on to
/// delivery from memory.
///
/// Used by one task. Dropped without ``commit(_:_:)``, it leaves nothing behind.
final class ReceivedContent {
    let id: QueueID
    let receivedAt: WallTime
    let entrance: Entrance
    let parts: IntakeParts
    let writer: Store.ContentWriter
    private var reader: Mail.ContentReader
    private var hash: SHA256Digest?
    /// What was not yet handed to the writer.
    var chunk: [UInt8]
    /// Octets of our own `Received:` at the start of `chunk`, until it is handed over.
    let traceSize: Int
    private let held: ContentMemory.Share
    private var wait = ContentWait()
    /// Octets of the content so far, before unstuffing.
    private(set) var size = 0
    /// True once a chunk was handed over: what is left in memory is no longer the whole.
    private(set) var isPartlyHandedOver = false
    private var failure: Failure?

    /// Octets handed to the writer at a time, and the longest mail that goes to delivery from memory.
    private static let chunkSize = QueueLimits.inlineContent

    enum Failure: Error {
        case stream(SocketError)
        case store(StoreError)
        case digest(TLSError)

        var words: String {
            switch self {
            case .stream(let error): "\(error)"
            case .store(let error): "\(error)"
            case .digest(let error): error.text
            }
        }
    }

    init(
        _ transaction: Transaction, _ entrance: Entrance, _ parts: IntakeParts,
        framing: Mail.ContentReader.Framing, limit: Int
    ) throws(Failure) {
        var generator = SystemRandomNumberGenerator()
        id = QueueID(using: &generator)
        receivedAt = parts.clock()
        self.entrance = entrance
        self.parts = parts
        writer = parts.store.contentWriter(for: id)
        reader = Mail.ContentReader(limit: limit, framing: framing)
        held = ContentMemory.Share(of: parts.gate.memory)
        chunk = TraceField.received(
            from: transaction.origin, by: entrance.session.hostname, id: id,
            recipients: transaction.envelope.recipients, at: receivedAt)
        traceSize = chunk.count
        do throws(TLSError) { hash = try SHA256Digest.begin() } catch { throw .digest(error) }
    }

    // MARK: In

    /// Reads up to the end of data. Where the facts say that the content may not be taken, what is here is not the whole;
    /// the rest was read and dropped, so that the session is in step.
    func receive(from stream: Net.Stream) async throws(Failure) -> ContentFacts {
        while true {
            let progress = stream.withBuffer { bytes in
                let progress = reader.consume(bytes) { chunk.append(contentsOf: $0) }
                switch progress {
                case .needsMore: return (consumed: bytes.count, progress)
                case .ended(let consumed): return (consumed: consumed, progress)
                }
            }
            if case .ended = progress {
                if let failure { throw failure }
                return reader.facts
            }
            await store()
            try await fill(from: stream)
        }
    }

    /// Reads one chunk of `count` octets (RFC 3030 §2).
    func receiveChunk(of count: Int, from stream: Net.Stream) async throws(Failure) {
        var left = count
        while left > 0 {
            let taken = stream.withBuffer { bytes in
                let taken = min(left, bytes.count)
                reader.consume(chunk: UnsafeRawBufferPointer(rebasing: bytes[..<taken])) {
                    chunk.append(contentsOf: $0)
                }
                return (consumed: taken, taken)
            }
            left -= taken
            size &+= taken
            await store()
            if left > 0, taken == 0 { try await fill(from: stream) }
        }
        if let failure { throw failure }
    }

    /// The last chunk is in.
    func finishChunks() -> ContentFacts {
        reader.finish()
        return reader.facts
    }

    /// Hands over what has become too long to hold. The client is told of a failure at the end of its data, not before:
    /// until then it does not listen (RFC 5321 §4.1.1.4).
    private func store() async {
        if failure != nil {
            chunk.removeAll(keepingCapacity: true)
        } else if chunk.count > Self.chunkSize {
            repair(reader.facts)
            do throws(Failure) { try await handOver() } catch { failure = error }
        }
        held.hold(chunk.count)
    }

    private func fill(from stream: Net.Stream) async throws(Failure) {
        do throws(SocketError) {
            let count = max(size, reader.facts.size)
            // Content that is refused is swallowed to stay in step, but not for ever.
            if count / ServerSession.discardFactor > entrance.session.messageLimit { throw .reset }
            if try await wait.fill(from: stream, after: count, by: parts.gate) == .end { throw .reset }
        } catch {
            // The daemon stops: a transaction under way may still end well.
            if case .interrupted = error { return }
            throw .stream(error)
        }
    }

    /// - Parameter isLast: what is left goes into the digest alone: the content stays in memory.
    func handOver(isLast: Bool = false) async throws(Failure) {
        guard !chunk.isEmpty else { return }
        let bytes = chunk
        chunk = []
        isPartlyHandedOver = true
        do throws(TLSError) {
            try bytes.withBytes { (raw) throws(TLSError) in try hash?.update(raw) }
        } catch {
            throw .digest(error)
        }
        if isLast { return held.hold(bytes.count) }
        parts.gate.room.spend(bytes.count)
        do throws(StoreError) { try await writer.append(bytes) } catch { throw .store(error) }
        held.hold(0)
    }

    func digest() throws(StoreError) -> [UInt8] {
        guard let hash = hash.take() else { throw .failed("the digest was already taken") }
        do throws(TLSError) { return try hash.finish() } catch { throw .failed(error.text) }
    }
}
