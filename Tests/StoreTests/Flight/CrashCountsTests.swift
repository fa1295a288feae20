import Mail
import Testing

@testable import Store

@Suite("Counts of crashes")
struct CrashCountsTests {
    private func made(_ crashes: [(ClosedRange<Int64>, Int)]) -> CrashCounts {
        var counts = CrashCounts()
        for (numbers, times) in crashes {
            for _ in 0..<times { counts.add(Set(numbers.map(MessageNumber.init))) }
        }
        return counts
    }

    /// Through a table and back.
    private func copy(of counts: CrashCounts, changing change: (UnsafeMutableRawBufferPointer) -> Void = { _ in })
        throws -> CrashCounts
    {
        var table = [UInt64](repeating: 0xEEEE_EEEE_EEEE_EEEE, count: CrashCounts.limit * CrashCounts.rowSize / 8)
        return try table.withUnsafeMutableBytes { bytes in
            let place = try #require(bytes.baseAddress)
            counts.write(to: place)
            change(bytes)
            return CrashCounts(reading: place)
        }
    }

    @Test("They come out of the table as they went in", arguments: [0, 1, 3, Int64(CrashCounts.limit)])
    func table(size: Int64) throws {
        let counts = size == 0 ? CrashCounts() : made([(1...size, 2), (1...1, 1)])
        #expect(counts.crashes.count == Int(size))
        #expect(try copy(of: counts) == counts)
    }

    @Test("A count without sense is taken for the nearest that has some, and is not counted for ever")
    func senseless() throws {
        for (value, expected) in [(0, 1), (-5, 1), (.min, 1), (.max, CrashCounts.most)] as [(Int64, Int)] {
            var found = try copy(of: made([(7...7, 1)])) { $0.storeBytes(of: value, toByteOffset: 8, as: Int64.self) }
            #expect(found.crashes == [MessageNumber(7): expected])
            found.add([MessageNumber(7)])
            #expect(found.crashes == [MessageNumber(7): min(expected + 1, CrashCounts.most)])
        }
    }

    @Test("The end of a rest goes with the count, until the next crash; who is not counted has none")
    func rests() throws {
        var counts = made([(7...8, 2)])
        for number in 7...9 as ClosedRange<Int64> {
            counts.rest(MessageNumber(number), until: WallTime(seconds: 1_800_000_000 + number))
        }
        #expect(try copy(of: counts) == counts)
        #expect(counts.rests.keys.map(\.value).sorted() == [7, 8] && counts.crashes[MessageNumber(7)] == 2)
        counts.add([MessageNumber(7)])
        counts.keep { $0 != MessageNumber(8) }
        #expect(counts.rests.isEmpty && counts.crashes == [MessageNumber(7): 3])
    }

    @Test("In a full table those with the fewest crashes make room, of these the oldest, and never a suspect")
    func room() {
        let full = Int64(CrashCounts.limit)
        var counts = made([(1...10, 2), (11...full, 1)])
        counts.add(Set((5000...5004).map(MessageNumber.init)))
        #expect(counts.crashes.count == CrashCounts.limit)
        for number in 11...15 as ClosedRange<Int64> { #expect(counts.crashes[MessageNumber(number)] == nil) }
        #expect(counts.crashes[MessageNumber(1)] == 2 && counts.crashes[MessageNumber(16)] == 1)
        #expect(counts.crashes[MessageNumber(5004)] == 1)
        counts.add(Set((6000..<(6000 + full)).map(MessageNumber.init)))
        #expect(counts.crashes.count == CrashCounts.limit && counts.crashes.keys.allSatisfy { $0.value >= 6000 })
    }
}
