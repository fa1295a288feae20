import Mail
import Net
import Store
import TLS

/// The content of one message on its way out: from memory or from the store in chunks, dot-stuffed, its digest checked
/// before the final dot, so that a damaged message is never sent whole and never sent short.
struct DeliveryContent: Sendable {
    let message: StoredMessage
    /// Set for fresh mail.
    let memory: [UInt8]?
    let store: any QueueStore
    /// Whole header fields that go above the content: signatures.
    var fields: [UInt8] = []
    /// Set where a client waits for the delivery: once it gave up waiting, the final dot must not be written any more.
    var awaited: AwaitedAnswers?

    /// Octets gathered before they are written.
    static let chunk = 64 * 1024

    enum Sent {
        case sent
        /// Not to be sent, for this reason; the final dot was not written.
        case refused(Reason)
        case lost(SocketError)
    }

    /// Writes all of it with its end, each block within `blockTimeout` (RFC 5321 §4.5.3.2.5) and before `end`.
    func send(over stream: Net.Stream, blockTimeout: Duration, until end: Deadline) async -> Sent {
        if awaited?.isAbandoned == true { return .refused(Self.abandoned) }
        var writer = Mail.ContentWriter()
        var out: [UInt8] = []
        if let memory {
            out.reserveCapacity(fields.count + memory.count + memory.count / 64 + 8)
            do throws(ContentError) {
                try fields.withBytes { (bytes) throws(ContentError) in
                    try writer.encode(bytes) { out.append(contentsOf: $0) }
                }
                try memory.withBytes { (bytes) throws(ContentError) in
                    try writer.encode(bytes) { out.append(contentsOf: $0) }
                }
                if let awaited {
                    // Looked at again once the content is out: the end alone is what counts.
                    if case .lost(let error) = await write(out, over: stream, min(.after(blockTimeout), end)) {
                        return .lost(error)
                    }
                    if awaited.isAbandoned { return .refused(Self.abandoned) }
                    out.removeAll()
                }
                try writer.finish { out.append(contentsOf: $0) }
            } catch {
                return .refused(Self.reason(error))
            }
            return await write(out, over: stream, min(.after(blockTimeout), end))
        }
        let digest: [UInt8]
        do {
            let reader = try await store.content(of: message)
            var hash = try SHA256Digest.begin()
            try fields.withBytes { (bytes) throws(ContentError) in
                try writer.encode(bytes) { out.append(contentsOf: $0) }
            }
            while let piece = try await reader.next() {
                try piece.withBytes { (bytes) throws(TLSError) in try hash.update(bytes) }
                do throws(ContentError) {
                    try piece.withBytes { (bytes) throws(ContentError) in
                        try writer.encode(bytes) { out.append(contentsOf: $0) }
                    }
                } catch {
                    return .refused(Self.reason(error))
                }
                if out.count >= Self.chunk {
                    if case .lost(let error) = await write(out, over: stream, min(.after(blockTimeout), end)) {
                        return .lost(error)
                    }
                    out.removeAll(keepingCapacity: true)
                }
            }
            digest = try hash.finish()
        } catch let error as StoreError {
            return .refused(Self.reason(error))
        } catch {
            return .refused(Reason(.localFailure, "the content could not be read: \(error)"))
        }
        guard digest == message.digest else {
            return .refused(Reason(.contentDamaged, "the stored content no longer has the digest it was received with"))
        }
        if awaited?.isAbandoned == true { return .refused(Self.abandoned) }
        do throws(ContentError) {
            try writer.finish { out.append(contentsOf: $0) }
        } catch {
            return .refused(Self.reason(error))
        }
        return await write(out, over: stream, min(.after(blockTimeout), end))
    }

    private func write(_ bytes: [UInt8], over stream: Net.Stream, _ deadline: Deadline) async -> Sent {
        do throws(SocketError) {
            try await stream.write(bytes, until: deadline)
            return .sent
        } catch {
            return .lost(error)
        }
    }

    private static let abandoned = Reason(
        .timedOut, "the client that waited for the delivery was told to send the message again")

    private static func reason(_ error: ContentError) -> Reason {
        Reason(.contentDamaged, "the stored content holds a bare CR or LF, which may not be sent (\(error))")
    }

    private static func reason(_ error: StoreError) -> Reason {
        switch error {
        case .damaged(let why): Reason(.contentDamaged, "the stored content is damaged: \(why)")
        default: Reason(.localFailure, "the content could not be read: \(error)")
        }
    }
}
