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
    private let id: QueueID
    private let receivedAt: WallTime
    private let parts: IntakeParts
    private let writer: Store.ContentWriter
    private var hash: SHA256Digest?
    /// What was not yet handed to the writer.
    private var chunk: [UInt8]
    /// True once a chunk was handed over: what is left in memory is no longer the whole.
    private var isPartlyHandedOver = false

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

    init(_ transaction: Transaction, _ parts: IntakeParts) throws(Failure) {
        var generator = SystemRandomNumberGenerator()
        id = QueueID(using: &generator)
        receivedAt = parts.clock()
        self.parts = parts
        writer = parts.store.contentWriter(for: id)
        chunk = TraceField.received(
            from: transaction.origin, by: parts.session.hostname, id: id,
            recipients: transaction.envelope.recipients, at: receivedAt)
        do throws(TLSError) { hash = try SHA256Digest.begin() } catch { throw .digest(error) }
    }

    /// Reads up to the end of data. Where the facts say that the content may not be taken, what is here is not the whole;
    /// the rest was read and dropped, so that the session is in step.
    func receive(from stream: Net.Stream, limit: Int) async throws(Failure) -> ContentFacts {
        var reader = Mail.ContentReader(limit: limit)
        var failure: Failure?
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
            if failure != nil {
                // The client is told at the end of its data, not before: until then it does not listen (RFC 5321 §4.1.1.4).
                chunk.removeAll(keepingCapacity: true)
            } else if chunk.count > Self.chunkSize {
                do throws(Failure) { try await handOver() } catch { failure = error }
            }
            do throws(SocketError) {
                let filled = try await stream.fill(until: .after(parts.configuration.dataTimeout))
                if filled == .end { throw .reset }
            } catch {
                // The daemon stops: a transaction under way may still end well.
                if case .interrupted = error { continue }
                throw .stream(error)
            }
        }
    }

    /// Makes the message durable, then hands it to the dispatcher.
    /// - Returns: its id, once it is on disk.
    func commit(_ transaction: Transaction, _ facts: ContentFacts) async throws(Failure) -> QueueID {
        let memory = isPartlyHandedOver || chunk.count > QueueLimits.inlineContent ? nil : chunk
        try await handOver()
        let envelope = transaction.envelope
        let expires = receivedAt.advanced(
            by: envelope.reversePath == .null ? parts.schedule.dsnLifetime : parts.schedule.lifetime)
        do throws(StoreError) {
            let content = try await writer.finish()
            let message = NewMessage(
                id: id, kind: facts.isTLSReport ? .foreignReport : .mail, reversePath: envelope.reversePath,
                body: envelope.body, receivedAt: receivedAt,
                expiresAt: expires, digest: try digest(), hasEightBit: facts.has8bit,
                origin: MessageOrigin(
                    clientName: transaction.origin.clientName.text, clientAddress: transaction.origin.peer.address,
                    tls: transaction.origin.tls.map { "\($0.version) \($0.cipher)" },
                    login: transaction.origin.user),
                demand: envelope.demand, returns: envelope.returns, envelopeID: envelope.envelopeID,
                isInternationalized: envelope.isInternationalized,
                needsUTF8Header: envelope.isInternationalized && facts.has8bit, content: content,
                recipients: envelope.recipients.map { recipient in
                    NewRecipient(
                        recipient.mailbox,
                        destination: parts.routing.nextHop(for: recipient.mailbox.domain).destination,
                        nextAttempt: receivedAt, request: recipient.request)
                })
            for queued in try await parts.store.enqueue([message]) {
                await parts.dispatcher.submit(
                    Job.fresh(
                        queued, recipients: envelope.recipients, routing: parts.routing, content: memory))
            }
            return id
        } catch {
            throw .store(error)
        }
    }

    private func handOver() async throws(Failure) {
        guard !chunk.isEmpty else { return }
        let bytes = chunk
        chunk = []
        isPartlyHandedOver = true
        parts.room.spend(bytes.count)
        do throws(TLSError) {
            try bytes.withBytes { (raw) throws(TLSError) in try hash?.update(raw) }
        } catch {
            throw .digest(error)
        }
        do throws(StoreError) { try await writer.append(bytes) } catch { throw .store(error) }
    }

    private func digest() throws(StoreError) -> [UInt8] {
        guard let hash = hash.take() else { throw .failed("the digest was already taken") }
        do throws(TLSError) { return try hash.finish() } catch { throw .failed(error.text) }
    }
}
