/// Counts of nanoseconds in steps that grow with the value: 128 to each power of two, so that what is read back is less
/// than one percent off, in 57 KB however many are counted.
struct LatencyHistogram {
    /// Steps of a power of two, as a power of two.
    private static let precision = 7
    private static let steps = 1 << precision

    private var counts = [UInt64](repeating: 0, count: steps * (UInt64.bitWidth - precision + 1))
    private(set) var count: UInt64 = 0
    /// Exact.
    private(set) var maximum: UInt64 = 0

    mutating func add(_ value: UInt64) {
        counts[Self.place(of: value)] += 1
        count += 1
        if value > maximum { maximum = value }
    }

    mutating func reset() {
        for place in counts.indices { counts[place] = 0 }
        count = 0
        maximum = 0
    }

    /// The least value that so many percent of the values do not exceed; 0 where there are none.
    func percentile(_ percent: Double) -> UInt64 {
        guard count > 0 else { return 0 }
        let wanted = max(1, UInt64((min(max(percent, 0), 100) / 100 * Double(count)).rounded(.up)))
        var seen: UInt64 = 0
        for (place, number) in counts.enumerated() where number > 0 {
            seen += number
            if seen >= wanted { return min(Self.middle(of: place), maximum) }
        }
        return maximum
    }

    /// Values below 128 have a step each. Above, the leading one and the seven bits behind it say the step.
    static func place(of value: UInt64) -> Int {
        if value < UInt64(steps) { return Int(value) }
        let exponent = UInt64.bitWidth - 1 - value.leadingZeroBitCount - precision
        return (exponent + 1) << precision + Int(value >> UInt64(exponent)) - steps
    }

    /// The middle of a step.
    static func middle(of place: Int) -> UInt64 {
        if place < steps { return UInt64(place) }
        let exponent = UInt64(place >> precision - 1)
        let least = UInt64(place & (steps - 1) + steps) << exponent
        return least + (1 << exponent) / 2
    }
}
