/// Which messages have come, each by its number, and how long they took. A repeated message counts apart.
struct ArrivalBook {
    /// Numbers of one page of bits.
    private static let pageBits = 16

    /// A bit per message. Pages by the upper bits of the number: runs of a source leave no gap that costs memory.
    private var pages: [UInt64: [UInt64]] = [:]
    /// Of submission to arrival, in nanoseconds, the first arrival of each message only.
    private(set) var latencies = LatencyHistogram()
    /// Different messages.
    private(set) var messages = 0
    /// Arrivals of messages that had come before.
    private(set) var duplicates = 0
    /// Contents without a marker: not the source's.
    private(set) var unmarked = 0
    /// Octets of contents as they came.
    private(set) var octets = 0

    /// Messages that earlier expectations had asked for.
    private var expected = 0
    /// The number of messages that ends the present expectation.
    private var awaited: Int?

    /// What an expectation that has just been met says.
    struct Done: Equatable {
        let nanoseconds: UInt64
        let count: Int
    }

    /// Enters one content that has come whole; an answer where it was the last one expected.
    mutating func enter(_ marker: Marker?, octets: Int, at now: UInt64) -> Done? {
        self.octets += octets
        guard let marker else {
            unmarked += 1
            return nil
        }
        let page = marker.sequence >> UInt64(Self.pageBits)
        let place = Int(truncatingIfNeeded: marker.sequence & (1 << UInt64(Self.pageBits) - 1))
        let isNew = Self.mark(
            place, in: &pages[page, default: [UInt64](repeating: 0, count: 1 << (Self.pageBits - 6))])
        guard isNew else {
            duplicates += 1
            return nil
        }
        messages += 1
        latencies.add(now > marker.nanoseconds ? now - marker.nanoseconds : 0)
        return settle(at: now)
    }

    /// Expects so many messages more than all earlier expectations asked for. Those that have come already count, so
    /// that it does not matter whether the source began before or after it.
    mutating func expect(_ count: Int, at now: UInt64) -> Done? {
        let (sum, isOver) = expected.addingReportingOverflow(max(0, count))
        awaited = isOver ? .max : sum
        return settle(at: now)
    }

    /// False where the bit stood already.
    private static func mark(_ place: Int, in words: inout [UInt64]) -> Bool {
        let bit: UInt64 = 1 << UInt64(place & 63)
        if words[place >> 6] & bit != 0 { return false }
        words[place >> 6] |= bit
        return true
    }

    private mutating func settle(at now: UInt64) -> Done? {
        guard let awaited, messages >= awaited else { return nil }
        let count = awaited - expected
        expected = awaited
        self.awaited = nil
        return Done(nanoseconds: now, count: count)
    }

    /// Forgets everything, expectations too.
    mutating func reset() {
        self = ArrivalBook()
    }
}
