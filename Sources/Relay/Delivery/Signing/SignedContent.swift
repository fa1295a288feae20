import Mail
import Store
import TLS

/// The content of a message as it is signed: from memory, or from the store in pieces.
struct SignedContent: Sendable {
    let message: StoredMessage
    let memory: [UInt8]?
    let store: any QueueStore

    /// The start of the content: `count` octets, or all of it.
    func head(atLeast count: Int) async throws(StoreError) -> [UInt8] {
        if let memory { return memory }
        var head: [UInt8] = []
        let reader = try await store.content(of: message)
        while head.count < count, let piece = try await reader.next() {
            let searched = max(0, head.count - 3)
            head += piece
            // The empty line ends the header section (RFC 5322 §2.1): no more is needed.
            if head[searched...].hasEmptyLine || head.starts(with: [0x0D, 0x0A]) { break }
        }
        return head
    }

    /// What stands in `bh=`, with the body's octets read a piece at a time.
    func bodyHash(from offset: Int) async throws -> DKIMBodyHash {
        if let memory { return try Self.bodyHash(of: memory, from: offset) }
        let reader = try await store.content(of: message)
        var digest = try DKIMBodyDigest.begin(.relaxed)
        var skipped = 0
        while let piece = try await reader.next() {
            let skip = min(max(0, offset - skipped), piece.count)
            skipped += skip
            try piece.withBytes { (bytes) throws(TLSError) in
                try digest.update(UnsafeRawBufferPointer(rebasing: bytes.dropFirst(skip)))
            }
        }
        return try digest.finish()
    }

    private static func bodyHash(of content: [UInt8], from offset: Int) throws(TLSError) -> DKIMBodyHash {
        var digest = try DKIMBodyDigest.begin(.relaxed)
        try content.withBytes { (bytes) throws(TLSError) in
            try digest.update(UnsafeRawBufferPointer(rebasing: bytes.dropFirst(offset)))
        }
        return try digest.finish()
    }
}

extension ArraySlice<UInt8> {
    /// CRLF CRLF is in it.
    fileprivate var hasEmptyLine: Bool {
        var rest = self
        while let found = rest.firstIndex(of: 0x0D) {
            if rest[found...].starts(with: [0x0D, 0x0A, 0x0D, 0x0A]) { return true }
            rest = rest[(found + 1)...]
        }
        return false
    }
}
