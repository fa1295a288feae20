import Mail
import Net
import TLS

/// The pump of stations 2 and 3: one client's session. It performs what `ServerSession` says and reports what happened.
///
/// Lives in one task on the stream's loop. What must be remembered while the client is waited for stands here, and each action
/// has an async function of its own that is never inlined: the frame of such a function holds what any branch of it needs, and
/// one for all actions cost each client that did nothing 45 kB.
final class IntakeSession {
    let stream: Net.Stream
    let peer: Peer
    let entrance: Entrance
    let parts: IntakeParts
    private(set) var session: ServerSession
    /// What is to be done next.
    private(set) var action = ServerSession.Action.wait
    var tls: TLSSession?
    var user: String?
    var account: IntakeGate.Account
    /// Content received and not yet committed.
    var received: ReceivedContent?
    /// Commands refused so far.
    var refusals = 0
    /// The replies that come next are the next hop's, for a client that waited for them.
    var hasNextHopReplies = false
    /// The connection is to be closed.
    var isOver = false

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
    @inline(never)
    func run(inside context: ServerContext) async {
        if await handshake(context) {
            noteWhoItIs()
            await run()
        } else {
            await end()
        }
    }

    /// From the greeting to the end of the connection.
    func run() async {
        begin()
        while !isOver {
            forget()
            await perform()
        }
        await end()
    }

    @inline(never)
    private func begin() {
        report(.connected(peer, terms(), tls: tls?.facts))
    }

    /// Tells the session what happened, and learns what to do.
    @inline(never)
    func report(_ event: ServerSession.Event) {
        action = session.handle(event)
    }

    /// RSET, EHLO and a refusal forget what came (RFC 5321 §4.1.1.5).
    @inline(never)
    private func forget() {
        if !session.holdsContent { received = nil }
    }

    private func perform() async {
        switch step {
        case .reply: await reply()
        case .readLine: await readLine()
        case .startTLS: await startTLS()
        case .authenticate: await authenticate()
        case .receiveContent: await receiveContent()
        case .receiveChunk: await receiveChunk()
        case .discardChunk: await discardChunk()
        case .commit: await commit()
        case .deliver: await deliver()
        case .close: await close()
        }
    }

    private enum Step {
        case reply, readLine, startTLS, authenticate, receiveContent, receiveChunk, discardChunk, commit, deliver, close
    }

    /// Which action it is, without its values.
    private var step: Step {
        @inline(never) get {
            switch action {
            case .reply: .reply
            case .wait: .readLine
            case .startTLS: .startTLS
            case .authenticate: .authenticate
            case .receiveContent: .receiveContent
            case .receiveChunk: .receiveChunk
            case .discardChunk: .discardChunk
            case .commit: .commit
            case .deliver: .deliver
            case .close: .close
            }
        }
    }

    @inline(never)
    private func end() async {
        await stream.closeNotify(tls, within: Self.farewellLimit)
        stream.close()
    }

    /// What the client may do, by all that is known of it.
    func terms() -> ClientTerms {
        parts.gate.terms(peer, user: user, certificate: tls?.clientCertificate, at: entrance.listener)
    }

    @discardableResult
    func noteWhoItIs() -> ClientTerms {
        account = IntakeGate.Account(
            peer, user: user, parts.gate.client(peer, user: user, certificate: tls?.clientCertificate))
        return terms()
    }

    /// What a connection that failed is to the session.
    static func event(_ error: SocketError) -> ServerSession.Event {
        switch error {
        case .expired: .timedOut
        case .closed, .interrupted: .shuttingDown
        default: .peerClosed
        }
    }
}
