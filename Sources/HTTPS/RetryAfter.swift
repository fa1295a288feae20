import Mail

/// The value of `Retry-After`: seconds, or a date (RFC 9110 §10.2.3).
enum RetryAfter {
    /// Seconds to wait, at most ``HTTPSResponse/retryAfterLimit`` and 0 for a date that has passed; nil for anything else.
    ///
    /// - Parameter now: seconds since 1970, for dates.
    static func seconds(_ text: String, at now: Int) -> Int? {
        let limit = HTTPSResponse.retryAfterLimit
        if !text.isEmpty, text.utf8.allSatisfy(isDigit) {
            // More digits than a number has are more than the limit too.
            return min(limit, Int(text) ?? limit)
        }
        guard let date = date(text, at: now) else { return nil }
        let (left, overflow) = date.subtractingReportingOverflow(now)
        return overflow ? nil : min(limit, max(0, left))
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// Seconds since 1970, in each of the three forms of RFC 9110 §5.6.7. The name of the day is not looked at.
    private static func date(_ text: String, at now: Int) -> Int? {
        let words = text.split(separator: " ").map(String.init)
        switch words.count {
        // Sun, 06 Nov 1994 08:49:37 GMT
        case 6 where words[0].hasSuffix(",") && words[5] == "GMT":
            return number(words[3], digits: 4).flatMap { time($0, words[2], words[1], words[4]) }
        // Sunday, 06-Nov-94 08:49:37 GMT
        case 4 where words[0].hasSuffix(",") && words[3] == "GMT":
            let parts = words[1].split(separator: "-", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 3, let year = number(parts[2], digits: 2) else { return nil }
            let near = time(2_000 + year, parts[1], parts[0], words[2])
            // > Recipients of a timestamp value in rfc850-date format, which uses a two-digit year, MUST interpret a
            // > timestamp that appears to be more than 50 years in the future as representing the most recent year in the
            // > past that had the same last two digits.
            let isFar = near.map { $0.subtractingReportingOverflow(now).partialValue > 50 * 31_556_952 } ?? true
            return isFar ? time(1_900 + year, parts[1], parts[0], words[2]) : near
        // Sun Nov  6 08:49:37 1994
        case 5:
            return number(words[4], digits: 4).flatMap { time($0, words[1], words[2], words[3]) }
        default:
            return nil
        }
    }

    private static func time(_ year: Int, _ month: String, _ day: String, _ clock: String) -> Int? {
        let parts = clock.split(separator: ":", omittingEmptySubsequences: false).map { number(String($0), digits: 2) }
        guard let month = months.firstIndex(of: month), parts.count == 3, let hour = parts[0], let minute = parts[1],
            let second = parts[2], hour < 24, minute < 60, second <= 60,
            let date = ReportDay(
                text: "\(padded(year, to: 4))-\(padded(month + 1, to: 2))-\(day.count == 1 ? "0" : "")\(day)")
        else { return nil }
        return Int(date.start.seconds) + hour * 3_600 + minute * 60 + second
    }

    private static func padded(_ number: Int, to width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    private static func number(_ text: String, digits: Int) -> Int? {
        text.utf8.count == digits && text.utf8.allSatisfy(isDigit) ? Int(text) : nil
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
}
