public import Mail

/// What the daemon remembers for those who ask why: exceptions, alarms, what it knows of domains and hosts, and how much
/// left how.
///
/// As in ``QueueStore`` each function that changes something returns after its change is committed and synced, and none
/// reads a clock.
public protocol WatchStore: Sendable {
    // MARK: Exceptions

    /// Keeps an exception, in place of the one the domain has. Its reason is cut at ``QueueLimits/detailText``.
    /// - Throws: `.failed` where ``WatchLimits/exceptions`` are kept already.
    func putException(_ exception: PolicyException) async throws(StoreError)

    /// - Returns: false where the domain has none.
    func removeException(of domain: DomainName) async throws(StoreError) -> Bool

    /// All of them, by domain; those that are over too, until they are removed. Of each damaged one a sentence: it lowers
    /// nothing, and ``removeException(of:)`` and ``putException(_:)`` work all the same.
    func exceptions() async throws(StoreError) -> (sound: [PolicyException], damaged: [String])

    // MARK: Alarms

    /// Keeps a new alarm, whose number the store gives. Its texts are cut at ``QueueLimits/detailText``. Forgets the
    /// oldest cleared ones beyond ``WatchLimits/alarms``.
    /// - Throws: `.failed` where as many stand.
    func addAlarm(_ alarm: OperatorAlarm) async throws(StoreError) -> OperatorAlarm

    /// Writes what has changed of an alarm that is kept: all but kind and subject.
    /// - Returns: false where there is none of its number.
    func updateAlarm(_ alarm: OperatorAlarm) async throws(StoreError) -> Bool

    /// All that stand, oldest first.
    func standingAlarms() async throws(StoreError) -> [OperatorAlarm]

    /// One page, newest first: those raised before the one of number `before`.
    func alarms(before: Int64?, limit: Int) async throws(StoreError) -> [OperatorAlarm]

    // MARK: History

    /// What is known under these names, by name and kind.
    func facts(of names: [String]) async throws(StoreError) -> [KnownFact]

    /// Writes facts with the changes they are, as one transaction; values are cut by `FactReading.bounded`.
    /// Forgets the facts seen longest ago beyond ``WatchLimits/facts``, the oldest changes beyond ``WatchLimits/changes``, and
    /// those of a name beyond ``WatchLimits/changesOfName``.
    func learn(_ facts: [KnownFact], _ changes: [FactChange]) async throws(StoreError)

    /// Newest first.
    func changes(of names: [String], before: Int64?, limit: Int) async throws(StoreError) -> [FactChange]

    /// Forgets changes before that time, and facts that were not seen since: in steps.
    func forgetFacts(before time: WallTime) async throws(StoreError)

    // MARK: What left how

    /// One page of the sums from the first day to the last, by name: of destinations or of senders. The names of one day
    /// are bounded (``WatchLimits/namesOfDay``); the rest is counted together under ``DeliverySum/rest``.
    /// - Throws: `.damaged` where counting has ended because its tables are broken, `.failed` where a count is: what is not
    ///   exact is not told.
    func deliveries(
        by side: DeliverySide, from first: ReportDay, to last: ReportDay, after name: String?, limit: Int
    ) async throws(StoreError) -> [DeliverySum]

    /// Forgets what was counted and observed on days before, and the proofs of these days: in steps.
    func removeDeliveries(before day: ReportDay) async throws(StoreError)

    /// One page of the messages with REQUIRETLS that were delivered, newest first, each with its proof: those before the one of
    /// number `before`. None where that is forgotten, for then what was before it is.
    func proofs(
        from first: WallTime, to last: WallTime, before: Int64?, limit: Int
    ) async throws(StoreError) -> [RequireTLSProof]

    // MARK: What rules in mode `observe` would have done

    /// Adds to the counts of a day. Beyond ``WatchLimits/observedOfDay`` the rest is counted together by rule and cause,
    /// under the destination ``DeliverySum/rest``.
    func noteObserved(_ observed: [ObservedCount]) async throws(StoreError)

    /// The counts of that day and later ones, each for itself, most first.
    func observed(from day: ReportDay, limit: Int) async throws(StoreError) -> [ObservedCount]

    // MARK: What will expire

    /// What waits at each destination and expires by itself before `time`, soonest first.
    func expiring(before time: WallTime, limit: Int) async throws(StoreError) -> [ExpirySum]

    // MARK: Where mail waits

    /// Destinations where mail waits whose last outcome was for one of these causes, by name, at most `limit`. Goes through
    /// the whole queue.
    func waiting(for causes: Set<Reason.Cause>, limit: Int) async throws(StoreError) -> [PolicyWait]

    /// One page of the destinations where recipients wait or are held, by name: those behind `name`.
    func waitingDestinations(after name: String?, limit: Int) async throws(StoreError) -> [WaitingCount]

    /// The domains of the recipients that wait or are held at a destination: of its first `limit` recipients in order of arrival,
    /// and of ``WatchLimits/recipientsRead`` at most.
    func waitingDomains(at destination: String, limit: Int) async throws(StoreError) -> [DomainCount]
}

/// Bounds of what a ``WatchStore`` keeps. Ours.
public enum WatchLimits {
    public static let exceptions = 10_000
    /// Alarms that are kept, cleared ones included.
    public static let alarms = 10_000
    /// Facts that are known: a few for each of the domains and hosts that mail goes to, and strangers name hosts at will.
    public static let facts = 200_000
    /// Changes of facts that are kept.
    public static let changes = 100_000
    public static let changesOfName = 1_000
    /// Octets of a name: of a domain, host, smarthost, sender or rule. As much as an address may have.
    public static let name = 320
    /// Destinations, and senders, that are counted by name on one day.
    public static let namesOfDay = 100_000
    /// Rows of one page of anything here.
    public static let page = 1_000
    /// Recipients at one destination whose domains are read: each is a row that is in no index.
    public static let recipientsRead = 100_000
    /// Messages with REQUIRETLS that are kept.
    public static let proofs = 1_000_000
    /// Rows of ``ObservedCount`` on one day.
    public static let observedOfDay = 10_000
}

public enum DeliverySide: Int, Hashable, Sendable {
    case destination = 0
    case sender = 1
}

/// What left to one destination, or from one sender.
public struct DeliverySum: Hashable, Sendable {
    /// Stands for the names that had no row of their own.
    public static let rest = "(others)"

    public var name: String
    public var levels: [DeliveredLevel: Count]

    public struct Count: Hashable, Sendable {
        public var messages: Int64
        public var recipients: Int64

        public init(messages: Int64 = 0, recipients: Int64 = 0) {
            self.messages = messages
            self.recipients = recipients
        }
    }

    public init(name: String, levels: [DeliveredLevel: Count] = [:]) {
        self.name = name
        self.levels = levels
    }
}

/// A message with REQUIRETLS that was handed over, and what showed that it was safe to.
public struct RequireTLSProof: Hashable, Sendable {
    /// Given by the store.
    public var number: Int64
    public var time: WallTime
    public var id: QueueID
    public var sender: String
    public var destination: String
    public var recipients: Int
    public var host: String
    public var address: String
    /// "TLSv1.3"
    public var tls: String
    public var verified: VerifiedLevel

    public init(
        number: Int64 = 0, time: WallTime, id: QueueID, sender: String, destination: String, recipients: Int,
        host: String, address: String, tls: String, verified: VerifiedLevel
    ) {
        self.number = number
        self.time = time
        self.id = id
        self.sender = sender
        self.destination = destination
        self.recipients = recipients
        self.host = host
        self.address = address
        self.tls = tls
        self.verified = verified
    }
}

/// How often a host would have been refused, or not, if the rules in mode `observe` were in force.
public struct ObservedCount: Hashable, Sendable {
    public var day: ReportDay
    /// `rule "example.org"`
    public var rule: String
    public var destination: String
    /// Raw value of `Reason.Cause`; nil where mail would have gone.
    public var cause: String?
    public var connections: Int64

    public init(day: ReportDay, rule: String, destination: String, cause: String?, connections: Int64) {
        self.day = day
        self.rule = rule
        self.destination = destination
        self.cause = cause
        self.connections = connections
    }
}
