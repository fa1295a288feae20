import FoundationEssentials
import GRDB
import Mail

/// A row that is not what the schema promises: somebody else wrote it, or the disk did.
struct DamagedRow: Error {
    let what: String
    /// The number of the message it is a row of, where that is known.
    var message: Int64?
}

/// Reads the columns of a row from left to right. A value of a wrong kind throws: the library's own typed access would
/// end the process.
struct Columns {
    private let row: Row
    private var index = 0
    /// For people: a value that makes no sense is shown by a stand-in, so that what was set apart for it can be listed,
    /// returned and deleted. Never for delivery.
    let isLenient: Bool

    init(_ row: Row, isLenient: Bool = false) {
        self.row = row
        self.isLenient = isLenient
    }

    /// Reads the rest of a row of the message of that number: damage is told with it.
    mutating func of<Value>(_ message: Int64, _ read: (inout Columns) throws -> Value) throws -> Value {
        do {
            return try read(&self)
        } catch var damage as DamagedRow {
            damage.message = message
            throw damage
        }
    }

    mutating func value() throws -> DatabaseValue {
        guard index < row.count else { throw DamagedRow(what: "column \(index) is missing") }
        defer { index += 1 }
        return row[index]
    }

    mutating func optionalInt64() throws -> Int64? {
        switch try value().storage {
        case .null: return nil
        case .int64(let value): return value
        case _ where isLenient: return nil
        default: throw DamagedRow(what: "column \(index - 1) is no number")
        }
    }

    mutating func int64() throws -> Int64 {
        if let value = try optionalInt64() { return value }
        if isLenient { return 0 }
        throw DamagedRow(what: "column \(index - 1) is empty")
    }

    /// A number of octets.
    mutating func size() throws -> Int64 {
        let value = try int64()
        if value >= 0 { return value }
        if isLenient { return 0 }
        throw DamagedRow(what: "a size of \(value) octets")
    }

    mutating func int() throws -> Int { Int(clamping: try int64()) }

    mutating func bool() throws -> Bool { try int64() != 0 }

    mutating func optionalText() throws -> String? {
        switch try value().storage {
        case .null: return nil
        case .string(let text): return text
        case _ where isLenient: return nil
        default: throw DamagedRow(what: "column \(index - 1) is no text")
        }
    }

    mutating func text() throws -> String {
        if let value = try optionalText() { return value }
        if isLenient { return Self.unreadable }
        throw DamagedRow(what: "column \(index - 1) is empty")
    }

    /// Stands for text that cannot be read.
    static let unreadable = "unreadable"

    mutating func optionalBytes() throws -> [UInt8]? {
        switch try value().storage {
        case .null: return nil
        case .blob(let data): return [UInt8](data)
        case _ where isLenient: return nil
        default: throw DamagedRow(what: "column \(index - 1) is no BLOB")
        }
    }

    mutating func bytes() throws -> [UInt8] { try optionalBytes() ?? [] }

    mutating func time() throws -> WallTime { WallTime(seconds: try int64()) }

    mutating func optionalTime() throws -> WallTime? { try optionalInt64().map(WallTime.init(seconds:)) }
}

extension Statement {
    /// Runs the statement with `values` for its question marks, in order.
    func run(_ values: [DatabaseValue]) throws {
        try execute(arguments: .of(values))
    }

    /// All rows, each read by `read`.
    func rows<Value>(
        _ values: [DatabaseValue], isLenient: Bool = false, _ read: (inout Columns) throws -> Value
    ) throws -> [Value] {
        let cursor = try Row.fetchCursor(self, arguments: .of(values))
        var result: [Value] = []
        while let row = try cursor.next() {
            var columns = Columns(row, isLenient: isLenient)
            result.append(try read(&columns))
        }
        return result
    }

    /// The first row.
    func first<Value>(
        _ values: [DatabaseValue], isLenient: Bool = false, _ read: (inout Columns) throws -> Value
    ) throws -> Value? {
        let cursor = try Row.fetchCursor(self, arguments: .of(values))
        guard let row = try cursor.next() else { return nil }
        var columns = Columns(row, isLenient: isLenient)
        return try read(&columns)
    }
}

extension StatementArguments {
    /// As optional existentials, which hold a value in place: the initializer for values of one type reads each by a key path, which
    /// costs nearly as much as SQLite does for an INSERT.
    static func of(_ values: [DatabaseValue]) -> StatementArguments {
        StatementArguments(values.lazy.map { $0 as (any DatabaseValueConvertible)? })
    }
}

extension [UInt8] {
    var databaseValue: DatabaseValue { Data(self).databaseValue }
}
