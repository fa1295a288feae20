import Logging
import Mail
import Net
import Store
import Synchronization
import TLS

/// The pump of stations 2 and 3: one client's session. It performs what `ServerSession` says and reports what happened.
///
/// Lives in one task on the stream's loop.
struct IntakeSession {
    let stream: Net.Stream
    let peer: Peer
    let entrance: Entrance
    let parts: IntakeParts
    private var session: ServerSession
    private var tls: TLSSession?
    private var user: String?
    private var account: IntakeGate.Account
    /// Content received and not yet committed.
    var received: ReceivedContent?

    /// Commands refused so far.
    private var refusals = 0
    /// The replies that come next are the next hop's, for a client that waited for them.
    private var hasNextHopReplies = false

    /// Lines of the log about refused commands of one session: a client with a hundred thousand recipients too many must not
    /// fill the disk.
    private static let refusalLines = 100
    /// Octets of replies that gather before they are sent although the client's commands go on.
    private static let replyGathering = 16 * 1024
    /// For the farewell of a TLS session.
    private static let farewellLimit: Duration = .seconds(1)

    init(_ stream: Net.Stream, _ peer: Peer, _ entrance: Entrance, _ parts: IntakeParts) {
        self.stream = stream
        self.peer = peer
        self.entrance = entrance
        self.parts = parts
        session = ServerSession(entrance.session, toASCII: parts.toASCII)
        account = IntakeGate.Account(peer, user: nil, parts.gate.client(peer))
    }

    /// TLS first, then as ``run()``.
    mutating func run(inside context: ServerContext) async {
        guard let facts = await handshake(context) else { return await end() }
        _ = noteWhoItIs()
        await run(tls: facts)
    }

    /// From the greeting to the end of the connection.
    mutating func run(tls facts: TLSSessionFacts? = nil) async {
        var action = session.handle(.connected(peer, terms(), tls: facts))
        while true {
            // RSET, EHLO and a refusal forget what came (RFC 5321 §4.1.1.5).
            if !session.holdsContent { received = nil }
            switch action {
            case .reply(let replies, let flush):
                guard await write(replies, flush: flush) else { return await end() }
                action = session.handle(await nextLine())
            case .startTLS(let reply):
                guard await write([reply], flush: true) else { return await end() }
                stream.discardBuffered()
                action = session.handle(await secure())
            case .authenticate(let mechanism, let initial):
                action = session.handle(await authenticate(mechanism, initial))
            case .receiveContent(let reply, let transaction, let limit):
                parts.gate.spend(transaction.envelope.recipients.count, by: account)
                guard await write([reply], flush: true) else { return await end() }
                action = session.handle(await receive(transaction, limit: limit))
            case .receiveChunk(let transaction, let size, let isLast, let limit):
                if received == nil { parts.gate.spend(transaction.envelope.recipients.count, by: account) }
                action = session.handle(await receiveChunk(transaction, size, isLast: isLast, limit: limit))
            case .discardChunk(let size):
                received = nil
                action = session.handle(await discard(size))
            case .commit(let transaction, let facts):
                action = session.handle(await commit(transaction, facts))
            case .deliver(let transaction, let facts):
                let answered = await deliver(transaction, facts)
                if case .answered = answered { hasNextHopReplies = true }
                action = session.handle(answered)
            case .close(let replies):
                _ = await write(replies, flush: true)
                return await end()
            case .wait:
                action = session.handle(await nextLine())
            }
        }
    }

    private func end() async {
        await stream.closeNotify(tls, within: Self.farewellLimit)
        stream.close()
    }

    /// What the client may do, by all that is known of it.
    private func terms() -> ClientTerms {
        parts.gate.terms(peer, user: user, certificate: tls?.clientCertificate, at: entrance.listener)
    }

    private mutating func noteWhoItIs() -> ClientTerms {
        account = IntakeGate.Account(
            peer, user: user, parts.gate.client(peer, user: user, certificate: tls?.clientCertificate))
        return terms()
    }

    // MARK: Commands and replies

    /// - Returns: false where the client is gone.
    private mutating func write(_ replies: [Reply], flush: Bool) async -> Bool {
        var bytes: [UInt8] = []
        for reply in replies {
            ReplyWriter.append(reply, to: &bytes)
            if reply.code >= 400 { noteRefusal(reply) }
        }
        hasNextHopReplies = false
        do throws(SocketError) {
            try stream.put(bytes)
            if flush || stream.unsentCount > Self.replyGathering {
                try await stream.flush(until: .after(parts.gate.commandTimeout))
            }
            return true
        } catch {
            return false
        }
    }

    /// A client that bounces mail because of us must find the reason in our log.
    private mutating func noteRefusal(_ reply: Reply) {
        parts.counters.refused.add(1, ordering: .relaxed)
        parts.counters.metrics.count(refusal: reply, isNextHop: hasNextHopReplies)
        refusals &+= 1
        guard refusals <= Self.refusalLines else { return }
        parts.log.event(
            .info,
            LogLine("refused").with("client", peer).with("listener", entrance.listener.name).with("limit", account.name)
                .with("user", user).with("helo", session.openedAs)
                .with("from", session.openSender.map { "<\($0)>" }).with("reply", reply.oneLine))
    }

    private func nextLine() async -> ServerSession.Event {
        let started = stream.loop.now
        while true {
            if parts.stopping.isSet { return .shuttingDown }
            let deadline = started.advanced(by: parts.gate.commandTimeout)
            // Looked at again and again: whoever waits already has less time, too, once there is stress.
            let event = await line(until: min(deadline, .after(parts.gate.patience)), deadline)
            if case .timedOut = event, !deadline.hasPassed { continue }
            return event
        }
    }

    /// - Parameter end: for the rest of a line that is too long; what was dropped of it must not be forgotten.
    private func line(until deadline: Deadline, _ end: Deadline) async -> ServerSession.Event {
        do throws(SocketError) {
            switch try await stream.readLine(limit: Command.lineLimit, until: deadline) {
            case .line(let bytes, .crlf):
                return .lineReceived(bytes, pendingBytes: stream.bufferedCount, capacity: parts.gate.capacity(account))
            case .line(let bytes, .lf):
                // Only CRLF ends a line (SRV-12): with its bare LF this is a line the grammar refuses.
                return .lineReceived(
                    bytes + [0x0A], pendingBytes: stream.bufferedCount, capacity: parts.gate.capacity(account))
            case .tooLong:
                guard (try? await stream.discardLine(until: end)) != nil else { return .peerClosed }
                return .lineTooLong(pendingBytes: stream.bufferedCount)
            case .end:
                return .peerClosed
            }
        } catch {
            return Self.event(error)
        }
    }

    // MARK: TLS and logins

    private mutating func secure() async -> ServerSession.Event {
        guard let context = entrance.tls, let facts = await handshake(context) else { return .tlsFailed }
        return .secured(facts, noteWhoItIs())
    }

    private mutating func handshake(_ context: ServerContext) async -> TLSSessionFacts? {
        // What came in the clear is no part of the session (RFC 3207 §4.2), and TLS would miss it.
        guard stream.bufferedCount == 0 else { return nil }
        let made = stream.withDescriptor { descriptor in
            try? TLSSession(server: context, descriptor: descriptor)
        }
        guard let secured = made ?? nil else { return nil }
        switch await stream.secure(with: secured, until: .after(IntakeConnection.handshakeLimit)) {
        case .success(let facts):
            tls = secured
            user = nil
            parts.counters.metrics.intakeTLS.add(facts.version)
            return facts
        case .failure(let failure):
            parts.counters.metrics.intakeTLSFailures.add()
            if parts.gate.mayTell() {
                parts.log.event(
                    .info,
                    LogLine("tls-failed").with("client", peer).with("listener", entrance.listener.name)
                        .with("reason", "\(failure)"))
            }
            return nil
        }
    }

    private mutating func authenticate(_ mechanism: SASLMechanismName, _ initial: [UInt8]?) async -> ServerSession.Event
    {
        guard let users = parts.users else { return .authenticated(.failed(.unavailable), terms()) }
        var bindings: [ChannelBindingType: [UInt8]] = [:]
        for kind in ChannelBindingType.allCases {
            bindings[kind] = tls?.channelBinding(kind)
        }
        let exchange = AuthExchange(
            stream: stream, users: users, tlsBindings: bindings, timeout: parts.gate.commandTimeout)
        let attempt = await exchange.attempt(mechanism: mechanism, initial: initial)
        parts.counters.metrics.logins.add(attempt.fault)
        switch attempt.result {
        case .succeeded(let name):
            user = name
            parts.gate.succeededLogin(peer)
            return .authenticated(attempt.result, noteWhoItIs())
        case .failed(let failure):
            if let line = attempt.failureLine(client: peer) { parts.log.event(.warning, line) }
            if failure == .credentials || failure == .malformed {
                // Whoever guesses waits, and keeps a connection of its few meanwhile.
                await rest(parts.gate.failedLogin(peer))
            }
            return .authenticated(attempt.result, terms())
        }
    }

    /// Waits, unless the daemon stops.
    private func rest(_ duration: Duration) async {
        let deadline = Deadline.after(duration)
        while !parts.stopping.isSet, !stream.isClosed, let left = deadline.remaining, left > .zero {
            guard await stream.loop.pause(min(left, .milliseconds(200))) else { return }
        }
    }

    static func event(_ error: SocketError) -> ServerSession.Event {
        switch error {
        case .expired: .timedOut
        case .closed, .interrupted: .shuttingDown
        default: .peerClosed
        }
    }
}
