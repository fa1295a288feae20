/// A UTC day, the period of a report (RFC 8460 §4.1, RPTC-21).
public struct ReportDay: Hashable, Comparable, Sendable {
    /// Days since 1970-01-01. Negative before.
    public let number: Int64

    public init(number: Int64) { self.number = number }

    /// The day `time` falls on.
    public init(of time: WallTime) {
        let (whole, rest) = time.seconds.quotientAndRemainder(dividingBy: Self.length)
        number = rest < 0 ? whole - 1 : whole
    }

    /// Seconds. Civil time has no leap seconds (POSIX).
    static let length: Int64 = 86_400

    /// 00:00:00Z
    public var start: WallTime { WallTime(seconds: number.multipliedReportingOverflow(by: Self.length).partialValue) }
    /// 23:59:59Z (D6)
    public var end: WallTime { WallTime(seconds: start.seconds &+ (Self.length - 1)) }
    public var next: ReportDay { ReportDay(number: number &+ 1) }
    public var previous: ReportDay { ReportDay(number: number &- 1) }

    public static func < (left: Self, right: Self) -> Bool { left.number < right.number }
}

extension ReportDay: CustomStringConvertible {
    /// "2026-11-21"
    public var description: String { String(start.rfc3339.prefix(10)) }

    /// Reads "2026-11-21"; nil for anything else.
    public init?(text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.count == 3, parts.map(\.count) == [4, 2, 2],
            parts.allSatisfy({ $0.allSatisfy { (0x30...0x39).contains($0) } })
        else { return nil }
        let values = parts.compactMap { Int64(String(decoding: $0, as: UTF8.self)) }
        guard values.count == 3, (1...12).contains(values[1]), (1...31).contains(values[2]) else { return nil }
        // Days from civil: years begin in March, so that the leap day is the last.
        let (year, month, day) = (values[1] <= 2 ? values[0] - 1 : values[0], values[1], values[2])
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        self.init(number: era * 146_097 + dayOfEra - 719_468)
        // The 31st of a month that has none.
        guard description == text else { return nil }
    }
}
