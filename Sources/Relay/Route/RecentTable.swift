/// A bounded table that forgets what was used least recently, by generation: a hit moves its entry to the younger of two
/// tables, and when that holds half of the bound the older one is dropped.
///
/// Entries that are busy are never dropped: while there are more of them than the bound, it gives way.
struct RecentTable<Key: Hashable, Value> {
    let limit: Int
    private let isBusy: (Value) -> Bool
    private var young: [Key: Value] = [:]
    private var old: [Key: Value] = [:]
    /// Entries of the younger table at which the tables change places.
    private var threshold: Int

    init(limit: Int, isBusy: @escaping (Value) -> Bool = { _ in false }) {
        self.limit = max(2, limit)
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
        if young.updateValue(value, forKey: key) == nil, young.count > threshold {
            young.removeValue(forKey: key)
            keep(value, for: key)
        }
    }

    private mutating func keep(_ value: Value, for key: Key) {
        if young.count >= threshold {
            let busy = old.filter { isBusy($0.value) }
            old = young
            young = busy
            // Twice what cannot go, so that many busy entries do not make each insertion a pass over all of them.
            threshold = max(limit / 2, busy.count * 2)
        }
        young[key] = value
    }
}
