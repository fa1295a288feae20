import CLinux
import Glibc

/// How a line ended: only CR LF ends a line of SMTP (RFC 5321 §2.3.8), so the difference is told.
public enum LineEnding: Hashable, Sendable {
    /// CR LF.
    case crlf
    /// LF without a CR before it.
    case lf
}

/// What `readLine` found.
public enum LineRead: Hashable, Sendable {
    /// A line without its ending. It may hold bare CRs and any other octet but LF.
    case line([UInt8], LineEnding)
    /// The limit is reached and no LF in sight. Nothing is consumed: `discardLine` skips the line, or close the stream.
    case tooLong
    /// The peer closed; with the octets of a last line that it did not end, none if it closed between lines.
    case end([UInt8])
}

/// What came of reading into the buffer.
public enum Fill: Hashable, Sendable {
    /// So many octets were added, at least one.
    case bytes(Int)
    /// The peer will send no more.
    case end
}

extension Stream {
    // MARK: Lines and blocks

    /// Reads the next line of at most `limit` octets, its ending included.
    public func readLine(limit: Int, until deadline: Deadline) async throws(SocketError) -> LineRead {
        while true {
            try checkUsable()
            if let place = input.lineFeed(), place < limit {
                return takeLine(place)
            }
            if input.count >= limit { return .tooLong }
            if try await fill(room: 1, until: deadline) == .end {
                return .end(input.take(input.count))
            }
        }
    }

    private func takeLine(_ place: Int) -> LineRead {
        let bytes = input.bytes
        let isCRLF = place > 0 && bytes[place - 1] == 0x0D
        let line = Array(bytes.prefix(isCRLF ? place - 1 : place))
        input.consume(place + 1)
        return .line(line, isCRLF ? .crlf : .lf)
    }

    /// Skips up to and including the next LF, keeping no more than one block of it. Says how many octets went, and how the line
    /// ended: nil if the peer closed first.
    public func discardLine(until deadline: Deadline) async throws(SocketError) -> (count: Int, ending: LineEnding?) {
        var count = 0
        var last: UInt8 = 0
        while true {
            try checkUsable()
            if let place = input.lineFeed() {
                if place > 0 { last = input.bytes[place - 1] }
                input.consume(place + 1)
                return (count + place + 1, last == 0x0D ? .crlf : .lf)
            }
            last = input.bytes.last ?? last
            count += discardBuffered()
            if try await fill(room: 1, until: deadline) == .end { return (count, nil) }
        }
    }

    /// Reads what is there, at most `limit` octets; nil when the peer has closed.
    public func read(upTo limit: Int, until deadline: Deadline) async throws(SocketError) -> [UInt8]? {
        try checkUsable()
        if limit <= 0 { return [] }
        if input.count == 0, try await fill(room: 1, until: deadline) == .end { return nil }
        return input.take(limit)
    }

    // MARK: The buffer

    /// Receives more into the buffer, waiting if nothing is there. Throws `.bufferFull` with `inputLimit` octets unread.
    public func fill(until deadline: Deadline) async throws(SocketError) -> Fill {
        if loop.isOnThread, input.count >= Self.inputLimit { throw .bufferFull }
        return try await fill(room: 1, until: deadline)
    }

    /// Octets received and not taken. After a reply or command that must be the last before TLS, anything here is an injection.
    public var bufferedCount: Int {
        isUsable ? input.count : 0
    }

    /// Lends the buffered octets, empty ones too; as many as the body says are consumed.
    public func withBuffer<Value, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> (consumed: Int, Value)
    ) throws(Failure) -> Value {
        guard isUsable else { return try body(UnsafeRawBufferPointer(start: nil, count: 0)).1 }
        let (consumed, value) = try body(input.bytes)
        input.consume(consumed)
        return value
    }

    /// Takes all buffered octets.
    public func takeBuffered() -> [UInt8] {
        isUsable ? input.take(input.count) : []
    }

    /// Throws the buffered octets away; says how many.
    @discardableResult
    public func discardBuffered() -> Int {
        guard isUsable else { return 0 }
        let count = input.count
        input.consume(count)
        return count
    }

    // MARK: Receiving

    private nonisolated(nonsending) func fill(room: Int, until deadline: Deadline) async throws(SocketError) -> Fill {
        while true {
            try checkUsable()
            if inputEnded { return .end }
            if deadline <= loop.turnStart { throw .expired }
            switch receive(room) {
            case .bytes(let count) where count > 0:
                input.produced(count)
                // A peer that sends faster than we read must not have the loop for itself.
                if exceedsShare(count) { await Task.yield() }
                return .bytes(count)
            case .end:
                inputEnded = true
                input.releaseIfEmpty()
                return .end
            // No octets and no reason: the transport broke its promise. Waiting ends by the deadline, trying again might not.
            case .wantRead, .bytes:
                input.releaseIfEmpty()
                try await wait(for: .read, until: deadline)
            case .wantWrite:
                input.releaseIfEmpty()
                try await wait(for: .write, until: deadline)
            case .failed(let error):
                throw SocketError(transport: error)
            }
        }
    }

    /// One try. The plain socket is not asked when it has said that nothing is there and epoll has not said otherwise since.
    private func receive(_ minimum: Int) -> TransferResult {
        if let transport { return transport.receive(into: input.room(atLeast: minimum)) }
        if !registration.isReadable { return .wantRead }
        let room = input.room(atLeast: minimum)
        let number = registration.number
        do throws(Errno) {
            let count = try Errno.check { recv(number, room.baseAddress, room.count, 0) }
            // A read that leaves room has emptied the socket (epoll(7), question 9): the next edge tells of more.
            if count < room.count && !registration.hasEnded { registration.exhausted(.read) }
            return count == 0 ? .end : .bytes(count)
        } catch {
            return error == .again ? .wantRead : .failed(error)
        }
    }
}
