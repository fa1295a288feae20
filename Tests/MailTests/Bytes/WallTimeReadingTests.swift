import Testing

@testable import Mail

/// `WallTime(rfc3339:)`: the one form that we write, and nothing else.
struct WallTimeReadingTests {
    @Test("RPTF-03 What is written is read back", arguments: 0..<20 as Range<UInt64>)
    func roundTrip(seed: UInt64) {
        var dice = SplitMix(seed: seed)
        for _ in 0..<200 {
            let time = WallTime(seconds: .random(in: -62_167_219_200...253_402_300_799, using: &dice))
            #expect(WallTime(rfc3339: time.rfc3339) == time)
        }
    }

    @Test(
        "The last and the first second",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("1969-12-31T23:59:59Z", -1), ("2000-02-29T00:00:00Z", 951_782_400),
            ("0000-01-01T00:00:00Z", -62_167_219_200), ("9999-12-31T23:59:59Z", 253_402_300_799),
        ] as [(String, Int64)])
    func read(text: String, seconds: Int64) {
        #expect(WallTime(rfc3339: text)?.seconds == seconds)
    }

    @Test(
        "Anything else is refused",
        arguments: [
            ("2026-08-01T24:00:00Z", "hour 24"), ("2026-08-01T12:60:00Z", "minute 60"),
            ("2026-08-01T23:59:60Z", "a leap second, which civil time has not"),
            ("2026-02-29T12:00:00Z", "no such day"),
            ("2026-08-01T12:00:00", "no zone"), ("2026-08-01T12:00:00z", "a small z"),
            ("2026-08-01t12:00:00Z", "a small t"), ("2026-08-01 12:00:00Z", "a blank"),
            ("2026-08-01T12:00:00+00:00", "an offset"), ("2026-08-01T12:00:00.5Z", "a fraction"),
            ("2026-08-01T12:00Z", "no seconds"), ("2026-08-01T1:00:00Z", "one digit"),
            ("2026-08-01T12:00:000Z", "three digits"), ("2026-08-01T12:00:+1Z", "a sign"),
            ("2026-08-01T12:00:00ZZ", "two zones"), ("2026-08-01T12:00:00Z ", "a blank behind"),
            ("2026-08-01TT12:00:00Z", "two T"), ("2026-08-01", "a day"), ("T12:00:00Z", "a time"), ("", "nothing"),
            ("2026-08-01T12:00:00\u{600}Z", "a sign that Unicode joins to the Z"),
            ("2026-08-01T12:00:00\u{200D}Z", "a joiner"), ("2026-08-01T12:00:00Z\u{301}", "an accent on the Z"),
            ("2026-08-01T\u{301}12:00:00Z", "an accent on the T"),
            ("2026-08-01T12:00:0٠Z", "a digit of another script"),
        ])
    func malformed(text: String, why: String) {
        #expect(WallTime(rfc3339: text) == nil, "\(why)")
    }
}
