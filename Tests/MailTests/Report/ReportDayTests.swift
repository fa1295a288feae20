import Testing

@testable import Mail

/// A UTC day and its text, against days counted one by one.
struct ReportDayTests {
    @Test(
        "RPTC-21 A session is filed under its UTC day, midnight included, before 1970 as after",
        arguments: [
            (0, 0, "the first second of a day"), (86_399, 0, "its last"), (86_400, 1, "the next day's first"),
            (-1, -1, "the last second of 1969"), (-86_400, -1, "midnight belongs to the day that begins"),
            (-86_401, -2, "the second before it does not"),
            (1_795_219_199, 20_777, "2026-11-20T23:59:59Z"), (1_795_219_200, 20_778, "2026-11-21T00:00:00Z"),
        ] as [(Int64, Int64, String)])
    func day(seconds: Int64, number: Int64, why: String) {
        #expect(ReportDay(of: WallTime(seconds: seconds)) == ReportDay(number: number), "\(why)")
    }

    @Test("RPTF-03 D6 A day begins at 00:00:00Z and ends at 23:59:59Z")
    func ends() throws {
        let day = try #require(ReportDay(text: "2026-11-21"))
        #expect(day.start.rfc3339 == "2026-11-21T00:00:00Z" && day.end.rfc3339 == "2026-11-21T23:59:59Z")
        #expect(ReportDay(of: day.start) == day && ReportDay(of: day.end) == day)
        #expect(ReportDay(of: day.end.advanced(by: 1)) == day.next)
        #expect(ReportDay(of: day.start.advanced(by: -1)) == day.previous)
        #expect(day.next.start.seconds - day.end.seconds == 1)
        #expect(day.previous < day && day < day.next)
    }

    @Test("Every day of 800 years has the text that a calendar kept by hand gives it, and is read back from it")
    func calendar() {
        // From 1600-01-01, 135,140 days before the epoch.
        var (year, month, day) = (1600, 1, 1)
        var number: Int64 = -135_140
        while year < 2400 {
            let text = "\(year)-\(month < 10 ? "0" : "")\(month)-\(day < 10 ? "0" : "")\(day)"
            let expected = ReportDay(number: number)
            if expected.description != text || ReportDay(text: text) != expected {
                Issue.record("\(number) is \(text), not \(expected)")
                return
            }
            let isLeap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
            let length = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
            number += 1
            day += 1
            if day > length { (month, day) = (month + 1, 1) }
            if month > 12 { (year, month) = (year + 1, 1) }
        }
        #expect(number == 157_054, "2400-01-01")
    }

    @Test("The years of four digits have two ends, and both are read", arguments: ["0000-01-01", "9999-12-31"])
    func range(text: String) {
        #expect(ReportDay(text: text)?.description == text)
    }

    @Test(
        "What is no day of that form is none",
        arguments: [
            ("2026-02-29", "no leap year"), ("2100-02-29", "nor a century that 400 does not divide"),
            ("2026-04-31", "April has 30"), ("2026-00-01", "month 0"), ("2026-13-01", "month 13"),
            ("2026-01-00", "day 0"), ("2026-01-32", "day 32"), ("", "nothing"), ("2026-11", "a month"),
            ("2026-11-21-", "more"), ("-2026-11-21", "a sign"), ("2026-1-21", "one digit"), ("26-11-21", "two"),
            ("02026-11-21", "five"), ("2026-11-2a", "a letter"), ("2026-+1-21", "a sign within"),
            (" 2026-11-21", "a blank"), ("2026-11-21T00:00:00Z", "a time"), ("2026/11/21", "other signs"),
            ("٢٠٢٦-١١-٢١", "digits of another script"), ("2026‐11‐21", "hyphens of Unicode"),
        ])
    func malformed(text: String, why: String) {
        #expect(ReportDay(text: text) == nil, "\(why)")
    }

    @Test("The ends of the number range trap nowhere")
    func extremes() {
        for seconds in [Int64.min, .min + 1, .max - 1, .max] {
            let day = ReportDay(of: WallTime(seconds: seconds))
            #expect(!day.description.isEmpty && day.previous < day.next)
        }
        for number in [Int64.min, .max] {
            let day = ReportDay(number: number)
            _ = (day.start, day.end, day.next, day.previous, day.description)
            #expect(day.number == number)
        }
    }
}
