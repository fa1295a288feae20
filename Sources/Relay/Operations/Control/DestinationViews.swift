/// Answer to `GET /v1/destinations`: those with most mail first.
public struct DestinationsPage: Codable, Hashable, Sendable {
    public var destinations: [DestinationView]

    public init(destinations: [DestinationView]) {
        self.destinations = destinations
    }
}

/// One destination. Counts are of recipients.
public struct DestinationView: Codable, Hashable, Sendable {
    public var name: String
    /// May be tried now.
    public var due: Int
    /// An attempt put them off.
    public var deferred: Int
    public var held: Int
    /// Being delivered right now.
    public var active: Int
    /// When the oldest mail for it was received; nil where there is none.
    public var oldest: Int64?
    /// Open now.
    public var connections: Int
    /// Connections that may be open now.
    public var window: Int
    /// `ready`, `down` (its hosts were found dead), `suspended` (by the operator) or `waiting` (for its turn, a limit or a
    /// pause that is over soon).
    public var state: String
    /// When ``state`` ends by itself; nil where nothing ends it.
    public var until: Int64?
    /// When ``state`` began.
    public var since: Int64?
    /// Why: the operator's words, or what the attempts came to.
    public var reason: String?
    /// The MX hosts it shares with others.
    public var site: String?
    /// Recipients delivered in the last minute.
    public var ratePerMinute: Int
    /// What the last session had to show: `none`, `opportunistic`, `encrypted`, `authenticated`.
    public var tls: String?
    /// Why mail was put off or returned last.
    public var lastReason: ReasonView?

    public init(
        name: String, due: Int = 0, deferred: Int = 0, held: Int = 0, active: Int = 0, oldest: Int64? = nil,
        connections: Int = 0, window: Int = 0, state: String = "ready", until: Int64? = nil, since: Int64? = nil,
        reason: String? = nil, site: String? = nil, ratePerMinute: Int = 0, tls: String? = nil,
        lastReason: ReasonView? = nil
    ) {
        self.name = name
        self.due = due
        self.deferred = deferred
        self.held = held
        self.active = active
        self.oldest = oldest
        self.connections = connections
        self.window = window
        self.state = state
        self.until = until
        self.since = since
        self.reason = reason
        self.site = site
        self.ratePerMinute = ratePerMinute
        self.tls = tls
        self.lastReason = lastReason
    }
}

/// Answer to `POST /v1/destinations/NAME/suspend`: what holds now.
public struct SuspensionView: Codable, Hashable, Sendable {
    public var destination: String
    public var since: Int64
    /// nil: until it is resumed.
    public var until: Int64?
    public var reason: String
    /// Recipients that wait for it.
    public var waiting: Int

    public init(destination: String, since: Int64, until: Int64? = nil, reason: String, waiting: Int = 0) {
        self.destination = destination
        self.since = since
        self.until = until
        self.reason = reason
        self.waiting = waiting
    }
}

/// Answer to `POST /v1/destinations/NAME/resume`.
public struct ResumptionView: Codable, Hashable, Sendable {
    public var destination: String
    /// False where it was not suspended.
    public var resumed: Bool

    public init(destination: String, resumed: Bool) {
        self.destination = destination
        self.resumed = resumed
    }
}

/// Answer to `POST /v1/reload`.
public struct ReloadView: Codable, Hashable, Sendable {
    /// False where the file is bad: then nothing of it was applied, and all goes on as before.
    public var applied: Bool
    /// Keys whose new values hold from now on.
    public var changed: [String]
    /// Keys whose new values hold from the next start on.
    public var restartNeeded: [String]
    public var faults: [FaultView]

    public init(applied: Bool, changed: [String] = [], restartNeeded: [String] = [], faults: [FaultView] = []) {
        self.applied = applied
        self.changed = changed
        self.restartNeeded = restartNeeded
        self.faults = faults
    }
}

/// One thing that is wrong with a configuration: a ``ConfigurationFault``.
public struct FaultView: Codable, Hashable, Sendable, CustomStringConvertible {
    public var file: String
    /// From 1; nil where the fault is not in the text.
    public var line: Int?
    /// From 1.
    public var column: Int?
    /// Empty where it concerns the file as a whole.
    public var key: String
    public var problem: String
    public var cure: String

    public init(file: String, line: Int? = nil, column: Int? = nil, key: String, problem: String, cure: String) {
        self.file = file
        self.line = line
        self.column = column
        self.key = key
        self.problem = problem
        self.cure = cure
    }

    public init(_ fault: ConfigurationFault) {
        self.init(
            file: fault.file, line: fault.place?.line, column: fault.place?.column, key: fault.key,
            problem: fault.problem, cure: fault.cure)
    }

    /// As relayd prints it.
    public var description: String {
        let place: TextPlace? = if let line, let column { TextPlace(line: line, column: column) } else { nil }
        return ConfigurationFault(file: file, place: place, key: key, problem: problem, cure: cure).description
    }
}
