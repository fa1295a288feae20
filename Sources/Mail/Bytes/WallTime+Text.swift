extension WallTime {
    /// `Sat, 01 Aug 2026 12:00:00 +0000` (RFC 5322 §3.3).
    public var rfc5322: String {
        let date = CivilDate(self)
        let weekday = CivilDate.weekdays[date.weekday]
        let month = CivilDate.months[date.month - 1]
        return "\(weekday), \(padded(date.day)) \(month) \(padded(date.year, to: 4)) \(date.timeOfDay) +0000"
    }

    /// `2026-08-01T12:00:00Z` (RFC 3339 §5.6).
    public var rfc3339: String {
        let date = CivilDate(self)
        return "\(padded(date.year, to: 4))-\(padded(date.month))-\(padded(date.day))T\(date.timeOfDay)Z"
    }
}

extension WallTime {
    /// Reads `2026-08-01T12:00:00Z`, in that form alone; nil for anything else, and for a day or an hour that is none.
    public init?(rfc3339 text: String) {
        // Octets, not characters: Unicode joins some signs to the letter behind them.
        let parts = text.utf8.split(separator: UInt8(ascii: "T"), omittingEmptySubsequences: false)
        guard parts.count == 2, let day = ReportDay(text: String(decoding: parts[0], as: UTF8.self)),
            parts[1].last == UInt8(ascii: "Z")
        else { return nil }
        let times = parts[1].dropLast().split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard times.count == 3, times.allSatisfy({ $0.count == 2 && $0.allSatisfy(ASCII.isDigit) }) else { return nil }
        let numbers = times.compactMap { Int64(String(decoding: $0, as: UTF8.self)) }
        guard numbers.count == 3, numbers[0] < 24, numbers[1] < 60, numbers[2] < 60 else { return nil }
        self.init(seconds: day.start.seconds + numbers[0] * 3600 + numbers[1] * 60 + numbers[2])
    }
}

/// A point of the proleptic Gregorian calendar in UTC.
private struct CivilDate {
    let year: Int
    /// 1 to 12.
    let month: Int
    /// 1 to 31.
    let day: Int
    /// 0 is Sunday.
    let weekday: Int
    /// `12:00:00`
    let timeOfDay: String

    static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// 0000-01-01T00:00:00Z and 9999-12-31T23:59:59Z: both formats have four digits for the year.
    private static let range: ClosedRange<Int64> = -62_167_219_200...253_402_300_799
    private static let secondsPerDay: Int64 = 86_400

    init(_ time: WallTime) {
        let seconds = min(max(time.seconds, Self.range.lowerBound), Self.range.upperBound)
        // Counted from 0000-03-01, so that the leap day is the last day of its year; 719,468 days lie between that day and
        // the epoch. Within the range all quantities below are positive except days of the first two months, which `era` takes.
        let days = Int(seconds / Self.secondsPerDay) - (seconds % Self.secondsPerDay < 0 ? 1 : 0)
        let second = Int(seconds) - days * Int(Self.secondsPerDay)
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        // 1970-01-01 was a Thursday.
        weekday = ((days + 4) % 7 + 7) % 7
        timeOfDay = "\(padded(second / 3600)):\(padded(second / 60 % 60)):\(padded(second % 60))"
    }
}

private func padded(_ number: Int, to width: Int = 2) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}
