@testable import Mail

/// A pump for one server session, over octets in memory.
struct ServerDriver {
    var session: ServerSession
    /// What the client has received, and what waits for a flush.
    private(set) var output = ""
    private(set) var unflushed: [UInt8] = []
    private(set) var stored: [(Transaction, String)] = []
    private(set) var isClosed = false
    /// The session waits for a handshake.
    private(set) var awaitsTLS = false
    var room = Int.max
    var capacity = IntakeCapacity(octets: .max)
    /// What the remote host will say, where the delivery itself is acknowledged.
    var answers: [Reply] = []
    /// How logins will end.
    var login = AuthenticationResult.failed(.credentials)
    /// Logins that were begun.
    private(set) var logins: [SASLMechanismName] = []
    /// Octets of a chunk that are still to come, and whether they are content.
    private var chunkLeft: Int?
    private var isChunkKept = false
    private var isChunkLast = false
    private(set) var discarded = 0
    /// The reader is of chunks.
    private var isChunking = false
    var commitFailure: ServerSession.CommitFailure?
    /// Replies in the order they were given.
    private(set) var replies: [Reply] = []

    private var input: [UInt8] = []
    private var reader: ContentReader?
    private var content: [UInt8] = []
    private var transaction: Transaction?
    /// An overlong line is being swallowed.
    private var swallowing = false

    static let hostname = try? DomainName("relay.example")
    static let id = QueueID("0123456789bcdfghjklm")

    init(
        _ configuration: ServerSession.Configuration, mayRelay: Bool = true, terms: ClientTerms? = nil,
        tls: TLSSessionFacts? = nil
    ) {
        session = ServerSession(
            configuration, toASCII: { $0 == "b\u{FC}cher.example" ? try? DomainName("xn--bcher-kva.example") : nil })
        perform(
            session.handle(
                .connected(.address(.v4(0xC000_0209)), terms ?? ClientTerms(mayRelay: mayRelay), tls: tls)))
    }

    /// Sends one segment, and returns what the client receives for it.
    mutating func send(_ text: String) -> String {
        send(Array(text.utf8))
    }

    mutating func send(_ bytes: [UInt8]) -> String {
        output = ""
        input += bytes
        while !isClosed, !awaitsTLS, step() {}
        return output
    }

    /// The codes of the replies to one segment.
    mutating func codes(_ text: String) -> [UInt16] {
        let before = replies.count
        _ = send(text)
        return replies[before...].map(\.code)
    }

    mutating func report(_ event: ServerSession.Event) -> String {
        output = ""
        if case .secured = event { awaitsTLS = false }
        perform(session.handle(event))
        return output
    }

    private mutating func step() -> Bool {
        if let left = chunkLeft {
            let taken = min(left, input.count)
            if isChunkKept {
                input[..<taken].withUnsafeBytes { bytes in reader?.consume(chunk: bytes) { content += $0 } }
            } else {
                discarded += taken
            }
            input.removeFirst(taken)
            chunkLeft = left - taken
            guard left == taken else { return false }
            chunkLeft = nil
            if isChunkKept, isChunkLast, var ended = reader {
                ended.finish()
                (reader, isChunking) = (nil, false)
                perform(session.handle(.contentEnded(ended.facts, pendingBytes: input.count)))
            } else {
                if !isChunkKept { reader = nil }
                perform(session.handle(.chunkEnded(size: content.count, pendingBytes: input.count)))
            }
            return true
        }
        if isChunking { return readLine() }
        if var current = reader {
            let progress = input.withUnsafeBytes { bytes in current.consume(bytes) { content += $0 } }
            reader = current
            switch progress {
            case .needsMore:
                input = []
                return false
            case .ended(let consumed):
                input.removeFirst(consumed)
                reader = nil
                perform(session.handle(.contentEnded(current.facts, pendingBytes: input.count)))
                return true
            }
        }
        return readLine()
    }

    private mutating func readLine() -> Bool {
        guard let end = input.indices.dropLast().first(where: { input[$0] == 13 && input[$0 + 1] == 10 }) else {
            if input.count > Command.lineLimit { swallowing = true }
            return false
        }
        let line = Array(input[..<end])
        input.removeFirst(end + 2)
        if swallowing || line.count > Command.lineLimit {
            swallowing = false
            perform(session.handle(.lineTooLong(pendingBytes: input.count)))
        } else {
            var capacity = capacity
            capacity.octets = room
            perform(session.handle(.lineReceived(line, pendingBytes: input.count, capacity: capacity)))
        }
        return true
    }

    private mutating func write(_ reply: Reply) {
        replies.append(reply)
        unflushed += reply.rendered
    }

    private mutating func flush() {
        output += String(decoding: unflushed, as: UTF8.self)
        unflushed = []
    }

    private mutating func perform(_ action: ServerSession.Action) {
        if !session.holdsContent { (reader, isChunking) = (nil, false) }
        switch action {
        case .reply(let replies, let flushes):
            replies.forEach { write($0) }
            if flushes { flush() }
        case .startTLS(let reply):
            write(reply)
            flush()
            input = []
            awaitsTLS = true
        case .receiveContent(let reply, let transaction, let limit):
            write(reply)
            flush()
            reader = ContentReader(limit: limit)
            content = []
            self.transaction = transaction
        case .receiveChunk(let transaction, let size, let isLast, let limit):
            if reader == nil {
                reader = ContentReader(limit: limit, framing: .chunks)
                isChunking = true
                content = []
            }
            self.transaction = transaction
            (chunkLeft, isChunkKept, isChunkLast) = (size, true, isLast)
        case .discardChunk(let size):
            (chunkLeft, isChunkKept, isChunkLast) = (size, false, false)
        case .authenticate(let mechanism, _):
            logins.append(mechanism)
            let terms = ClientTerms(mayRelay: true)
            perform(session.handle(.authenticated(login, terms)))
        case .deliver(let transaction, _):
            stored.append((transaction, String(decoding: content, as: UTF8.self)))
            perform(session.handle(.answered(answers)))
        case .commit(let transaction, _):
            if let commitFailure {
                perform(session.handle(.commitFailed(commitFailure)))
            } else if let id = Self.id {
                stored.append((transaction, String(decoding: content, as: UTF8.self)))
                perform(session.handle(.committed(id)))
            }
        case .close(let replies):
            replies.forEach { write($0) }
            flush()
            isClosed = true
        case .wait:
            break
        }
    }
}
