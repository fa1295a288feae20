/// The receiving side of one SMTP or LMTP session (RFC 5321 §3, RFC 2033 §4) as a value: what happened goes in, what to do
/// comes out.
///
/// The shell performs each action and reports what came of it; it holds no knowledge of mail. Nothing here is ever an open
/// relay: a client that may not relay is refused at each RCPT.
public struct ServerSession: Sendable {
    public enum Event: Hashable, Sendable {
        /// `tls`: set where TLS came before the greeting.
        case connected(Peer, ClientTerms, tls: TLSSessionFacts?)
        /// The server has no room for another connection: 421 instead of a greeting.
        case connectedBeyondLimit(ConnectionLimit)
        /// One line without its CRLF. `pendingBytes`: octets read behind it.
        case lineReceived([UInt8], pendingBytes: Int, capacity: IntakeCapacity)
        /// A line above ``Command/lineLimit`` was swallowed up to its CRLF.
        case lineTooLong(pendingBytes: Int)
        /// All of the content is in: CRLF.CRLF was seen, or the last chunk is.
        case contentEnded(ContentFacts, pendingBytes: Int)
        /// A chunk that is not the last is in, or was swallowed. `size`: octets of the content so far.
        case chunkEnded(size: Int, pendingBytes: Int)
        /// The message is on disk.
        case committed(QueueID)
        case commitFailed(CommitFailure)
        /// What the remote host, or the policy, said about each recipient.
        case answered([Reply])
        case secured(TLSSessionFacts, ClientTerms)
        case tlsFailed
        case authenticated(AuthenticationResult, ClientTerms)
        case timedOut
        case shuttingDown
        case peerClosed
    }

    /// Which limit a new connection ran into.
    public enum ConnectionLimit: Hashable, Sendable {
        /// Of the whole server.
        case all
        /// Of its address.
        case client
        /// Of its address, for a time.
        case rate
    }

    /// Why a message is not on disk.
    public enum CommitFailure: Hashable, Sendable {
        case storeFull
        case storeFailed
    }

    public enum Action: Hashable, Sendable {
        /// Write the replies (there may be none); where `flush` is false they may wait for more (RFC 2920 §3.2). Then read the
        /// next line.
        case reply([Reply], flush: Bool)
        /// Write the reply, flush, forget all octets read so far, and shake hands.
        case startTLS(Reply)
        /// Perform the exchange of AUTH to its end.
        case authenticate(SASLMechanismName, initial: [UInt8]?)
        /// Write the reply, flush, and read content through a ``ContentReader`` with this limit in octets.
        case receiveContent(Reply, Transaction, limit: Int)
        /// Read so many octets of content, the first chunk of it or a further one (RFC 3030 §2).
        case receiveChunk(Transaction, size: Int, isLast: Bool, limit: Int)
        /// Read so many octets and forget them, and any content before them.
        case discardChunk(size: Int)
        /// Make the received content durable, then report.
        case commit(Transaction, ContentFacts)
        /// Hand the content to the remote host, then report what it said.
        case deliver(Transaction, ContentFacts)
        /// Write the replies if any, flush, and close. The session is over.
        case close([Reply])
        /// Nothing now: a report is outstanding.
        case wait
    }

    /// Where the session stands.
    enum State: Hashable, Sendable {
        /// Leaves by: ready, refused, closed.
        case unconnected
        /// Reading commands, within ``transaction`` where there is one. Leaves by: receiving (354), chunk, discarding, securing (220 to
        /// STARTTLS), authenticating, closed (221, 421).
        case ready
        /// Behind a 554 greeting: nothing but QUIT helps (RFC 5321 §3.1). Leaves by: closed.
        case refused
        /// Behind 354. Leaves by: ready (refused), committing, delivering, closed.
        case receiving(Transaction)
        /// Within a chunk. Leaves by: ready (with the transaction where more chunks come), committing, delivering, closed.
        case chunk(Transaction, isLast: Bool)
        /// Within a chunk that is refused with these replies once it is over. Leaves by: ready, closed.
        case discarding([Reply])
        /// The message is on its way to the disk; only the report of that leads on. Leaves by: ready, closed.
        case committing(Transaction)
        /// The message is on its way to the remote host; only its answer leads on. Leaves by: ready, closed.
        case delivering(Transaction)
        /// Behind 220 to STARTTLS. Leaves by: ready, with all forgotten; closed.
        case securing
        /// The exchange of AUTH. Leaves by: ready, closed.
        case authenticating
        case closed
    }

    let configuration: Configuration
    /// The A-labels of a domain (RFC 5891); nil where it has none.
    let toASCII: @Sendable (String) -> DomainName?
    var state = State.unconnected
    /// Of state `ready`. Not a part of it: thousands of recipients are added in place.
    var transaction: Transaction?
    var peer: Peer?
    var terms = ClientTerms(mayRelay: false)
    /// The argument of the latest EHLO, HELO or LHLO that was accepted.
    var clientName: ClientName?
    var greeted = ClientGreeting.helo
    var tls: TLSSessionFacts?
    /// Who logged in.
    var user: String?
    /// Of XFORWARD, for the next message.
    var forwarded: ForwardedClient?
    /// Permanent refusals since the last accepted message.
    var errors = 0
    /// Failed logins.
    var failedLogins = 0
    /// The server stops as soon as the message under way is settled.
    var isLeaving = false

    /// - `toASCII`: a pure function. Without it no internationalized domain is taken (RFC 6531 §3.2).
    public init(_ configuration: Configuration, toASCII: @escaping @Sendable (String) -> DomainName? = { _ in nil }) {
        self.configuration = configuration
        self.toASCII = toASCII
    }

    /// What the client called itself, and whose mail it sends just now: for the log.
    public var openedAs: ClientName? { clientName }
    public var openSender: ReversePath? { transaction?.envelope.reversePath }
    /// Whom the command named that came last, where it was a RCPT and nothing has come since.
    public internal(set) var namedRecipient: ForwardPath?

    /// Content that came so far belongs to the transaction under way. Where false, what is held of it may be forgotten.
    public var holdsContent: Bool {
        switch state {
        case .ready: transaction?.hasContent ?? false
        case .receiving, .chunk, .committing, .delivering: true
        case .unconnected, .refused, .discarding, .securing, .authenticating, .closed: false
        }
    }

    /// Takes what happened and says what to do.
    public mutating func handle(_ event: Event) -> Action {
        namedRecipient = nil
        switch (state, event) {
        case (.unconnected, .connected(let peer, let terms, let tls)):
            return greet(peer, terms, tls)
        case (.unconnected, .connectedBeyondLimit(let limit)):
            return close(with: tooManyConnections(limit))

        case (.ready, .lineReceived(let line, let pendingBytes, let capacity)):
            return read(line, pendingBytes, capacity)
        case (.ready, .lineTooLong(let pendingBytes)):
            return refuse(lineTooLong, pendingBytes)
        case (.refused, .lineReceived(let line, let pendingBytes, capacity: _)):
            return answerRefused(line, pendingBytes)
        case (.refused, .lineTooLong(let pendingBytes)):
            return refuse(refusedBefore, pendingBytes)

        case (.receiving(let transaction), .contentEnded(let facts, let pendingBytes)):
            return take(facts, transaction, pendingBytes)
        case (.chunk(let transaction, let isLast), .contentEnded(let facts, let pendingBytes)) where isLast:
            return take(facts, transaction, pendingBytes)
        case (.chunk(let transaction, let isLast), .chunkEnded(let size, let pendingBytes)) where !isLast:
            return takeChunk(size, transaction, pendingBytes)
        case (.discarding(let replies), .chunkEnded(size: _, let pendingBytes)):
            return refuse(replies, pendingBytes)

        case (.committing(let transaction), .committed(let id)):
            errors = 0
            return settle(transaction, with: queued(id))
        case (.committing(let transaction), .commitFailed(let failure)):
            return settle(transaction, with: notQueued(failure))
        case (.receiving(let transaction), .commitFailed(let failure)):
            // The disk failed while content came in; the rest of it was swallowed.
            return settle(transaction, with: notQueued(failure))
        case (.chunk(let transaction, let isLast), .commitFailed(let failure)):
            if isLast { return settle(transaction, with: notQueued(failure)) }
            beReady()
            return answer(notQueued(failure), 0)
        case (.delivering(let transaction), .answered(let replies)):
            return settle(transaction, answers: replies)
        case (.delivering(let transaction), .commitFailed(let failure)):
            return settle(transaction, with: notQueued(failure))

        case (.securing, .secured(let facts, let terms)):
            // Nothing said in the clear counts any more (RFC 3207 §4.2); there is no second greeting.
            tls = facts
            clientName = nil
            user = nil
            forwarded = nil
            self.terms = terms
            transaction = nil
            state = terms.refusal == nil ? .ready : .refused
            return .reply([], flush: false)
        case (.securing, .tlsFailed), (.unconnected, .tlsFailed):
            return close(with: nil)
        case (.authenticating, .authenticated(let result, let terms)):
            return settleLogin(result, terms)

        case (_, .timedOut): return giveUp(with: idleTooLong)
        case (_, .shuttingDown): return giveUp(with: shuttingDown)
        case (_, .peerClosed): return giveUp(with: nil)

        // Nothing follows the end; late events find it done.
        case (.closed, _):
            return .close([])

        // Reports of things nobody asked for. To go on would be to guess.
        case (.unconnected, _), (.ready, _), (.refused, _), (.receiving, _), (.chunk, _), (.discarding, _),
            (.committing, _), (.delivering, _), (.securing, _), (.authenticating, _):
            return close(with: nil)
        }
    }

    /// The client, its time or the server's own is at an end. Nothing is said where nobody would understand it: before the
    /// greeting, and within a handshake.
    private mutating func giveUp(with reply: Reply?) -> Action {
        switch state {
        case .ready, .refused, .receiving, .chunk, .discarding, .authenticating:
            return close(with: reply)
        case .unconnected, .securing:
            return close(with: nil)
        case .committing, .delivering:
            // What the disk or the remote has is delivered whether or not the client hears of it: it may send the message
            // again, which is better than losing it (RFC 5321 §6.1).
            if reply == shuttingDown { isLeaving = true }
            return .wait
        case .closed:
            return .close([])
        }
    }

    private mutating func greet(_ peer: Peer, _ terms: ClientTerms, _ tls: TLSSessionFacts?) -> Action {
        self.peer = peer
        self.terms = terms
        self.tls = tls
        if let words = terms.refusal {
            state = .refused
            return .reply([refusalGreeting(words)], flush: true)
        }
        beReady()
        return .reply([greeting], flush: true)
    }

    /// Reads commands, without a transaction.
    mutating func beReady() {
        transaction = nil
        forwarded = nil
        state = .ready
    }

    mutating func close(with reply: Reply?) -> Action {
        state = .closed
        return .close(reply.map { [$0] } ?? [])
    }

    /// Answers and reads on. Replies wait for the next one where more commands are here already, and nothing else asks for
    /// them (RFC 2920 §3.2).
    func answer(_ reply: Reply, _ pendingBytes: Int, atOnce: Bool = false) -> Action {
        .reply([reply], flush: atOnce || pendingBytes == 0)
    }

    /// Answers with a refusal, and ends the session where permanent ones have become too many. The state stays.
    mutating func refuse(_ reply: Reply, _ pendingBytes: Int) -> Action {
        if reply.isPermanentFailure { errors &+= 1 }
        if errors > configuration.errorLimit { return close(with: tooManyErrors) }
        return answer(reply, pendingBytes)
    }
}
