extension WallTime {
    /// Octets of a text in which a date is looked for. Ours; RFC 5321 §4.5.3.1.5 allows a reply line 512.
    static let datedTextLimit = 1_024

    /// The first date and time of RFC 5322 §3.3 in `text`, wherever it stands: greetings end in
    /// `; Sun, 22 Nov 2026 04:25:05 +0100`. With a zone always, for without one it is no instant; nil where there is none.
    public init?(within text: String) {
        let words = text.utf8.prefix(Self.datedTextLimit)
            .split { $0 == ASCII.space || $0 == ASCII.tab || $0 == UInt8(ascii: ";") || $0 == UInt8(ascii: ",") }
        guard words.count >= 5 else { return nil }
        for index in 0...(words.count - 5) {
            if let time = Self.dateTime(words[index..<(index + 5)].map { Array($0) }) {
                self = time
                return
            }
        }
        return nil
    }

    /// `22 Nov 2026 04:25:05 +0100`
    private static func dateTime(_ words: [[UInt8]]) -> WallTime? {
        guard words.count == 5, (1...2).contains(words[0].count), words[2].count == 4,
            let day = ASCII.decimal(words[0], as: Int.self), let year = ASCII.decimal(words[2], as: Int.self),
            let month = months.firstIndex(where: { ASCII.equalIgnoringCase($0.utf8, words[1]) }),
            let start = ReportDay(text: "\(padded(year, 4))-\(padded(month + 1, 2))-\(padded(day, 2))")?.start,
            let seconds = timeOfDay(words[3]), let offset = zone(words[4])
        else { return nil }
        return start.advanced(by: seconds - offset)
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }

    /// `04:25` or `04:25:05`; a leap second counts as the one after it.
    private static func timeOfDay(_ text: [UInt8]) -> Int64? {
        let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count), parts.allSatisfy({ $0.count == 2 }) else { return nil }
        let numbers = parts.compactMap { ASCII.decimal($0, as: Int64.self) }
        guard numbers.count == parts.count, numbers[0] < 24, numbers[1] < 60 else { return nil }
        let seconds = numbers.count == 3 ? numbers[2] : 0
        guard seconds <= 60 else { return nil }
        return numbers[0] * 3600 + numbers[1] * 60 + seconds
    }

    /// Seconds east of UTC: `+0130`, `GMT`, `UT`, and the letters of RFC 5322 §4.3 that mean one thing to all. What stands
    /// behind the zone without a blank, as a bracket does, is not the zone's.
    private static func zone(_ text: [UInt8]) -> Int64? {
        guard let sign = text.first else { return nil }
        if sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
            let digits = text.dropFirst().prefix { ASCII.isDigit($0) }
            guard digits.count == 4, let number = ASCII.decimal(digits, as: Int64.self), number % 100 < 60,
                number / 100 < 24
            else { return nil }
            let seconds = (number / 100 * 60 + number % 100) * 60
            return sign == UInt8(ascii: "-") ? -seconds : seconds
        }
        let letters = text.prefix { ASCII.isLetter($0) }
        return namedZones.first { ASCII.equalIgnoringCase($0.name.utf8, letters) }.map { $0.hours * 3600 }
    }

    private static let namedZones: [(name: String, hours: Int64)] = [
        ("GMT", 0), ("UT", 0), ("UTC", 0), ("Z", 0), ("EST", -5), ("EDT", -4), ("CST", -6), ("CDT", -5), ("MST", -7),
        ("MDT", -6), ("PST", -8), ("PDT", -7),
    ]
}
