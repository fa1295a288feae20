import TOMLKit

/// A parsed value, copied out of the parser's own objects: plain, complete and `Sendable`.
indirect enum TOMLNode: Sendable {
    case string(String)
    case integer(Int)
    case float(Double)
    case boolean(Bool)
    case array([TOMLNode])
    /// Sorted by key, as the parser gives them.
    case table([(key: String, value: TOMLNode)])
    /// A date, a time or both, as RFC 3339 has them; an offset of zero is `Z`, and where there is none nothing stands.
    case dateOrTime(String)

    /// What it is, for "must be a …, but is …".
    var kind: String {
        switch self {
        case .string: "a text"
        case .integer: "a number"
        case .float: "a number with a fraction"
        case .boolean: "true or false"
        case .array: "a list"
        case .table: "a table"
        case .dateOrTime: "a date or time"
        }
    }

    /// Reads a whole document; its root is a table.
    ///
    /// TOMLKit frees none of toml++'s objects: what the root holds is let go of here. Its copies of keys and texts it
    /// keeps all the same, about half of what each reload of many rules cost before.
    static func parse(_ text: String) throws -> TOMLNode {
        let root = try TOMLTable(string: text)
        defer { root.clear() }
        return TOMLNode(copying: root.tomlValue)
    }

    private static func text(_ date: TOMLDate) -> String {
        "\(padded(date.year, to: 4))-\(padded(date.month))-\(padded(date.day))"
    }

    private static func text(_ time: TOMLTime) -> String {
        let fraction = time.nanoSecond == 0 ? "" : ".\(padded(time.nanoSecond, to: 9))"
        return "\(padded(time.hour)):\(padded(time.minute)):\(padded(time.second))\(fraction)"
    }

    private static func text(_ both: TOMLDateTime) -> String {
        // Minutes.
        let offset = both.offset.map { offset in
            let size = Int(offset.offset.magnitude)
            return size == 0 ? "Z" : "\(offset.offset < 0 ? "-" : "+")\(padded(size / 60)):\(padded(size % 60))"
        }
        return "\(text(both.date))T\(text(both.time))\(offset ?? "")"
    }

    private static func padded(_ number: Int, to width: Int = 2) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }

    private init(copying value: TOMLValue) {
        switch value.type {
        case .string: self = .string(value.string ?? "")
        case .int: self = .integer(value.int ?? 0)
        case .double: self = .float(value.double ?? .nan)
        case .bool: self = .boolean(value.bool ?? false)
        case .date: self = .dateOrTime(value.date.map(Self.text) ?? "")
        case .time: self = .dateOrTime(value.time.map(Self.text) ?? "")
        case .dateTime: self = .dateOrTime(value.dateTime.map(Self.text) ?? "")
        case .array:
            self = .array((value.array.map(Array.init) ?? []).map { TOMLNode(copying: $0.tomlValue) })
        case .table:
            let table = value.table
            self = .table(
                (table?.keys ?? []).compactMap { key in
                    guard let child = table?[key] else { return nil }
                    return (key, TOMLNode(copying: child.tomlValue))
                })
        }
    }
}
