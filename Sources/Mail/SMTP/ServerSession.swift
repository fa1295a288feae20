/// The receiving side of one SMTP session (RFC 5321 §3) as a value: what happened goes in, what to do comes out.
///
/// The shell performs each action and reports what came of it; it holds no knowledge of mail. Nothing here is ever an open
/// relay: a client that may not relay is refused at each RCPT.
public struct ServerSession: Sendable {
    /// The peer, as the shell knows it.
    public struct Client: Hashable, Sendable {
        public var peer: Peer
        /// The address lies in a configured network.
        public var mayRelay: Bool

        public init(peer: Peer, mayRelay: Bool) {
            self.peer = peer
            self.mayRelay = mayRelay
        }
    }

    public enum Event: Hashable, Sendable {
        case connected(Client)
        /// The server has no room for another connection: 421 instead of a greeting.
        case connectedBeyondLimit
        /// One line without its CRLF. `pendingBytes`: octets read behind it. `room`: octets the store may still take.
        case lineReceived([UInt8], pendingBytes: Int, room: Int)
        /// A line above ``Command/lineLimit`` was swallowed up to its CRLF.
        case lineTooLong(pendingBytes: Int)
        /// The reader saw CRLF.CRLF.
        case contentEnded(ContentFacts, pendingBytes: Int)
        /// The message is on disk.
        case committed(QueueID)
        case commitFailed(CommitFailure)
        case secured(TLSSessionFacts)
        case tlsFailed
        case timedOut
        case shuttingDown
        case peerClosed
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
        /// Write the reply, flush, and read content through a ``ContentReader`` with this limit in octets.
        case receiveContent(Reply, Transaction, limit: Int)
        /// Make the received content durable, then report.
        case commit(Transaction, ContentFacts)
        /// Write the replies if any, flush, and close. The session is over.
        case close([Reply])
        /// Nothing now: a report is outstanding.
        case wait
    }

    /// Where the session stands.
    enum State: Hashable, Sendable {
        /// Leaves by: ready, closed.
        case unconnected
        /// Reading commands, within a transaction where there is one. Leaves by: receiving (354), securing (220 to STARTTLS),
        /// closed (221, 421).
        case ready(Transaction?)
        /// Behind 354. Leaves by: ready (refused), committing, closed.
        case receiving(Transaction)
        /// The message is on its way to the disk; only the report of that leads on. Leaves by: ready, closed.
        case committing(Transaction)
        /// Behind 220 to STARTTLS. Leaves by: ready, with all forgotten; closed.
        case securing
        case closed
    }

    let configuration: Configuration
    var state = State.unconnected
    var client: Client?
    /// The argument of the latest EHLO or HELO that was accepted.
    var clientName: ClientName?
    /// The latest was EHLO.
    var extended = false
    var tls: TLSSessionFacts?
    /// Permanent refusals since the last accepted message.
    var errors = 0
    /// The server stops as soon as the message under way is settled.
    var isLeaving = false

    public init(_ configuration: Configuration) {
        self.configuration = configuration
    }

    /// Takes what happened and says what to do.
    public mutating func handle(_ event: Event) -> Action {
        switch (state, event) {
        case (.unconnected, .connected(let client)):
            self.client = client
            state = .ready(nil)
            return .reply([greeting], flush: true)
        case (.unconnected, .connectedBeyondLimit):
            return close(with: tooManyConnections)

        case (.ready(let transaction), .lineReceived(let line, let pendingBytes, let room)):
            let command: Command
            do {
                command = try Command(parsing: line)
            } catch {
                if error == .http { return close(with: error.reply) }
                return refuse(error.reply, pendingBytes)
            }
            return perform(command, transaction, pendingBytes, room)
        case (.ready, .lineTooLong(let pendingBytes)):
            return refuse(lineTooLong, pendingBytes)

        case (.receiving(var transaction), .contentEnded(let facts, let pendingBytes)):
            if let refusal = refusal(of: facts) {
                state = .ready(nil)
                return refuse(refusal, pendingBytes)
            }
            transaction.envelope.demand = MessageDemand(
                requireTLS: transaction.requiresTLS, field: facts.tlsRequired,
                reversePath: transaction.envelope.reversePath)
            state = .committing(transaction)
            return .commit(transaction, facts)
        case (.committing, .committed(let id)):
            errors = 0
            return settle(with: queued(id))
        case (.committing, .commitFailed(let failure)):
            return settle(with: notQueued(failure))

        case (.securing, .secured(let facts)):
            // Nothing said in the clear counts any more (RFC 3207 §4.2); there is no second greeting.
            tls = facts
            clientName = nil
            state = .ready(nil)
            return .reply([], flush: false)
        case (.securing, .tlsFailed):
            return close(with: nil)

        case (.ready, .timedOut), (.receiving, .timedOut):
            return close(with: idleTooLong)
        case (.ready, .shuttingDown), (.receiving, .shuttingDown):
            return close(with: shuttingDown)
        case (.unconnected, .shuttingDown), (.securing, .shuttingDown), (.unconnected, .timedOut),
            (.securing, .timedOut):
            return close(with: nil)
        case (.committing, .shuttingDown):
            isLeaving = true
            return .wait
        case (.committing, .timedOut), (.committing, .peerClosed):
            // What the disk has is delivered whether or not the client hears of it: it may send the message again, which is
            // better than losing it (RFC 5321 §6.1).
            return .wait
        case (.unconnected, .peerClosed), (.ready, .peerClosed), (.receiving, .peerClosed), (.securing, .peerClosed):
            return close(with: nil)

        // Nothing follows the end; late events find it done.
        case (.closed, _):
            return .close([])

        // Reports of things nobody asked for. To go on would be to guess.
        case (.unconnected, .lineReceived), (.unconnected, .lineTooLong), (.unconnected, .contentEnded),
            (.unconnected, .committed), (.unconnected, .commitFailed), (.unconnected, .secured),
            (.unconnected, .tlsFailed),
            (.ready, .connected), (.ready, .connectedBeyondLimit), (.ready, .contentEnded), (.ready, .committed),
            (.ready, .commitFailed), (.ready, .secured), (.ready, .tlsFailed),
            (.receiving, .connected), (.receiving, .connectedBeyondLimit), (.receiving, .lineReceived),
            (.receiving, .lineTooLong), (.receiving, .committed), (.receiving, .commitFailed), (.receiving, .secured),
            (.receiving, .tlsFailed),
            (.committing, .connected), (.committing, .connectedBeyondLimit), (.committing, .lineReceived),
            (.committing, .lineTooLong), (.committing, .contentEnded), (.committing, .secured),
            (.committing, .tlsFailed),
            (.securing, .connected), (.securing, .connectedBeyondLimit), (.securing, .lineReceived),
            (.securing, .lineTooLong), (.securing, .contentEnded), (.securing, .committed), (.securing, .commitFailed):
            return close(with: nil)
        }
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

    /// The one reply that covers all recipients (RFC 5321 §4.1.1.4).
    private mutating func settle(with reply: Reply) -> Action {
        if isLeaving {
            state = .closed
            return .close([reply, shuttingDown])
        }
        state = .ready(nil)
        return .reply([reply], flush: true)
    }
}
