public import Mail

/// The life of one message, from the connect that brought it to its last reply: one record, written when the message leaves
/// the queue. No content, no header but the Message-ID.
///
/// What strangers wrote is kept as they wrote it: whoever shows a text makes it harmless. What is kept of it is bounded
/// by ``TraceLimits``.
public struct Life: Codable, Hashable, Sendable {
    public var id: QueueID
    /// The Message-ID as written, with its angle brackets where it had them; nil where there was none.
    public var messageID: String?
    public var kind: MessageKind
    /// Empty for the null reverse-path.
    public var sender: String
    public var receivedAt: WallTime
    /// When it left the queue.
    public var endedAt: WallTime
    /// Octets of content.
    public var size: Int64
    public var client: Client
    public var demand: MessageDemand
    /// In the order of the envelope.
    public var recipients: [Recipient]
    /// The queue ids of the notices (DSNs) that were made about it.
    public var notices: [QueueID]
    /// What an operator or a rule did to it, as far as the writer of the record knew.
    public var notes: [Note]
    /// Recipients that had no room in the record.
    public var omittedRecipients: Int
    /// Attempts that had no room in the record.
    public var omittedAttempts: Int

    public init(
        id: QueueID, messageID: String? = nil, kind: MessageKind = .mail, sender: String, receivedAt: WallTime,
        endedAt: WallTime, size: Int64, client: Client = Client(), demand: MessageDemand = .ordinary,
        recipients: [Recipient], notices: [QueueID] = [], notes: [Note] = []
    ) {
        self.id = id
        self.messageID = messageID
        self.kind = kind
        self.sender = sender
        self.receivedAt = receivedAt
        self.endedAt = endedAt
        self.size = size
        self.client = client
        self.demand = demand
        self.recipients = recipients
        self.notices = notices
        self.notes = notes
        self.omittedRecipients = 0
        self.omittedAttempts = 0
    }

    /// Who handed it over.
    public struct Client: Codable, Hashable, Sendable {
        /// The argument of EHLO.
        public var name: String?
        public var address: String?
        /// How the session was secured, in words; nil for cleartext.
        public var tls: String?
        /// Who logged in; nil where nobody did.
        public var login: String?
        /// The client before that one, in the words of XFORWARD.
        public var forwarded: String?
        /// The listener it came in by; nil where that was not written down.
        public var listener: String?

        public init(
            name: String? = nil, address: String? = nil, tls: String? = nil, login: String? = nil,
            forwarded: String? = nil, listener: String? = nil
        ) {
            self.name = name
            self.address = address
            self.tls = tls
            self.login = login
            self.forwarded = forwarded
            self.listener = listener
        }
    }

    /// One recipient, and what became of it.
    public struct Recipient: Codable, Hashable, Sendable {
        /// Local-part as written, domain in lower case.
        public var address: String
        public var destination: String
        public var outcome: Outcome
        /// Raw value of `Reason.Cause`; nil for what was delivered.
        public var cause: String?
        /// The sentence of the last outcome.
        public var detail: String?
        /// The remote's last reply on one line.
        public var reply: String?
        /// The host that gave the last outcome.
        public var host: String?
        /// NOTIFY: `NEVER`, or `SUCCESS`, `FAILURE`, `DELAY` with commas between.
        public var notify: String?
        /// Oldest first.
        public var attempts: [Attempt]

        public init(
            address: String, destination: String, outcome: Outcome, cause: String? = nil, detail: String? = nil,
            reply: String? = nil, host: String? = nil, notify: String? = nil, attempts: [Attempt] = []
        ) {
            self.address = address
            self.destination = destination
            self.outcome = outcome
            self.cause = cause
            self.detail = detail
            self.reply = reply
            self.host = host
            self.notify = notify
            self.attempts = attempts
        }
    }

    /// Where a recipient stands. The raw values are on disk: never changed, only added to.
    public enum Outcome: String, Codable, Hashable, Sendable, CaseIterable {
        case delivered
        case bounced
        /// By the operator, without a notice.
        case deleted
        // Of a message that is still in the queue.
        case queued
        case deferred
        case held
        case quarantined
    }

    /// One try at one host.
    public struct Attempt: Codable, Hashable, Sendable {
        public var time: WallTime
        public var host: String?
        public var address: String?
        /// What the host had to show: "none", "opportunistic", "encrypted", "authenticated".
        public var tlsLevel: String?
        /// How it proved itself: "dane", "mta-sts"; nil where it did not.
        public var verifiedBy: String?
        /// What demanded ``tlsLevel``; nil where nothing did.
        public var requiredBy: String?
        /// How the connection was secured ("TLSv1.3"); nil for cleartext, and where that was not written down.
        public var tls: String?
        /// "delivered", "deferred" or "bounced", with the cause: "deferred dane-mismatch".
        public var result: String
        /// The remote's final reply on one line.
        public var reply: String?
        public var milliseconds: Int64
        /// Milliseconds of lookup, connect, handshake and SMTP: "12/30/41/9"; nil where they were not written down.
        public var times: String?
        /// Key of the decision document it was made under; nil where none was kept.
        public var decision: String?
        /// Key of the evidence document the host was judged by; nil where it showed nothing.
        public var evidence: String?
        /// The text of `PhaseTimes`; nil where they were not written down.
        public var phases: String?

        public init(
            time: WallTime, host: String? = nil, address: String? = nil, tlsLevel: String? = nil,
            verifiedBy: String? = nil, requiredBy: String? = nil, tls: String? = nil, result: String,
            reply: String? = nil, milliseconds: Int64, times: String? = nil, decision: String? = nil,
            evidence: String? = nil, phases: String? = nil
        ) {
            self.time = time
            self.host = host
            self.address = address
            self.tlsLevel = tlsLevel
            self.verifiedBy = verifiedBy
            self.requiredBy = requiredBy
            self.tls = tls
            self.result = result
            self.reply = reply
            self.milliseconds = milliseconds
            self.times = times
            self.decision = decision
            self.evidence = evidence
            self.phases = phases
        }
    }

    /// What was done to the message, and when.
    public struct Note: Codable, Hashable, Sendable {
        public var time: WallTime
        /// "held: TEXT", "released", "retried", "deleted", "bounced: TEXT"
        public var words: String

        public init(time: WallTime, words: String) {
            self.time = time
            self.words = words
        }
    }
}
