public import Mail
import Synchronization

/// What is the same for many attempts, kept once: lives and attempts name it by its key.
public struct TraceDocument: Hashable, Sendable {
    public var kind: Kind
    /// Made from the content by whoever writes it: see `DocumentKey`.
    public var key: String
    /// At most ``TraceLimits/document`` octets.
    public var bytes: [UInt8]
    /// When something referred to it last. On disk to the day.
    public var usedAt: WallTime

    /// The raw values are on disk: never changed, only added to.
    public enum Kind: Int, Hashable, Sendable, CaseIterable {
        /// What was decided of a next hop, and on what grounds: JSON.
        case decision = 1
        /// What a host showed: JSON.
        case evidence = 2
        /// DER.
        case certificate = 3
    }

    public init(_ kind: Kind, key: String, bytes: [UInt8], usedAt: WallTime) {
        self.kind = kind
        self.key = key
        self.bytes = bytes
        self.usedAt = usedAt
    }
}

extension TraceStore {
    /// Takes a document, which may be there already. Never waits, never throws.
    ///
    /// Tell it again from time to time while it is referred to: that keeps it, and brings it back where it was lost.
    /// - Returns: false where it was not taken: it is too long, or too much waits. Then nothing may refer to it.
    public func document(_ document: TraceDocument) -> Bool {
        guard document.bytes.count <= TraceLimits.document, document.key.utf8.count <= TraceLimits.documentKey else {
            return false
        }
        return writer.take(.document(document))
    }

    /// Those of `keys` that are kept, by their keys, with what was taken until now. At most ``TraceLimits/documentsRead``.
    public func documents(_ keys: some Collection<String>) async throws(StoreError) -> [String: TraceDocument] {
        try await documentsWritten()
        guard let reader = writer.shared.withLock({ $0.reader }) else { throw .failed("the trace has no file") }
        let wanted = Array(keys.prefix(TraceLimits.documentsRead))
        return try await reader.read { db in try DocumentRows.find(wanted, db) }
    }

    /// Documents were taken that are not in the hands of the kernel yet.
    public var hasDocumentsWaiting: Bool { writer.hasDocumentsWaiting }

    /// Returns once the documents that were taken before are in the hands of the kernel, or lost with a fault: whatever refers
    /// to one of them then may be written. At once where none waits, as a rule.
    public func documentsWritten() async throws(StoreError) {
        if writer.hasDocumentsWaiting { try await flush() }
    }
}
