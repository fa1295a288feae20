import Store
import Testing

@testable import Relay

@Suite("How long suspects of a crash rest")
struct SuspectRestTests {
    private func suspects(_ crashes: [Int]) -> [InFlight.Suspect] {
        crashes.enumerated().map { InFlight.Suspect(message: MessageNumber(Int64($0.offset) + 1), crashes: $0.element) }
    }

    @Test("Longer behind each crash, each apart from the others behind as many, and held behind the third")
    func table() {
        #expect(SuspectRest.seconds(for: []) == [])
        #expect(SuspectRest.seconds(for: suspects([1])) == [30])
        #expect(SuspectRest.seconds(for: suspects([2])) == [300])
        #expect(SuspectRest.seconds(for: suspects([3])) == [nil])
        #expect(SuspectRest.seconds(for: suspects([1000, .max, 0, -1, .min])) == [nil, nil, nil, nil, nil])
        #expect(SuspectRest.seconds(for: suspects([1, 2, 1, 3, 1, 2])) == [30, 300, 40, nil, 50, 600])
    }

    @Test("Where they are many they come closer to each other, and none waits for the rest of the day")
    func many() throws {
        for (crashes, span) in [(1, 3600), (2, 8 * 3600)] as [(Int, Int64)] {
            let all = SuspectRest.seconds(for: suspects(Array(repeating: crashes, count: InFlight.slots))).compactMap(
                \.self)
            let first = try #require(all.first)
            let last = try #require(all.last)
            #expect(all.count == InFlight.slots && Set(all).count == all.count && all == all.sorted())
            #expect(last - first < span)
        }
    }

    /// What comes of `count` messages that were under way together, of which one has the program fall at each attempt. An attempt takes so many
    /// seconds; the guilty one falls at its end, when it has met the most.
    /// - Returns: who is held in the end, and when.
    private func rounds(of count: Int, guilty: Int64, taking length: Int64) -> (held: [Int64], at: Int64) {
        var crashes: [Int64: Int] = [:]
        var due: [Int64: Int64] = Dictionary(uniqueKeysWithValues: (1...Int64(count)).map { ($0, 0) })
        var held: [Int64] = []
        var now = length
        while let next = due[guilty] {
            now = next + length
            // Who began before and has ended by then is delivered.
            due = due.filter { $0.key == guilty || $0.value + length >= now }
            let met = due.filter { $0.value <= now }.keys.sorted()
            for message in met { crashes[message, default: 0] += 1 }
            let suspects = met.map { InFlight.Suspect(message: MessageNumber($0), crashes: crashes[$0, default: 0]) }
            for (message, seconds) in zip(met, SuspectRest.seconds(for: suspects)) {
                if seconds == nil { held.append(message) }
                due[message] = seconds.map { now + $0 }
            }
        }
        return (held, now)
    }

    @Test(
        "The next crash meets few of them: only the guilty one is held",
        arguments: [2, 3, 10, 100, 400, InFlight.slots], [1, 5, 20, 60, 120, 290] as [Int64])
    func guilty(count: Int, length: Int64) {
        for guilty in Set([1, 2, Int64(count) / 2, Int64(count)]) where guilty > 0 {
            let (held, end) = rounds(of: count, guilty: guilty, taking: length)
            #expect(held == [guilty], "\(guilty) of \(count)")
            #expect(end < 12 * 3600)
        }
    }
}
