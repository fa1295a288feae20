import Testing

@testable import waxwing_bench

@Suite("Latencies")
struct LatencyTests {
    @Test("a million values, read back with less than one percent of error")
    func million() {
        var histogram = LatencyHistogram()
        var values: [UInt64] = []
        var state: UInt64 = 1
        for _ in 0..<1_000_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            // Of all magnitudes, from nanoseconds to hours.
            let value = state >> (20 + (state & 31))
            values.append(value)
            histogram.add(value)
        }
        values.sort()
        #expect(histogram.count == 1_000_000)
        #expect(histogram.maximum == values.last)
        for percent in [0.1, 1, 25, 50, 75, 90, 99, 99.9, 100] {
            let exact = Double(values[max(0, Int((percent / 100 * 1_000_000).rounded(.up)) - 1)])
            #expect(abs(Double(histogram.percentile(percent)) - exact) <= exact * 0.01, "\(percent)")
        }
    }

    @Test(
        "every step's middle is in the step, and steps grow", arguments: [0, 1, 127, 128, 129, 255, 256, 1 << 40, .max])
    func steps(value: UInt64) {
        let place = LatencyHistogram.place(of: value)
        #expect(LatencyHistogram.place(of: LatencyHistogram.middle(of: place)) == place)
        #expect(value == 0 || LatencyHistogram.place(of: value - 1) <= place)
        let middle = Double(LatencyHistogram.middle(of: place))
        #expect(abs(middle - Double(value)) <= Double(value) * 0.005)
    }

    @Test("nothing, one and a reset")
    func few() {
        var histogram = LatencyHistogram()
        #expect(histogram.percentile(50) == 0)
        histogram.add(1_000_003)
        #expect(histogram.percentile(0) == histogram.percentile(100))
        #expect(histogram.maximum == 1_000_003)
        histogram.reset()
        #expect(histogram.count == 0 && histogram.percentile(99) == 0 && histogram.maximum == 0)
    }
}

@Suite("Arrivals")
struct ArrivalTests {
    private func marker(_ sequence: UInt64, at nanoseconds: UInt64 = 100) -> Marker {
        Marker(sequence: sequence, nanoseconds: nanoseconds)
    }

    @Test("each message counts once, in any order, and across runs")
    func once() {
        var book = ArrivalBook()
        for run in [0, 7 << 32, UInt64.max - 70_000] {
            for sequence in (0..<70_000).reversed() {
                #expect(book.enter(marker(run + UInt64(sequence)), octets: 10, at: 200) == nil)
            }
        }
        #expect(book.messages == 210_000 && book.duplicates == 0)
        _ = book.enter(marker(69_999), octets: 10, at: 300)
        _ = book.enter(nil, octets: 10, at: 300)
        #expect(book.messages == 210_000 && book.duplicates == 1 && book.unmarked == 1)
        #expect(book.octets == 2_100_020)
        #expect(book.latencies.count == 210_000 && book.latencies.maximum == 100)
    }

    @Test("an arrival before its submission took no time")
    func backwards() {
        var book = ArrivalBook()
        _ = book.enter(marker(1, at: 500), octets: 1, at: 400)
        #expect(book.latencies.maximum == 0)
    }

    @Test("an expectation is met by different messages only, and by those that came before it was told")
    func expectations() {
        var book = ArrivalBook()
        #expect(book.expect(2, at: 1) == nil)
        #expect(book.enter(marker(1), octets: 1, at: 101) == nil)
        #expect(book.enter(marker(1), octets: 1, at: 102) == nil)
        #expect(book.enter(nil, octets: 1, at: 102) == nil)
        #expect(book.enter(marker(2), octets: 1, at: 103) == ArrivalBook.Done(nanoseconds: 103, count: 2))
        #expect(book.enter(marker(3), octets: 1, at: 104) == nil)
        #expect(book.expect(1, at: 105) == ArrivalBook.Done(nanoseconds: 105, count: 1))
        #expect(book.expect(0, at: 106) == ArrivalBook.Done(nanoseconds: 106, count: 0))
        #expect(book.expect(1, at: 107) == nil)
        book.reset()
        #expect(book.messages == 0)
        #expect(book.enter(marker(1), octets: 1, at: 108) == nil)
        #expect(book.messages == 1 && book.duplicates == 0)
        #expect(book.expect(.max, at: 109) == nil)
    }

    @Test("one line of JSON")
    func json() {
        var line = JSONLine()
        line.add("a", 1)
        line.add("b", 1.23456, decimals: 2)
        #expect(line.text == "{\"a\": 1, \"b\": 1.23}")
    }
}
