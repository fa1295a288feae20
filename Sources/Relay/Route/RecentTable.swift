/// A bounded table that forgets what was used least recently, by generation: a hit moves its entry to the younger of two
/// tables, and when that holds half of the bound the older one is dropped.
///
/// Entries that are busy are never dropped: while there are more of them than the bound, it gives way. There is a bound for
/// what all entries weigh besides, for a stranger decides how large some are.
struct RecentTable<Key: Hashable, Value> {
    let limit: Int
    let weightLimit: Int
    private let weigh: (Value) -> Int
    private let isBusy: (Value) -> Bool
    /// Octets of the younger table, as they were weighed when they came and when they grew.
    private(set) var weight = 0
    private var young: [Key: Value] = [:]
    private var old: [Key: Value] = [:]
    /// Entries of the younger table at which the tables change places.
    private var threshold: Int
    /// What they weigh then.
    private var weightThreshold: Int

    /// - Parameter weigh: octets of an entry when it is inserted or used after long.
    init(
        limit: Int, weightLimit: Int = .max, weigh: @escaping (Value) -> Int = { _ in 0 },
        isBusy: @escaping (Value) -> Bool = { _ in false }
    ) {
        self.limit = max(2, limit)
        self.weightLimit = max(2, weightLimit)
        self.weigh = weigh
        weightThreshold = max(2, weightLimit) / 2
        self.isBusy = isBusy
        threshold = max(2, limit) / 2
    }

    var count: Int { young.count + old.count }

    /// In no order.
    var values: [Value] { Array(young.values) + Array(old.values) }

    /// The entry, which counts as used now.
    mutating func use(_ key: Key) -> Value? {
        if let found = young[key] { return found }
        guard let found = old.removeValue(forKey: key) else { return nil }
        keep(found, for: key)
        return found
    }

    mutating func insert(_ value: Value, for key: Key) {
        old.removeValue(forKey: key)
        if let before = young.removeValue(forKey: key) { weight -= min(weight, weigh(before)) }
        keep(value, for: key)
    }

    /// An entry of the table weighs so much more now.
    mutating func grew(by octets: Int) {
        weight += max(0, octets)
    }

    private mutating func keep(_ value: Value, for key: Key) {
        if young.count >= threshold || weight >= weightThreshold {
            let busy = old.filter { isBusy($0.value) }
            old = young
            young = busy
            // Twice what cannot go, so that many busy entries do not make each insertion a pass over all of them.
            threshold = max(limit / 2, busy.count * 2)
            weight = busy.values.reduce(0) { $0 + weigh($1) }
            weightThreshold = max(weightLimit / 2, min(weight, .max / 2) * 2)
        }
        weight += weigh(value)
        young[key] = value
    }
}
