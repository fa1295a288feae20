import Testing

@testable import Mail

struct WallTimeTextTests {
    @Test(
        "Both date formats",
        arguments: [
            (0, "Thu, 01 Jan 1970 00:00:00 +0000", "1970-01-01T00:00:00Z"),
            (-1, "Wed, 31 Dec 1969 23:59:59 +0000", "1969-12-31T23:59:59Z"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 +0000", "2000-02-29T00:00:00Z"),  // Leap day of a century.
            (1_785_585_600, "Sat, 01 Aug 2026 12:00:00 +0000", "2026-08-01T12:00:00Z"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 +0000", "2100-03-01T00:00:00Z"),  // 2100 has no leap day.
            (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 +0000", "9999-12-31T23:59:59Z"),
            (253_402_300_800, "Fri, 31 Dec 9999 23:59:59 +0000", "9999-12-31T23:59:59Z"),  // Beyond four digits.
            (Int64.max, "Fri, 31 Dec 9999 23:59:59 +0000", "9999-12-31T23:59:59Z"),
            (-62_167_219_200, "Sat, 01 Jan 0000 00:00:00 +0000", "0000-01-01T00:00:00Z"),
            (Int64.min, "Sat, 01 Jan 0000 00:00:00 +0000", "0000-01-01T00:00:00Z"),
        ] as [(Int64, String, String)])
    func formats(seconds: Int64, rfc5322: String, rfc3339: String) {
        let time = WallTime(seconds: seconds)
        #expect(time.rfc5322 == rfc5322)
        #expect(time.rfc3339 == rfc3339)
    }
}
