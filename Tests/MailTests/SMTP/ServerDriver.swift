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

    init(_ configuration: ServerSession.Configuration, mayRelay: Bool = true) {
        session = ServerSession(configuration)
        perform(session.handle(.connected(ServerSession.Client(peer: .address(.v4(0xC000_0209)), mayRelay: mayRelay))))
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
            perform(session.handle(.lineReceived(line, pendingBytes: input.count, room: room)))
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
