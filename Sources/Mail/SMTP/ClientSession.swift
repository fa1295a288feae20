/// The sending side of one SMTP session (RFC 5321 §3) as a value. One connection carries one or several transactions.
///
/// Whether the peer's TLS is good enough is not decided here: the session stops at ``Action/judge(_:)`` and goes on when the
/// verdict comes (``Event/mayProceed``, ``Event/mustAbandon(_:)``).
public struct ClientSession: Sendable {
    public enum Event: Hashable, Sendable {
        case connected
        /// One reply. `pendingBytes`: octets read behind it.
        case replied(Reply, pendingBytes: Int)
        case malformedReply(ReplyError)
        /// The handshake asked for is complete.
        case secured(TLSSessionFacts)
        case tlsFailed(HandshakeFailure)
        /// The verdict on the evidence: good enough.
        case mayProceed
        /// The verdict on the evidence: not this host, for this reason. Also instead of writing what begins a transaction.
        case mustAbandon(Reason)
        /// All content and its end are written.
        case contentSent
        /// The content could not be read or may not leave: the end was not written.
        case contentFailed(Reason)
        case timedOut
        /// Closed or reset by the peer, or a write failed.
        case connectionLost
        case transactionGiven(ClientTransaction)
        case noTransactionLeft
    }

    public enum Action: Hashable, Sendable {
        /// Read one reply.
        case read(within: Wait)
        /// Write, then read one reply.
        case send([UInt8], thenRead: Wait)
        /// Shake hands at once, with nothing read or written before.
        case startTLS(TLSRequirement)
        /// Compare with the requirement.
        case judge(PeerEvidence)
        /// Write the content through a ``ContentWriter``, its end included.
        case sendContent
        /// One result for each recipient, in order. Record them, then give the next transaction where `reusable`, or say
        /// that none is left.
        case finishTransaction([RecipientResult], reusable: Bool)
        /// Close. The session is over.
        case finish(SessionResult)
    }

    /// Which configured timer runs (RFC 5321 §4.5.3.2).
    public enum Wait: Hashable, Sendable, CaseIterable {
        case greeting
        case command
        /// From DATA to 354.
        case dataStart
        /// From the final dot to the reply.
        case dataEnd
        /// For the reply to QUIT: nothing depends on it.
        case quit
    }

    /// Where the session stands.
    enum State: Hashable, Sendable {
        /// Leaves by: greeting, handshake (implicit TLS).
        case unconnected
        /// Leaves by: ehlo (2yz), quitting, closed.
        case greeting
        /// Leaves by: startTLS (offered and wanted), judging (not offered), helo (500, 502), authenticating, commands, quitting,
        /// closed.
        case ehlo
        /// Leaves by: commands, quitting, closed.
        case helo
        /// STARTTLS is sent. Leaves by: handshake (220 and nothing behind it), judging.
        case startTLS
        /// Leaves by: judging.
        case handshake
        /// The verdict is outstanding. Leaves by: ehlo (inside TLS), greeting (inside implicit TLS), helo or commands (in the
        /// clear), quitting, closed.
        case judging(PeerEvidence)
        /// AUTH is sent; these responses are left for its 334s. Leaves by: commands (235), cancelling (one 334 too many),
        /// quitting, closed.
        case authenticating(ArraySlice<[UInt8]>)
        /// AUTH is cancelled. Leaves by: quitting, closed.
        case cancelling
        /// MAIL, RCPT and DATA are under way, or are to be written. Leaves by: content, emptyContent (354 though nobody was
        /// accepted), idle, quitting (not begun after all), closed.
        case commands
        /// Leaves by: contentEnd, closed.
        case content
        /// A lone dot ends content that is for nobody (RFC 2920 §3.1). Leaves by: idle, closed.
        case emptyContent
        /// The final dot is written: from here on the host may have the message. Leaves by: idle, closed.
        case contentEnd
        /// Between transactions. Leaves by: commands, quitting, closed.
        case idle
        /// QUIT is sent; what is to be reported is known. Leaves by: closed.
        case quitting(SessionResult)
        case closed
    }

    /// How TLS begins.
    public enum TLSStart: Hashable, Sendable {
        /// After the first EHLO (RFC 3207).
        case startTLS
        /// With the connection, before the greeting (RFC 8314 §3). There is no way on without TLS.
        case implicitTLS
    }

    let hostname: MailDomain
    /// What the host must show, for the verdict: at least `encrypted` with implicit TLS and where credentials are to be shown.
    public let requirement: TLSRequirement
    let security: TLSStart
    let credentials: Credentials?
    var state = State.unconnected
    /// Of the transaction that is under way, from `commands` to `contentEnd`. Not a part of the state: replies change it in
    /// place, for thousands of recipients.
    var exchange: Exchange?
    /// The transaction that waits for the session to be ready for it.
    var waiting: ClientTransaction?
    /// Of the newest EHLO only (RFC 5321 §4.1.1.3, RFC 3207 §4.2).
    public internal(set) var extensions = ServiceExtensions()
    /// The name the host gave itself in its first reply to EHLO or HELO: a stranger's words, at most ``serverNameLimit``.
    public internal(set) var serverName: String?
    /// Octets of a name that are kept: as long as a domain may be.
    static let serverNameLimit = 255
    /// Set once the verdict on it was good.
    public internal(set) var tls: TLSSessionFacts?
    /// The server refused EHLO as a command it does not know.
    var speaksHELO = false
    /// The server holds an unfinished transaction.
    var needsReset = false
    var transactionCount = 0
    /// AUTH succeeded.
    var isAuthenticated = false
    /// The host has said more than it was asked: nothing can be asked of it any more.
    var isAhead = false

    /// - Parameters:
    ///   - hostname: our own name, or an address literal where we have none (RFC 5321 §4.1.4).
    ///   - requirement: what the host must show. Without TLS nothing but `none` and `opportunistic` ever goes on.
    ///   - security: how TLS begins; the operator's choice for a smarthost.
    ///   - credentials: shown by AUTH once the verdict on the TLS session was good (CLI-27). Without them AUTH is not said.
    ///   - first: the transaction to begin with; nil for a session that only looks.
    public init(
        hostname: MailDomain, requirement: TLSRequirement, security: TLSStart = .startTLS,
        credentials: Credentials? = nil, first: ClientTransaction?
    ) {
        self.hostname = hostname
        self.requirement =
            security == .implicitTLS || credentials != nil ? requirement.demandingTLS(of: security) : requirement
        self.security = security
        self.credentials = credentials
        self.waiting = first
    }

    /// MAIL, RCPT and DATA are under way, or are to be written next.
    public var isInTransaction: Bool {
        if case .commands = state { true } else { false }
    }

    private mutating func noteName(_ reply: Reply) {
        guard serverName == nil, let name = reply.lines.first?.split(separator: " ").first else { return }
        serverName = SafeText.string(name.utf8.prefix(Self.serverNameLimit))
    }

    /// Takes what happened and says what to do.
    public mutating func handle(_ event: Event) -> Action {
        // Said before an octet of the transaction is written: nothing was begun, and QUIT is in turn. Not in the switch below,
        // which is as large as the compiler can check.
        if case (.commands, .mustAbandon(let reason)) = (state, event) { return giveUp(reason, nil) }
        if case .replied(let reply, let pendingBytes) = event, pendingBytes > 0, let action = takeAhead(reply) {
            return action
        }
        switch (state, event) {
        case (.unconnected, .connected) where security == .implicitTLS:
            state = .handshake
            return .startTLS(requirement)
        case (.unconnected, .connected):
            state = .greeting
            return .read(within: .greeting)

        case (.greeting, .replied(let reply, pendingBytes: _)) where reply.isPositiveCompletion:
            return sayEHLO()
        case (.greeting, .replied(let reply, pendingBytes: _)):
            // 5yz rules out this host and no other (RFC 5321 §3.1, RFC 7504 §3).
            return giveUp(.refused("The host greets with", reply), reply)

        case (.ehlo, .replied(let reply, pendingBytes: _)) where reply.isPositiveCompletion:
            extensions = ServiceExtensions(reply: reply)
            noteName(reply)
            return secureOrBegin()
        case (.ehlo, .replied(let reply, pendingBytes: _)) where reply.code == 500 || reply.code == 502:
            // RFC 5321 §3.2: HELO only where EHLO is not recognised. Without EHLO there is no STARTTLS.
            extensions = ServiceExtensions()
            speaksHELO = true
            return secureOrBegin()
        case (.ehlo, .replied(let reply, pendingBytes: _)):
            return giveUp(.refused("EHLO is answered with", reply), reply)
        case (.helo, .replied(let reply, pendingBytes: _)) where reply.isPositiveCompletion:
            noteName(reply)
            return begin()
        case (.helo, .replied(let reply, pendingBytes: _)):
            return giveUp(.refused("HELO is answered with", reply), reply)

        case (.startTLS, .replied(let reply, pendingBytes: 0)) where reply.code == 220:
            state = .handshake
            return .startTLS(requirement)
        case (.startTLS, .replied(let reply, pendingBytes: _)) where reply.code == 220:
            return judge(.cleartextAfterStartTLS)
        case (.startTLS, .replied(let reply, pendingBytes: _)):
            return judge(.startTLSRefused(reply))
        case (.startTLS, .malformedReply(let error)):
            return judge(
                .handshakeFailed(HandshakeFailure(.negotiation, text: "malformed reply to STARTTLS (\(error))")))
        case (.startTLS, .timedOut), (.handshake, .timedOut):
            return judge(.handshakeFailed(HandshakeFailure(.timedOut, text: "no answer in time")))
        case (.startTLS, .connectionLost), (.handshake, .connectionLost):
            return judge(.handshakeFailed(HandshakeFailure(.connectionLost, text: "the connection was lost")))
        case (.handshake, .secured(let facts)):
            return judge(.established(facts))
        case (.handshake, .tlsFailed(let failure)):
            return judge(.handshakeFailed(failure))
        case (.judging(let evidence), .mayProceed):
            return proceed(after: evidence)
        case (.judging(let evidence), .mustAbandon(let reason)):
            return abandon(after: evidence, reason)

        case (.authenticating(let responses), .replied(let reply, pendingBytes: _)):
            return authenticate(reply, responses)
        case (.cancelling, .replied(let reply, pendingBytes: _)):
            let reason = Reason(.protocolError, "The host asks for more than AUTH has to say.")
            return giveUp(reason, reply.code == 421 ? reply : nil)

        case (.commands, .replied(let reply, pendingBytes: _)):
            return take(reply)
        case (.content, .contentSent):
            state = .contentEnd
            return .read(within: .dataEnd)
        case (.content, .contentFailed(let reason)):
            // Without its end the content counts for nothing (RFC 5321 §4.1.1.4): no QUIT, which would be more content.
            return end(results(open: .settled(.deferred(reason, nil))), reason, nil)
        case (.content, .replied(let reply, pendingBytes: _)):
            return takeEarly(reply)
        case (.emptyContent, .replied(let reply, pendingBytes: _)):
            return takeAfterNothing(reply)
        case (.contentEnd, .replied(let reply, pendingBytes: _)):
            return takeFinal(reply)

        case (.idle, .transactionGiven(let transaction)):
            waiting = transaction
            return begin()
        case (.idle, .noTransactionLeft):
            return quit(SessionResult())
        case (.idle, .replied(let reply, pendingBytes: _)):
            return end([], .refused("The host says unasked", reply), reply)

        // The reply to QUIT, or none: the work is done either way.
        case (.quitting(let result), .replied), (.quitting(let result), .malformedReply),
            (.quitting(let result), .timedOut),
            (.quitting(let result), .connectionLost):
            state = .closed
            return .finish(result)

        // Nothing follows the end; late events find it done.
        case (.closed, _):
            return .finish(SessionResult())

        // The connection is of no use any more: a transient failure for all that is open (RFC 5321 §3.8). What is open, each
        // state must say in `openResults`.
        case (_, .malformedReply(let error)):
            return lose(Reason(.protocolError, "The host sent no valid reply \(place) (\(error))."))
        case (_, .timedOut):
            return lose(Reason(.timedOut, "The host did not answer in time \(place)."))
        case (_, .connectionLost):
            return lose(Reason(.connectionLost, "The connection was lost \(place)."))

        // Reports of things nobody asked for. To go on would be to guess.
        case (.unconnected, _), (.greeting, _), (.ehlo, _), (.helo, _), (.startTLS, _), (.handshake, _), (.judging, _),
            (.authenticating, _), (.cancelling, _), (.commands, _), (.content, _), (.emptyContent, _), (.contentEnd, _),
            (.idle, _), (.quitting, _):
            return lose(Reason(.localFailure, "The session was told of something it did not ask for \(place)."))
        }
    }
}
