import Testing

@testable import Mail

@Suite("Dates in greetings")
struct GreetingDateTests {
    @Test(
        "a date of RFC 5322 is found wherever it stands, and nothing else is taken for one",
        arguments: [
            ("mx.example.org ESMTP Sendmail 8.15/8.15; Sun, 22 Nov 2026 04:25:05 GMT", 1_795_321_505, "Sendmail"),
            ("mx ESMTP Exim 4.96 Sun, 22 Nov 2026 05:25:05 +0100", 1_795_321_505, "Exim: the zone is subtracted"),
            ("mx ESMTP ready at Sat, 21 Nov 2026 23:25:05 -0500 (EST)", 1_795_321_505, "a comment behind"),
            ("mx ready 22 nov 2026 04:25 UT", 1_795_321_500, "without day of the week and seconds"),
            ("Sat, 21 Nov 2026 23:25:05 EST", 1_795_321_505, "RFC 5322 §4.3"),
            ("Sun,22 Nov 2026 04:25:05 Z;ready", 1_795_321_505, "signs between"),
            ("Sun, 22 Nov 2026 04:25:60 GMT", 1_795_321_560, "a leap second"),
        ] as [(String, Int64, String)])
    func found(text: String, seconds: Int64, why: String) {
        #expect(WallTime(within: text)?.seconds == seconds, "\(why)")
    }

    @Test(
        "what is no instant is none",
        arguments: [
            ("mx.example.org ESMTP Postfix", "no date"), ("", "nothing"),
            ("Sun, 22 Nov 2026 04:25:05", "no zone"), ("31 Feb 2026 04:25:05 GMT", "no such day"),
            ("22 Nov 26 04:25:05 GMT", "two digits of a year"), ("22 Nov 2026 24:00:00 GMT", "no such hour"),
            ("22 Nov 2026 04:60:00 GMT", "no such minute"), ("22 Nov 2026 04:25:61 GMT", "no such second"),
            ("22 Nov 2026 04:25:05 +0160", "no such zone"), ("22 Nov 2026 04:25:05 CET", "a zone of no fixed meaning"),
            ("22 Nov 2026 04:25:05 +01", "half a zone"), ("0 Nov 2026 04:25:05 GMT", "day 0"),
            ("99999999999999999999 Nov 2026 04:25:05 GMT", "a number that does not fit"),
        ])
    func none(text: String, why: String) {
        #expect(WallTime(within: text) == nil, "\(why)")
    }

    @Test("it is looked for in the first 1,024 octets, and not one past")
    func bound() {
        let date = "22 Nov 2026 04:25:05 GMT"
        let room = WallTime.datedTextLimit - date.utf8.count
        #expect(WallTime(within: String(repeating: " ", count: room) + date) != nil)
        #expect(WallTime(within: String(repeating: " ", count: room + 1) + date) == nil)
    }
}
