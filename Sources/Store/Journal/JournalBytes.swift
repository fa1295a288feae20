import FoundationEssentials
import GRDB

// How values lie in a record of the journal: numbers with the low octet first, a length before what has one.

extension [UInt8] {
    mutating func put(_ value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }

    mutating func put(_ text: String) {
        var text = text
        text.withUTF8 { octets in
            put(UInt32(truncatingIfNeeded: octets.count))
            append(contentsOf: octets)
        }
    }

    mutating func put(_ value: DatabaseValue) {
        switch value.storage {
        case .null:
            append(0)
        case .int64(let number):
            append(1)
            put(number)
        case .double(let number):
            append(2)
            put(number.bitPattern)
        case .string(let text):
            append(3)
            put(text)
        case .blob(let data):
            append(4)
            put(UInt32(truncatingIfNeeded: data.count))
            append(contentsOf: data)
        }
    }

    mutating func put(_ values: [DatabaseValue]) {
        put(UInt32(truncatingIfNeeded: values.count))
        for value in values { put(value) }
    }

    mutating func put(_ texts: [String]) {
        put(UInt32(truncatingIfNeeded: texts.count))
        for text in texts { put(text) }
    }
}

/// Reads what was put, in the same order. Nothing in it is trusted, though a checksum held: a length past the end throws.
struct JournalBytes {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) {
        rest = bytes
    }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func take(_ count: Int) throws -> ArraySlice<UInt8> {
        guard count >= 0, count <= rest.count else { throw DamagedRow(what: "a record of the journal ends too soon") }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    mutating func number<Value: FixedWidthInteger & UnsignedInteger>(_ type: Value.Type = Value.self) throws -> Value {
        var value: Value = 0
        for (place, octet) in try take(Value.bitWidth / 8).enumerated() { value |= Value(octet) << (place * 8) }
        return value
    }

    mutating func int64() throws -> Int64 { Int64(bitPattern: try number(UInt64.self)) }

    /// A number of things each of which takes an octet at least.
    mutating func count() throws -> Int {
        let count = Int(try number(UInt32.self))
        guard count <= rest.count else { throw DamagedRow(what: "a record of the journal counts too much") }
        return count
    }

    mutating func text() throws -> String {
        let count = try count()
        return String(decoding: try take(count), as: UTF8.self)
    }

    mutating func texts() throws -> [String] {
        let count = try count()
        return try (0..<count).map { _ in try text() }
    }

    mutating func value() throws -> DatabaseValue {
        switch try number(UInt8.self) {
        case 0: return .null
        case 1: return try int64().databaseValue
        case 2: return Double(bitPattern: try number(UInt64.self)).databaseValue
        case 3: return try text().databaseValue
        case 4:
            let count = try count()
            return Data(try take(count)).databaseValue
        default: throw DamagedRow(what: "a record of the journal holds a value of an unknown kind")
        }
    }

    mutating func values() throws -> [DatabaseValue] {
        let count = try count()
        return try (0..<count).map { _ in try value() }
    }
}
