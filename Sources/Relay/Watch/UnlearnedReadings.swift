import Mail

/// A fact as it was read, with where and when.
struct SeenReading: Hashable, Sendable {
    let reading: FactReading
    let time: WallTime
    /// The policy domain that led there; nil for an address.
    let domain: DomainName?

    /// Octets in memory, about.
    var weight: Int { 256 + reading.name.utf8.count + reading.value.utf8.count }
}

/// Readings that wait until the store can be asked what they change. Bounded: what comes last is dropped, and seen again.
struct UnlearnedReadings: Sendable {
    /// Octets.
    let limit: Int
    private(set) var readings: [SeenReading] = []
    private var weight = 0

    init(limit: Int) { self.limit = limit }

    mutating func keep(_ new: [SeenReading]) {
        for reading in new {
            guard weight + reading.weight <= limit else { return }
            weight += reading.weight
            readings.append(reading)
        }
    }

    /// In the order in which they came.
    mutating func takeAll() -> [SeenReading] {
        defer { removeAll() }
        return readings
    }

    mutating func removeAll() {
        readings = []
        weight = 0
    }
}
