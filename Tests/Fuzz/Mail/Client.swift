import Mail

extension Target {
    /// The two state machines, fed what comes in any order.
    static let sessions: [Target] = [
        Target(name: "client") { octets in
            var walk = ClientWalk(octets)
            walk.run()
        },
        Target(name: "server") { octets in
            var walk = ServerWalk(octets)
            walk.run()
        },
    ]
}

/// A host that answers whatever it likes, whenever it likes. Each octet chooses the next event; what follows it up to the line's end is
/// what the host says.
private struct ClientWalk {
    private var rest: ArraySlice<UInt8>
    private let level: TLSRequirement.Level
    private var session: ClientSession
    private var recipients = 0
    /// The verdict on what the host showed was good, since TLS last began.
    private var isJudged = false
    private var isSecured = false

    init(_ octets: [UInt8]) {
        rest = octets[...]
        let kind = rest.popFirst() ?? 0
        level = TLSRequirement.Level.allCases[Int(kind & 3)]
        let first = Self.transaction(Int(kind >> 4))
        recipients = first?.recipients.count ?? 0
        session = ClientSession(
            hostname: MailDomain.name(Self.name),
            requirement: TLSRequirement(level: level, by: nil, serverName: nil, reason: Explanation("fuzz")),
            security: kind & 4 == 0 ? .startTLS : .implicitTLS,
            credentials: kind & 8 == 0 ? nil : Credentials(user: "u", password: "p"), first: first)
    }

    mutating func run() {
        var action = session.handle(.connected)
        while let event = check(action) { action = session.handle(event) }
    }

    /// What must hold of an action, and what happens next; nil at the end.
    private mutating func check(_ action: ClientSession.Action) -> ClientSession.Event? {
        switch action {
        case .finish(let result):
            Target.must(result.results.isEmpty || result.results.count == recipients, "results for others")
            return nil
        case .send(let octets, _):
            Target.must(octets.suffix(2) == [13, 10], "a command without its end")
            let lines = octets.split(separator: 10).map(Array.init)
            Target.must(
                lines.allSatisfy { $0.last == 13 && !$0.dropLast().contains(13) }, "a command with a line end within")
            if lines.contains(where: { $0.starts(with: Array("MAIL".utf8)) }) { mayWrite("MAIL") }
            return happening()
        case .sendContent:
            mayWrite("content")
            return happening()
        case .startTLS:
            isJudged = false
            return happening()
        case .judge(let evidence):
            return verdict(on: evidence)
        case .finishTransaction(let results, let isReusable):
            Target.must(results.count == recipients, "\(results.count) results for \(recipients) recipients")
            recipients = 0
            guard isReusable, let next = Self.transaction(Int(rest.popFirst() ?? 0) & 7) else {
                return .noTransactionLeft
            }
            recipients = next.recipients.count
            return .transactionGiven(next)
        case .read:
            return happening()
        }
    }

    private func mayWrite(_ what: String) {
        if level >= .encrypted { Target.must(isSecured && isJudged, "\(what) before the host has shown what it must") }
    }

    /// As the shell judges: what is demanded must be there.
    private mutating func verdict(on evidence: PeerEvidence) -> ClientSession.Event {
        var isFit = level < .encrypted
        if case .established = evidence { isFit = true }
        guard isFit, rest.first != 0 else { return .mustAbandon(Reason(.tlsHandshakeFailed, "fuzz")) }
        isJudged = true
        return .mayProceed
    }

    private mutating func happening() -> ClientSession.Event? {
        guard let choice = rest.popFirst() else { return .connectionLost }
        switch choice & 15 {
        case 0...8: return replied()
        case 9:
            isSecured = true
            return .secured(Self.facts)
        case 10: return .tlsFailed(HandshakeFailure(.negotiation, text: "fuzz"))
        case 11: return .contentSent
        case 12: return .contentFailed(Reason(.contentDamaged, "fuzz"))
        case 13: return .timedOut
        case 14: return .connectionLost
        default: return .mayProceed
        }
    }

    private mutating func replied() -> ClientSession.Event {
        var parser = ReplyParser()
        while true {
            do throws(ReplyError) {
                if let reply = try parser.next() { return .replied(reply, pendingBytes: Int(rest.popFirst() ?? 0) & 3) }
            } catch {
                return .malformedReply(error)
            }
            if rest.isEmpty { return .connectionLost }
            let end = rest.firstIndex(of: 10).map { $0 + 1 } ?? rest.endIndex
            parser.append(rest[..<end])
            rest = rest[end...]
        }
    }

    private static let name = Target.needed(try? DomainName("relay.example"))
    private static let facts = TLSSessionFacts(
        version: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384", resumed: false, verification: .unverified,
        certificate: nil)

    /// Nil for none.
    private static func transaction(_ count: Int) -> ClientTransaction? {
        let recipients = (0..<count).compactMap { number in
            (try? Mailbox(parsing: "r\(number)@b.example".utf8)).map { Envelope.Recipient($0) }
        }
        guard count > 0, let path = try? ReversePath(parsing: "<s@a.example>".utf8) else { return nil }
        return ClientTransaction(
            reversePath: path, recipients: recipients, size: 1000, has8bit: count & 1 == 1,
            demand: MessageDemand.allCases[count % MessageDemand.allCases.count])
    }
}

/// A client that says whatever it likes, to a shell whose disk and handshakes go as they like.
private struct ServerWalk {
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
            let reply = Reply(code: 250, enhanced: nil, lines: ["ok"])
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
        let line = Array(rest[..<end])
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
