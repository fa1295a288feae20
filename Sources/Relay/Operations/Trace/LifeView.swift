/// Answer to `GET /v1/trace`.
public struct TracePage: Codable, Hashable, Sendable {
    /// What is still in the queue first, then the newest first.
    public var matches: [LifeView]
    /// When the oldest life that is kept ended: further back the trace does not reach; nil where none is kept.
    public var since: Int64?

    public init(matches: [LifeView], since: Int64? = nil) {
        self.matches = matches
        self.since = since
    }
}

/// One message from connect to final reply.
public struct LifeView: Codable, Hashable, Sendable {
    public var id: String
    public var messageId: String?
    /// `mail`, `dsn`, `report` or `foreign-report`.
    public var kind: String
    /// `ended`, `in queue`, or `unknown` where only notes are left of it.
    public var state: String
    /// Empty for the null reverse-path.
    public var sender: String
    public var receivedAt: Int64?
    /// nil while it is in the queue.
    public var endedAt: Int64?
    /// Octets of content.
    public var size: Int64?
    public var client: ClientView
    /// What the sender asked of transport security: `requiretls`, `requiretls-notice`, `optional` or `report`.
    public var demand: String?
    /// In the order of the envelope.
    public var recipients: [LifeRecipientView]
    /// In order of time.
    public var events: [LifeEventView]
    /// Recipients that had no room in the record.
    public var omittedRecipients: Int
    /// Attempts that had no room in the record.
    public var omittedAttempts: Int

    public init(
        id: String, messageId: String?, kind: String, state: String, sender: String, receivedAt: Int64?,
        endedAt: Int64?,
        size: Int64?, client: ClientView, demand: String?, recipients: [LifeRecipientView], events: [LifeEventView],
        omittedRecipients: Int = 0, omittedAttempts: Int = 0
    ) {
        self.id = id
        self.messageId = messageId
        self.kind = kind
        self.state = state
        self.sender = sender
        self.receivedAt = receivedAt
        self.endedAt = endedAt
        self.size = size
        self.client = client
        self.demand = demand
        self.recipients = recipients
        self.events = events
        self.omittedRecipients = omittedRecipients
        self.omittedAttempts = omittedAttempts
    }

    /// Who handed the message over.
    public struct ClientView: Codable, Hashable, Sendable {
        /// The argument of EHLO.
        public var name: String?
        public var address: String?
        /// nil for cleartext.
        public var tls: String?
        public var login: String?
        public var forwarded: String?
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
}

/// What became of one recipient.
public struct LifeRecipientView: Codable, Hashable, Sendable {
    public var address: String
    /// Next-hop domain.
    public var destination: String
    /// `delivered`, `bounced`, `deleted`; of a message in the queue also `queued`, `deferred`, `held`, `quarantined`.
    public var outcome: String
    /// Why it was not delivered.
    public var reason: ReasonView?
    /// The remote's last words.
    public var reply: String?
    /// The host that gave the outcome; nil where none did: it had expired, DNS had no host, or the operator decided.
    public var host: String?
    public var notify: String?
    /// Of a message in the queue: what keeps it from being tried, as ``RecipientView/waiting``. `reason` is then that of the last attempt.
    public var waiting: WaitingView?

    public init(
        address: String, destination: String, outcome: String, reason: ReasonView? = nil, reply: String? = nil,
        host: String? = nil, notify: String? = nil, waiting: WaitingView? = nil
    ) {
        self.address = address
        self.destination = destination
        self.outcome = outcome
        self.reason = reason
        self.reply = reply
        self.host = host
        self.notify = notify
        self.waiting = waiting
    }
}

/// Something that happened to a message.
public struct LifeEventView: Codable, Hashable, Sendable {
    public var time: Int64
    /// `received`, `attempt`, `note`, `notice` or `ended`.
    public var event: String
    /// Of an attempt: the recipients it was for; empty else.
    public var recipients: [String]
    /// Of an attempt.
    public var attempt: LifeAttemptView?
    /// What was noted; the queue id of a notice.
    public var words: String?

    public init(
        time: Int64, event: String, recipients: [String] = [], attempt: LifeAttemptView? = nil, words: String? = nil
    ) {
        self.time = time
        self.event = event
        self.recipients = recipients
        self.attempt = attempt
        self.words = words
    }
}

/// One try at one host, for one or more recipients.
public struct LifeAttemptView: Codable, Hashable, Sendable {
    public var host: String?
    public var address: String?
    /// What the host had to show: `none`, `opportunistic`, `encrypted`, `authenticated`.
    public var required: String?
    /// What demanded that.
    public var requiredBy: String?
    /// How it proved itself; nil where it did not.
    public var verified: String?
    /// How the connection was secured, where that was written down.
    public var tls: String?
    /// `delivered`, `deferred CAUSE`, `bounced CAUSE`, `skipped CAUSE`.
    public var result: String
    public var reply: String?
    public var milliseconds: Int64
    /// Milliseconds of lookup, connect, handshake and SMTP.
    public var times: String?
    /// Key of the decision document; nil where nothing was recorded of the decision.
    public var decision: String?
    /// Key of the evidence document.
    public var evidence: String?
    /// Milliseconds of lookup, connect, TLS (`r`: a resumed session), greeting, EHLO, envelope, content and final reply.
    public var phases: String?

    public init(
        host: String? = nil, address: String? = nil, required: String? = nil, requiredBy: String? = nil,
        verified: String? = nil, tls: String? = nil, result: String, reply: String? = nil, milliseconds: Int64,
        times: String? = nil, decision: String? = nil, evidence: String? = nil, phases: String? = nil
    ) {
        self.host = host
        self.address = address
        self.required = required
        self.requiredBy = requiredBy
        self.verified = verified
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
