/// The receiving side of one SMTP session (RFC 5321 §3) as a value: what happened goes in, what to do comes out.
///
/// The shell performs each action and reports what came of it; it holds no knowledge of mail. Nothing here is ever an open
/// relay: a client that may not relay is refused at each RCPT.
public struct ServerSession: Sendable {
    /// What the operator configured.
    public struct Configuration: Hashable, Sendable {
        /// Greeting, EHLO reply, `Received:`.
        public var hostname: DomainName
        /// Octets (SIZE, RFC 1870 §4).
        public var messageLimit: Int
        /// Recipients of one transaction.
        public var recipientLimit: Int
        /// `Received:` fields a message may already carry (RFC 5321 §6.3).
        public var receivedLimit: Int
        /// Permanent refusals after which the session ends with 421.
        public var errorLimit: Int
        public var longLines: LongLines
        /// A usable certificate is there: STARTTLS is offered.
        public var offersTLS: Bool
        /// Where mail for bare Postmaster goes; nil refuses it.
        public var postmaster: Mailbox?

        public init(
            hostname: DomainName, messageLimit: Int = 35_000_000, recipientLimit: Int = 1000, receivedLimit: Int = 100,
            errorLimit: Int = 20, longLines: LongLines = .refuse, offersTLS: Bool = false, postmaster: Mailbox? = nil
        ) {
            self.hostname = hostname
            self.messageLimit = messageLimit
            self.recipientLimit = recipientLimit
            self.receivedLimit = receivedLimit
            self.errorLimit = errorLimit
            self.longLines = longLines
            self.offersTLS = offersTLS
            self.postmaster = postmaster
        }
    }

    /// What becomes of lines of more than 998 octets (D17).
    public enum LongLines: String, Hashable, Sendable {
        case refuse
        case pass
    }

    /// The peer, as the shell knows it.
    public struct Client: Hashable, Sendable {
        public var address: IPAddress
        /// The address lies in a configured network.
        public var mayRelay: Bool

        public init(address: IPAddress, mayRelay: Bool) {
            self.address = address
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
        /// Write the replies; where `flush` is false they may wait for more. Then read the next line.
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

    public init(_ configuration: Configuration) {
        self.configuration = configuration
    }

    let configuration: Configuration

    public mutating func handle(_ event: Event) -> Action {
        .wait
    }
}
