import CLinux
import Glibc

extension Stream {
    /// Octets below which it is cheaper to copy a chunk behind the unsent ones than to send it from where it is.
    static let copyLimit = 4_096
    /// Chunks that one system call sends together; the kernel allows 1,024 (IOV_MAX).
    static let vectorLimit = 16

    // MARK: Coalescing

    /// Queues the octets for the next `flush`. Does not send.
    public func put(_ bytes: [UInt8]) throws(SocketError) {
        try checkRoom(bytes.count)
        output.append(contentsOf: bytes)
    }

    /// Queues the octets for the next `flush`. Does not send.
    public func put(_ bytes: ArraySlice<UInt8>) throws(SocketError) {
        try checkRoom(bytes.count)
        output.append(contentsOf: bytes)
    }

    /// Copies and queues the octets for the next `flush`. Does not send.
    public func put(_ bytes: UnsafeRawBufferPointer) throws(SocketError) {
        try checkRoom(bytes.count)
        output.append(contentsOf: bytes)
    }

    /// Queues the text as UTF-8 for the next `flush`. Does not send.
    public func put(_ text: String) throws(SocketError) {
        try checkRoom(text.utf8.count)
        output.append(contentsOf: text.utf8)
    }

    private func checkRoom(_ count: Int) throws(SocketError) {
        try checkWritable()
        if unsentCount + count > Self.outputLimit { throw .bufferFull }
    }

    /// Octets queued and not sent.
    public var unsentCount: Int {
        isUsable ? output.count - outputSent : 0
    }

    /// Sends what is queued, all of it.
    public func flush(until deadline: Deadline) async throws(SocketError) {
        try checkWritable()
        while outputSent < output.count {
            let result = output.withUnsafeBytes { send(UnsafeRawBufferPointer(rebasing: $0[outputSent...])) }
            outputSent += try await settle(result, until: deadline)
        }
        outputSent = 0
        // A large block is not kept for an idle connection.
        output.removeAll(keepingCapacity: output.capacity <= InputBuffer.blockSize)
    }

    // MARK: Sending at once

    /// Sends what is queued and then these octets.
    public func write(_ bytes: [UInt8], until deadline: Deadline) async throws(SocketError) {
        try await write(bytes[...], until: deadline)
    }

    /// Sends what is queued and then these octets.
    public func write(_ bytes: ArraySlice<UInt8>, until deadline: Deadline) async throws(SocketError) {
        try checkWritable()
        if unsentCount > 0 {
            if bytes.count <= Self.copyLimit {
                output.append(contentsOf: bytes)
                return try await flush(until: deadline)
            }
            if transport == nil { return try await write([bytes], until: deadline) }
            try await flush(until: deadline)
        }
        var sent = 0
        while sent < bytes.count {
            let result = bytes.withUnsafeBytes { send(UnsafeRawBufferPointer(rebasing: $0[sent...])) }
            sent += try await settle(result, until: deadline)
        }
    }

    /// Sends what is queued and then the chunks, as if they were one: in one system call per `vectorLimit` of them, or through
    /// the transport in blocks.
    public func write(_ chunks: [ArraySlice<UInt8>], until deadline: Deadline) async throws(SocketError) {
        try checkWritable()
        if transport != nil { return try await writeBlocks(chunks, until: deadline) }
        var rest = chunks[...].filter { !$0.isEmpty }
        if unsentCount > 0 {
            rest.insert(output[outputSent...], at: 0)
            output = []
            outputSent = 0
        }
        var first = 0
        while first < rest.count {
            var sent = try await settle(sendVector(rest[first...].prefix(Self.vectorLimit)), until: deadline)
            while first < rest.count, sent >= rest[first].count {
                sent -= rest[first].count
                first += 1
            }
            if sent > 0 { rest[first] = rest[first].dropFirst(sent) }
        }
    }

    /// A transport seals each send by itself: chunks are joined so that a small one does not become a record of its own.
    private nonisolated(nonsending) func writeBlocks(_ chunks: [ArraySlice<UInt8>], until deadline: Deadline)
        async throws(SocketError)
    {
        for chunk in chunks {
            if unsentCount + chunk.count > InputBuffer.blockSize {
                try await write(chunk, until: deadline)
            } else {
                output.append(contentsOf: chunk)
            }
        }
        try await flush(until: deadline)
    }

    // MARK: One try

    private func checkWritable() throws(SocketError) {
        try checkUsable()
        if let outputFailure { throw outputFailure }
    }

    private func send(_ bytes: UnsafeRawBufferPointer) -> TransferResult {
        if let transport { return transport.send(bytes) }
        let number = registration.number
        return Self.result { Glibc.send(number, bytes.baseAddress, bytes.count, CInt(MSG_NOSIGNAL)) }
    }

    private func sendVector(_ chunks: ArraySlice<ArraySlice<UInt8>>) -> TransferResult {
        let number = registration.number
        return withUnsafeTemporaryAllocation(of: iovec.self, capacity: Self.vectorLimit) { vectors in
            Self.pin(chunks, into: vectors, 0) { count in
                var message = msghdr()
                message.msg_iov = vectors.baseAddress
                message.msg_iovlen = count
                return Self.result { sendmsg(number, &message, CInt(MSG_NOSIGNAL)) }
            }
        }
    }

    /// Lends all chunks at the same time, one level of the stack for each.
    private static func pin(
        _ chunks: ArraySlice<ArraySlice<UInt8>>, into vectors: UnsafeMutableBufferPointer<iovec>, _ count: Int,
        _ body: (Int) -> TransferResult
    ) -> TransferResult {
        guard let chunk = chunks.first, count < vectors.count else { return body(count) }
        return chunk.withUnsafeBytes { bytes in
            vectors[count] = iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
            return pin(chunks.dropFirst(), into: vectors, count + 1, body)
        }
    }

    private static func result(_ call: () -> Int) -> TransferResult {
        do throws(Errno) {
            return .bytes(try Errno.check(call))
        } catch {
            return error == .again ? .wantWrite : .failed(error)
        }
    }

    /// Says how much was sent; if nothing, waits for what the try wants and says 0. A failure here is one for good: what part
    /// of the octets went out, the caller can no longer know.
    private nonisolated(nonsending) func settle(_ result: TransferResult, until deadline: Deadline)
        async throws(SocketError) -> Int
    {
        do throws(SocketError) {
            switch result {
            case .bytes(let count) where count > 0:
                if exceedsShare(count) {
                    await Task.yield()
                    try checkUsable()
                    if deadline <= loop.turnStart { throw .expired }
                }
                return count
            case .wantWrite, .bytes:
                try await wait(for: .write, until: deadline)
            case .wantRead:
                try await wait(for: .read, until: deadline)
            case .end:
                throw .reset
            case .failed(let error):
                throw SocketError(transport: error)
            }
            try checkUsable()
            return 0
        } catch {
            if loop.isOnThread { outputFailure = error }
            throw error
        }
    }
}
