import Fuzzing

@testable import Mail

/// A client that says whatever it likes, to a shell whose disk and handshakes go as they like.
struct ServerWalk {
    private var rest: ArraySlice<UInt8>
    private var session: ServerSession
    private let mayRelay: Bool
    private var isLoggedIn = false
    private var reader: ContentReader?

    init(_ octets: [UInt8]) {
        rest = octets[...]
        let kind = rest.popFirst() ?? 0
        mayRelay = kind & 1 == 1
        session = ServerSession(
            ServerSession.Configuration(
                hostname: Target.needed(try? DomainName("relay.example")), messageLimit: 4096, recipientLimit: 5,
                receivedLimit: 3, errorLimit: 100,
                security: kind & 2 == 0 ? .none : .offered, spoken: kind & 4 == 0 ? .smtp : .lmtp,
                acknowledgement: kind & 8 == 0 ? .queued : .delivered,
                mechanisms: kind & 16 == 0 ? [] : SASLMechanismName.allCases))
    }

    mutating func run() {
        var event = ServerSession.Event.connected(.address(.v4(0xC000_0201)), ClientTerms(mayRelay: mayRelay), tls: nil)
        for _ in 0..<10_000 {
            guard let next = check(session.handle(event)) else { return }
            event = next
        }
    }

    private mutating func check(_ action: ServerSession.Action) -> ServerSession.Event? {
        if !session.holdsContent { reader = nil }
        switch action {
        case .close(let replies):
            wellFormed(replies)
            return nil
        case .reply(let replies, _):
            wellFormed(replies)
            return command()
        case .startTLS(let reply):
            wellFormed([reply])
            return (rest.popFirst() ?? 0) & 1 == 0
                ? .tlsFailed
                : .secured(
                    TLSSessionFacts(
                        version: "TLSv1.3", cipher: "-", resumed: false, verification: .unverified, certificate: nil),
                    ClientTerms(mayRelay: mayRelay))
        case .authenticate:
            guard (rest.popFirst() ?? 0) & 1 == 1 else {
                return .authenticated(.failed(.credentials), ClientTerms(mayRelay: mayRelay))
            }
            isLoggedIn = true
            return .authenticated(.succeeded(user: "u"), ClientTerms(mayRelay: true))
        case .receiveContent(let reply, let transaction, let limit):
            wellFormed([reply])
            allowed(transaction)
            return content(limit)
        case .receiveChunk(let transaction, let size, let isLast, let limit):
            allowed(transaction)
            return chunk(size, isLast, limit)
        case .discardChunk(let size):
            guard size <= rest.count else { return .peerClosed }
            rest = rest.dropFirst(size)
            return .chunkEnded(size: 0, pendingBytes: rest.count)
        case .commit(let transaction, _):
            allowed(transaction)
            guard (rest.popFirst() ?? 0) & 3 != 0, let id = QueueID("0123456789bcdfghjklm") else {
                return .commitFailed(.storeFull)
            }
            return .committed(id)
        case .deliver(let transaction, _):
            allowed(transaction)
            let reply = Reply(250, lines: ["ok"])
            return .answered(transaction.envelope.recipients.map { _ in reply })
        case .wait:
            return nil
        }
    }

    private func allowed(_ transaction: Transaction) {
        Target.must(mayRelay || isLoggedIn, "mail of a client that may not relay")
        let count = transaction.envelope.recipients.count
        Target.must((1...5).contains(count), "mail for \(count) recipients")
    }

    private func wellFormed(_ replies: [Reply]) {
        for reply in replies {
            let octets = reply.rendered
            let lines = octets.split(separator: 10).map(Array.init)
            Target.must(
                lines.allSatisfy { $0.last == 13 && $0.count >= 4 && !$0.dropLast().contains { $0 == 13 || $0 == 0 } },
                "a reply that is none: \(String(decoding: octets, as: UTF8.self).debugDescription)")
        }
    }

    private mutating func command() -> ServerSession.Event? {
        guard !rest.isEmpty else { return .peerClosed }
        let end = rest.firstIndex(of: 10) ?? rest.endIndex
        var line = Array(rest[..<end])
        if line.last == 13 { line.removeLast() }
        rest = rest[end...].dropFirst()
        switch line.first {
        case 0: return .timedOut
        case 1: return .shuttingDown
        default: break
        }
        guard line.count <= Command.lineLimit else { return .lineTooLong(pendingBytes: rest.count) }
        return .lineReceived(line, pendingBytes: rest.count, capacity: IntakeCapacity(octets: 100_000))
    }

    private mutating func content(_ limit: Int) -> ServerSession.Event {
        var reader = ContentReader(limit: limit)
        let progress = Array(rest).withUnsafeBytes { bytes in reader.consume(bytes) { _ in } }
        guard case .ended(let count) = progress else { return .peerClosed }
        rest = rest.dropFirst(count)
        return .contentEnded(reader.facts, pendingBytes: rest.count)
    }

    private mutating func chunk(_ size: Int, _ isLast: Bool, _ limit: Int) -> ServerSession.Event {
        guard size <= rest.count else { return .peerClosed }
        var taken = reader ?? ContentReader(limit: limit, framing: .chunks)
        Array(rest.prefix(size)).withUnsafeBytes { bytes in taken.consume(chunk: bytes) { _ in } }
        rest = rest.dropFirst(size)
        guard isLast else {
            reader = taken
            return .chunkEnded(size: size, pendingBytes: rest.count)
        }
        taken.finish()
        reader = nil
        return .contentEnded(taken.facts, pendingBytes: rest.count)
    }
}
