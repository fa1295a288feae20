/// What a detector makes of what it saw.
public enum AlarmFinding: Hashable, Sendable {
    /// The fault is there: what was seen, in a sentence without its full stop.
    case fault(String)
    /// It is not there, and something shows it: why.
    case well(String)
    /// Too little was seen to say either; what stands goes on standing.
    case unknown
}

/// When detectors raise: what `[alarm]` sets.
public struct AlarmThresholds: Hashable, Sendable {
    /// Seconds for which a sighting counts.
    public var window: Int64
    /// Unrelated hosts without STARTTLS.
    public var startTLSHosts: Int
    /// Their share of the hosts met, 0 to 1.
    public var startTLSShare: Double
    /// Unrelated hosts that took no connection.
    public var port25Hosts: Int
    /// Seconds.
    public var clockOffset: Int64
    /// Unrelated hosts whose time is known.
    public var clockPeers: Int

    public init(
        window: Int64 = 1800, startTLSHosts: Int = 5, startTLSShare: Double = 0.7, port25Hosts: Int = 5,
        clockOffset: Int64 = 300, clockPeers: Int = 5
    ) {
        self.window = window
        self.startTLSHosts = startTLSHosts
        self.startTLSShare = startTLSShare
        self.port25Hosts = port25Hosts
        self.clockOffset = clockOffset
        self.clockPeers = clockPeers
    }
}

/// The last of what was seen of each host, of at most so many: where there is no room the one seen longest ago goes.
struct RecentHosts<Seen: Sendable>: Sendable {
    private(set) var entries: [HostKey: Entry] = [:]
    let limit: Int

    struct Entry: Sendable {
        var time: WallTime
        var kin: HostKin
        var seen: Seen
    }

    typealias Found = (key: HostKey, value: Entry)

    init(limit: Int) { self.limit = limit }

    subscript(_ key: HostKey) -> Entry? { entries[key] }

    mutating func note(_ key: HostKey, _ entry: Entry) {
        if entries[key] == nil, entries.count >= limit { makeRoom() }
        entries[key] = entry
    }

    /// A sixteenth at once, so that a full table is not searched for each new host.
    private mutating func makeRoom() {
        let oldest = entries.sorted { $0.value.time < $1.value.time }.prefix(max(1, limit / 16))
        for (key, _) in oldest { entries[key] = nil }
    }

    /// Forgets what was seen before `time`, and what bears a time after `now`: the clock was set.
    mutating func forget(before time: WallTime, after now: WallTime) {
        if entries.allSatisfy({ $0.value.time >= time && $0.value.time <= now }) { return }
        entries = entries.filter { $0.value.time >= time && $0.value.time <= now }
    }

    /// Seen from `time` on, in no order: there may be thousands, and it is asked for several times a second.
    func since(_ time: WallTime) -> [Found] {
        entries.compactMap { $0.value.time >= time ? ($0.key, $0.value) : nil }
    }

    /// One of each that are related to each other, always the same ones.
    static func unrelated(_ found: [Found]) -> [Found] {
        var counted = HostKin.Counted()
        return found.sorted { $0.key < $1.key }.filter { counted.insert($0.value.kin) }
    }

    /// "a, b, c and 4 more"
    static func named(_ found: [Found]) -> String { found.map(\.key.host).sorted().few() }

    mutating func removeAll() { entries.removeAll() }
}

/// A host and one of its addresses.
struct HostKey: Hashable, Comparable, Sendable {
    let host: String
    let address: IPAddress

    init(_ sighting: HostSighting) {
        host = sighting.host.description
        address = sighting.address.unmapped
    }

    static func < (left: Self, right: Self) -> Bool {
        left.host != right.host
            ? left.host < right.host : left.address.octets.lexicographicallyPrecedes(right.address.octets)
    }
}

/// Bounds of what detectors remember. Ours.
public enum AlarmMemory {
    /// Hosts of which the last sighting is kept, by each detector.
    public static let hosts = 4_096
    /// Seconds for which it is remembered that a host offered STARTTLS: 30 days.
    public static let offers: Int64 = 2_592_000
    /// Hosts that are named in the words of an alarm.
    public static let named = 3
}

extension [String] {
    /// "a, b, c and 4 more"
    package func few(_ limit: Int = AlarmMemory.named) -> String {
        let first = prefix(limit).joined(separator: ", ")
        return count > limit ? "\(first) and \(count - limit) more" : first
    }
}
