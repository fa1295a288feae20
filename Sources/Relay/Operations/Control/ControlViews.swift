/// Answer to `GET /v1/status`. Times are seconds since the epoch, sizes octets.
public struct StatusView: Codable, Hashable, Sendable {
    public var version: String
    public var pid: Int32
    public var startedAt: Int64
    /// Seconds.
    public var uptime: Int64
    public var hostname: String
    /// `127.0.0.1:2525`
    public var listeners: [String]
    public var store: StoreView
    public var resolver: ResolverView
    public var intake: IntakeView
    public var delivery: DeliveryView
    public var destinations: DestinationsView
    /// What the operator should know, one sentence each.
    public var warnings: [String]
    /// Absent where there are none to speak of.
    public var alarms: AlarmCountView?

    public init(
        version: String, pid: Int32, startedAt: Int64, uptime: Int64, hostname: String, listeners: [String],
        store: StoreView, resolver: ResolverView, intake: IntakeView, delivery: DeliveryView,
        destinations: DestinationsView, warnings: [String],
        alarms: AlarmCountView? = nil
    ) {
        self.version = version
        self.pid = pid
        self.startedAt = startedAt
        self.uptime = uptime
        self.hostname = hostname
        self.listeners = listeners
        self.store = store
        self.resolver = resolver
        self.intake = intake
        self.delivery = delivery
        self.destinations = destinations
        self.warnings = warnings
        self.alarms = alarms
    }
}

/// Part of an answer on the control socket.
public struct StoreView: Codable, Hashable, Sendable {
    public var directory: String
    /// This and what follows is absent where the store has not answered yet: that it has none would be another thing.
    public var messages: Int?
    /// Recipients not settled yet.
    public var recipients: Int?
    /// Messages whose content was found damaged.
    public var quarantined: Int?
    /// Messages that rest because relayd crashed while they were being delivered.
    public var resting: Int?
    public var freeBytes: Int64?
    /// `store.minimum_free`: below it mail is refused.
    public var floor: Int64
    /// Of the whole file system; absent where it cannot be asked.
    public var totalBytes: Int64?
    /// Of ``freeBytes`` what content that is coming in may take, until the disk is looked at again; absent where it is none.
    public var promisedBytes: Int64?
    /// Free too, beside ``freeBytes``: what mail in the journal needs on its way into the queue; absent where it is none.
    public var journalBytes: Int64?

    public init(
        directory: String, messages: Int?, recipients: Int?, quarantined: Int?, freeBytes: Int64?, floor: Int64,
        totalBytes: Int64? = nil, resting: Int? = nil, promisedBytes: Int64? = nil, journalBytes: Int64? = nil
    ) {
        self.promisedBytes = promisedBytes
        self.journalBytes = journalBytes
        self.directory = directory
        self.messages = messages
        self.recipients = recipients
        self.quarantined = quarantined
        self.resting = resting
        self.freeBytes = freeBytes
        self.floor = floor
        self.totalBytes = totalBytes
    }
}

/// Part of an answer on the control socket.
public struct ResolverView: Codable, Hashable, Sendable {
    /// `running`, `restarting` or `stopped`.
    public var state: String
    /// Outcome of the self-test; nil while it is not known.
    public var validates: Bool?
    /// `passes`, `does-not-validate`, `no-answer`, `waiting` (it has not ended yet), `off`.
    public var selfTest: String?
    /// Since when the self-test does not pass; nil where it does, or has not ended yet.
    public var failingSince: Int64?
    public var detail: String?
    /// `libunbound 1.17.1`
    public var library: String
    /// The library's version is on the list of known trouble.
    public var unsafe: Bool

    public init(
        state: String, validates: Bool? = nil, selfTest: String? = nil, failingSince: Int64? = nil,
        detail: String? = nil, library: String, unsafe: Bool
    ) {
        self.state = state
        self.validates = validates
        self.selfTest = selfTest
        self.failingSince = failingSince
        self.detail = detail
        self.library = library
        self.unsafe = unsafe
    }
}

/// Part of an answer on the control socket.
public struct IntakeView: Codable, Hashable, Sendable {
    /// Open now.
    public var connections: Int
    /// Messages acknowledged since start.
    public var acceptedTotal: Int64
    /// Commands and transactions answered with 4yz or 5yz since start.
    public var refusedTotal: Int64

    public init(connections: Int, acceptedTotal: Int64, refusedTotal: Int64) {
        self.connections = connections
        self.acceptedTotal = acceptedTotal
        self.refusedTotal = refusedTotal
    }
}

/// Part of an answer on the control socket.
public struct DeliveryView: Codable, Hashable, Sendable {
    /// Open now.
    public var connections: Int
    /// Recipients, since start.
    public var deliveredTotal: Int64
    /// Attempts of recipients that were put off, since start.
    public var deferredTotal: Int64
    /// Recipients, since start.
    public var bouncedTotal: Int64

    public init(connections: Int, deliveredTotal: Int64, deferredTotal: Int64, bouncedTotal: Int64) {
        self.connections = connections
        self.deliveredTotal = deliveredTotal
        self.deferredTotal = deferredTotal
        self.bouncedTotal = bouncedTotal
    }
}

/// Part of an answer on the control socket.
public struct DestinationsView: Codable, Hashable, Sendable {
    public var active: Int
    public var backedOff: Int

    public init(active: Int, backedOff: Int) {
        self.active = active
        self.backedOff = backedOff
    }
}

/// Answer to `GET /v1/queue`.
public struct QueuePage: Codable, Hashable, Sendable {
    public var messages: [MessageView]
    /// Cursor of the next page; nil at the end.
    public var next: String?

    public init(messages: [MessageView], next: String? = nil) {
        self.messages = messages
        self.next = next
    }
}

/// One message of the queue; also the answer to `GET /v1/queue/ID`.
public struct MessageView: Codable, Hashable, Sendable {
    public var id: String
    /// Empty for the null reverse-path.
    public var sender: String
    /// In the order of the envelope.
    public var recipients: [RecipientView]
    /// Octets of content.
    public var size: Int
    public var receivedAt: Int64
    public var expiresAt: Int64
    /// RET, `FULL` or `HDRS`.
    public var returns: String?
    /// ENVID, as it came.
    public var envid: String?
    /// It came with SMTPUTF8.
    public var internationalized: Bool
    /// Who logged in to hand it over.
    public var login: String?
    /// The client before that one, in the words of XFORWARD.
    public var forwarded: String?
    /// Why it was taken out of delivery: what of it is damaged.
    public var quarantined: String?

    public init(
        id: String, sender: String, recipients: [RecipientView], size: Int, receivedAt: Int64, expiresAt: Int64,
        returns: String? = nil, envid: String? = nil, internationalized: Bool = false, login: String? = nil,
        forwarded: String? = nil, quarantined: String? = nil
    ) {
        self.id = id
        self.sender = sender
        self.recipients = recipients
        self.size = size
        self.receivedAt = receivedAt
        self.expiresAt = expiresAt
        self.returns = returns
        self.envid = envid
        self.internationalized = internationalized
        self.login = login
        self.forwarded = forwarded
        self.quarantined = quarantined
    }
}

/// Part of an answer on the control socket.
public struct RecipientView: Codable, Hashable, Sendable {
    public var address: String
    /// Next-hop domain.
    public var destination: String
    /// `queued`, `deferred`, `active`, `held`, `quarantined`, `delivered`, `bounced` or `deleted`.
    public var state: String
    public var attempts: Int
    public var nextAttempt: Int64?
    /// Why the last attempt put it off.
    public var reason: ReasonView?
    /// The remote's words.
    public var lastReply: String?
    /// The host tried last.
    public var host: String?
    /// NOTIFY: `NEVER`, or `SUCCESS`, `FAILURE`, `DELAY` with commas between.
    public var notify: String?
    /// ORCPT, as it came.
    public var originalRecipient: String?
    /// The latest tries at hosts, oldest first; only where one message is shown.
    public var history: [TryView]?
    /// When it is given up; nil: with its message.
    public var expiresAt: Int64?
    /// What keeps it from being tried, besides the time of its next attempt.
    public var waiting: WaitingView?

    public init(
        address: String, destination: String, state: String, attempts: Int, nextAttempt: Int64? = nil,
        reason: ReasonView? = nil, lastReply: String? = nil, host: String? = nil, notify: String? = nil,
        originalRecipient: String? = nil, history: [TryView]? = nil, expiresAt: Int64? = nil,
        waiting: WaitingView? = nil
    ) {
        self.address = address
        self.destination = destination
        self.state = state
        self.attempts = attempts
        self.nextAttempt = nextAttempt
        self.reason = reason
        self.lastReply = lastReply
        self.host = host
        self.notify = notify
        self.originalRecipient = originalRecipient
        self.history = history
        self.expiresAt = expiresAt
        self.waiting = waiting
    }
}

/// What keeps a recipient from being tried.
public struct WaitingView: Codable, Hashable, Sendable {
    /// `down` (the hosts of its destination were found dead), `suspended` (its destination, by the operator), `held`,
    /// `quarantined` (it is damaged), or `resting` (it was being delivered when relayd crashed).
    public var state: String
    public var since: Int64?
    /// nil where nothing ends it by itself.
    public var until: Int64?
    public var reason: String?
    /// Of hosts that are down: the cause of the log.
    public var cause: String?

    public init(
        state: String, since: Int64? = nil, until: Int64? = nil, reason: String? = nil, cause: String? = nil
    ) {
        self.cause = cause
        self.state = state
        self.since = since
        self.until = until
        self.reason = reason
    }
}

/// One try at one host.
public struct TryView: Codable, Hashable, Sendable {
    public var time: Int64
    public var host: String?
    public var address: String?
    /// What the host had to show: `none`, `opportunistic`, `encrypted`, `authenticated`.
    public var required: String?
    /// How it proved itself; nil where it did not.
    public var verified: String?
    /// `delivered`, `deferred CAUSE`, `bounced CAUSE`, `skipped CAUSE`.
    public var result: String
    public var reply: String?
    public var milliseconds: Int64

    public init(
        time: Int64, host: String?, address: String?, required: String?, verified: String?, result: String,
        reply: String?, milliseconds: Int64
    ) {
        self.time = time
        self.host = host
        self.address = address
        self.required = required
        self.verified = verified
        self.result = result
        self.reply = reply
        self.milliseconds = milliseconds
    }
}

/// Part of an answer on the control socket.
public struct ReasonView: Codable, Hashable, Sendable {
    /// Raw value of `Reason.Cause`.
    public var cause: String
    public var detail: String

    public init(cause: String, detail: String) {
        self.cause = cause
        self.detail = detail
    }
}

/// Every answer but 200 carries `{"error": {…}}` with these.
public struct ControlErrorView: Codable, Hashable, Sendable {
    /// A word that programs may compare.
    public var code: String
    public var message: String
    public var cure: String

    public init(code: String, message: String, cure: String) {
        self.code = code
        self.message = message
        self.cure = cure
    }
}
