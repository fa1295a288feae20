@testable import Mail

/// What the shell will be around ``STSDiscovery``, without a network: TXT and the policy host are variables, and time
/// passes when the test says so.
struct STSWorld {
    let discovery: STSDiscovery
    var now = WallTime(seconds: 1_800_000_000)
    var record = STSRecordFacts.absent("no such name")
    var host: Result<[UInt8], STSFetchFault> = .failure(STSWorld.unreachable)
    var entry: STSCacheEntry?
    private(set) var fetches = 0
    private(set) var events: [STSEvent] = []

    static let domain = domainName("example.com")
    static let unreachable = STSFetchFault(.stsPolicyFetchError, "connection refused")

    init(_ settings: STSSettings = STSSettings()) {
        discovery = STSDiscovery(Self.domain, settings: settings)
    }

    /// A domain that published `policy` under `id` and was mailed once.
    init(holding policy: [UInt8], id: String = "1", _ settings: STSSettings = STSSettings()) {
        self.init(settings)
        record = .found(id: id)
        host = .success(policy)
        mail()
        events = []
        fetches = 0
    }

    /// Mail goes to the domain; a fetch that is due is waited for.
    @discardableResult mutating func mail() -> STSFacts {
        let step = discovery.begin(with: entry, record, at: now)
        apply(step)
        return step.fetchID.map { fetch($0) } ?? step.facts
    }

    /// The background refresh, or the operator's wish.
    mutating func refresh() {
        if let id = discovery.refreshID(entry, record, at: now) { fetch(id) }
    }

    /// Runs the background for `seconds` as the shell would, in steps of a minute.
    mutating func pass(_ seconds: Int64) {
        let end = now.advanced(by: seconds)
        while now < end {
            now = min(end, now.advanced(by: 60))
            if let entry, let due = discovery.refreshDue(entry, jitter: 0, at: now), due <= now { refresh() }
        }
    }

    mutating func wait(_ seconds: Int64) { now = now.advanced(by: seconds) }

    mutating func takeEvents() -> [STSEvent] {
        defer { events = [] }
        return events
    }

    @discardableResult private mutating func fetch(_ id: String) -> STSFacts {
        fetches += 1
        let step = discovery.finish(host, for: id, with: entry, record, at: now)
        apply(step)
        return step.facts
    }

    private mutating func apply(_ step: STSDiscovery.Step) {
        entry = step.entry
        events += step.events
    }
}

extension STSFacts {
    /// The mode in force, for short expectations.
    var mode: STSPolicy.Mode? { held?.policy.mode }
}

extension STSEvent {
    /// `fetch-failed keeps`, `fetched enforce`, and so on.
    var summary: String {
        switch self {
        case .fetched(let held): "fetched \(held.policy.mode)"
        case .refreshed: "refreshed"
        case .fetchFailed(_, _, let keeps): keeps == nil ? "fetch-failed" : "fetch-failed keeps"
        case .ranOut: "ran-out"
        case .recordMissing: "record-missing"
        case .recordBack: "record-back"
        }
    }
}

let enforcePolicy = policyText("version: STSv1", "mode: enforce", "mx: mx.example.com", "max_age: 604800")
let testingPolicy = policyText("version: STSv1", "mode: testing", "mx: mx.example.com", "max_age: 604800")
let nonePolicy = policyText("version: STSv1", "mode: none", "max_age: 604800")
let dayInSeconds: Int64 = 86_400
