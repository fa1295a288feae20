/// `relayctl simulate`: one page of what another configuration would change.
public struct SimulationPage: Codable, Hashable, Sendable {
    /// Faults of the configuration; then nothing else is said.
    public var faults: [FaultView]
    /// Keys that differ from the configuration in force and that the simulation says nothing about.
    public var notSimulated: [String]
    /// Days whose deliveries were looked at, today included.
    public var days: Int
    /// Destinations on this page, in alphabetical order.
    public var destinations: [SimulatedDestination]
    /// Recipients in the queue under routes that are too many to be looked at.
    public var unread: Int
    /// Give it as `after` for the next page; nil on the last.
    public var next: String?

    public init(
        faults: [FaultView] = [], notSimulated: [String] = [], days: Int, destinations: [SimulatedDestination] = [],
        unread: Int = 0, next: String? = nil
    ) {
        self.faults = faults
        self.notSimulated = notSimulated
        self.days = days
        self.destinations = destinations
        self.unread = unread
        self.next = next
    }
}

/// One domain of recipients, as it is now and as it would be.
public struct SimulatedDestination: Codable, Hashable, Sendable {
    public var domain: String
    /// Messages that left for it in the days that were looked at.
    public var messages: Int64
    /// Recipients in the queue.
    public var queued: Int
    public var change: SimulatedChange
    public var now: SimulatedEnd
    public var then: SimulatedEnd
    /// What the new configuration demands, in words; nil where it is what is demanded now.
    public var why: String?

    public init(
        domain: String, messages: Int64, queued: Int, change: SimulatedChange, now: SimulatedEnd, then: SimulatedEnd,
        why: String? = nil
    ) {
        self.domain = domain
        self.messages = messages
        self.queued = queued
        self.change = change
        self.now = now
        self.then = then
        self.why = why
    }
}

/// What becomes different. The raw values are JSON: never changed, only added to.
public enum SimulatedChange: String, Codable, Hashable, Sendable, CaseIterable {
    /// Mail that is delivered now would be put off or returned.
    case refused
    /// Mail that is put off now would be returned.
    case returned
    /// Mail that is put off now would be delivered.
    case freed
    /// Delivered with better protection.
    case stricter
    /// Delivered with less protection.
    case weaker
    /// Delivered as well protected, or put off as before, for another reason or by another way.
    case other
    case unchanged
}

/// What a delivery comes to.
public struct SimulatedEnd: Codable, Hashable, Sendable {
    /// `delivered`, `deferred` or `bounced`; `not-tried` where nothing changes and nothing was connected to.
    public var outcome: String
    /// The next hop: the domain itself, or where a route sends its mail.
    public var nextHop: String
    /// What the weakest usable host must show.
    public var required: String
    /// How the host that would get it proved itself; nil where none would.
    public var verified: String?
    public var host: String?
    public var cause: String?
    public var detail: String?

    public init(
        outcome: String, nextHop: String, required: String, verified: String? = nil, host: String? = nil,
        cause: String? = nil, detail: String? = nil
    ) {
        self.outcome = outcome
        self.nextHop = nextHop
        self.required = required
        self.verified = verified
        self.host = host
        self.cause = cause
        self.detail = detail
    }
}

/// Which domains a page is about.
public struct SimulationQuery: Hashable, Sendable {
    /// The text of the other configuration.
    public var configuration: String
    /// Its name, for faults.
    public var file: String
    /// Days of deliveries that are looked at, today included.
    public var days: Int
    /// The last domain of the page before.
    public var after: String?
    public var limit: Int

    /// Days at most: the counts of deliveries are kept that long.
    public static let dayLimit = 400
    /// Domains of one page at most: each may cost connections.
    public static let pageLimit = 50
    public static let usualDays = 7
    /// Recipients in the queue that are looked at under each route. As much as the store reads.
    public static let routedLimit = 100_000
    /// Octets of a configuration at most.
    public static var octetLimit: Int { ControlBody.limit }

    public init(configuration: String, file: String, days: Int, after: String? = nil, limit: Int = Self.pageLimit) {
        self.configuration = configuration
        self.file = file
        self.days = days
        self.after = after
        self.limit = limit
    }
}
