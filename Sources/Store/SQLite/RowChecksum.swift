import GRDB

/// A checksum over the columns of a row: FNV-1a of 64 bits. SQLite has none of its own, so that a flipped bit of a value
/// reads as another value.
///
/// Against accidents, not against an attacker: who can write the file can write anything. Each step maps states one to
/// one, so that a change of a single octet never goes unnoticed.
struct RowChecksum {
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325

    /// As it lies in a column.
    var value: Int64 { Int64(bitPattern: state) }

    init(_ columns: some Sequence<DatabaseValue>) {
        for column in columns { add(column) }
    }

    /// The kind and the length go first, so that octets cannot wander from one column to the next.
    private mutating func add(_ column: DatabaseValue) {
        switch column.storage {
        case .null:
            add(kind: 0, [])
        case .int64(let number):
            add(kind: 1, Self.octets(UInt64(bitPattern: number)))
        case .double(let number):
            add(kind: 2, Self.octets(number.bitPattern))
        case .string(let text):
            add(kind: 3, Array(text.utf8))
        case .blob(let data):
            add(kind: 4, Array(data))
        }
    }

    private mutating func add(kind: UInt8, _ bytes: [UInt8]) {
        add(kind)
        for octet in Self.octets(UInt64(bytes.count)) { add(octet) }
        for byte in bytes { add(byte) }
    }

    private mutating func add(_ byte: UInt8) {
        state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
    }

    private static func octets(_ number: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    }
}
