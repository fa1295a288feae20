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
    /// A date, a time or both: no key of ours takes one.
    case dateOrTime

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
    static func parse(_ text: String) throws -> TOMLNode {
        TOMLNode(copying: try TOMLTable(string: text).tomlValue)
    }

    private init(copying value: TOMLValue) {
        switch value.type {
        case .string: self = .string(value.string ?? "")
        case .int: self = .integer(value.int ?? 0)
        case .double: self = .float(value.double ?? .nan)
        case .bool: self = .boolean(value.bool ?? false)
        case .date, .time, .dateTime: self = .dateOrTime
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
