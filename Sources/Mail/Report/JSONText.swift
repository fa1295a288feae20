/// JSON that we write, as octets (RFC 8259), within what RFC 7493 (I-JSON) allows.
///
/// It is ASCII throughout: whatever is not a printable ASCII character is escaped, so that no string of a stranger can end
/// its string, break a line, or turn the direction of writing (RPTF-27).
enum JSONText {
    static func string(_ text: String) -> [UInt8] {
        var octets: [UInt8] = [quote]
        octets.reserveCapacity(text.utf8.count + 2)
        for scalar in text.unicodeScalars {
            let value = scalar.value
            switch value {
            case 0x22, 0x5C: octets += [backslash, UInt8(truncatingIfNeeded: value)]
            case 0x20...0x7E: octets.append(UInt8(truncatingIfNeeded: value))
            // RFC 7493 §2.1: no noncharacters. A surrogate can be none of a String's scalars.
            case 0xFDD0...0xFDEF,
                _ where value & 0xFFFE == 0xFFFE:
                escape(0xFFFD, into: &octets)
            case 0x1_0000...:
                // RFC 8259 §7: as a pair of surrogates.
                escape(0xD800 | (value - 0x1_0000) >> 10, into: &octets)
                escape(0xDC00 | (value - 0x1_0000) & 0x3FF, into: &octets)
            default: escape(value, into: &octets)
            }
        }
        octets.append(quote)
        return octets
    }

    /// RFC 7493 §2.2: integers of at most 2^53 - 1, which every reader can hold. Counts are never negative.
    static let largestInteger: Int64 = 1 << 53 - 1

    static func count(_ number: Int64) -> [UInt8] {
        Array(String(min(max(number, 0), largestInteger)).utf8)
    }

    static func array(_ values: [[UInt8]]) -> [UInt8] {
        var octets = [UInt8(ascii: "[")]
        for value in values {
            if octets.count > 1 { octets.append(UInt8(ascii: ",")) }
            octets += value
        }
        octets.append(UInt8(ascii: "]"))
        return octets
    }

    /// Members in this order; those without a value are left out (D5).
    static func object(_ members: KeyValuePairs<String, [UInt8]?>) -> [UInt8] {
        var octets = [UInt8(ascii: "{")]
        for (name, value) in members {
            guard let value else { continue }
            if octets.count > 1 { octets.append(UInt8(ascii: ",")) }
            octets += string(name)
            octets.append(UInt8(ascii: ":"))
            octets += value
        }
        octets.append(UInt8(ascii: "}"))
        return octets
    }

    private static let quote = UInt8(ascii: "\"")
    private static let backslash = UInt8(ascii: "\\")
    private static let digits = Array("0123456789abcdef".utf8)

    /// `\u` and four digits.
    private static func escape(_ code: UInt32, into octets: inout [UInt8]) {
        octets.append(backslash)
        octets.append(UInt8(ascii: "u"))
        for shift: UInt32 in [12, 8, 4, 0] { octets.append(digits[Int(code >> shift & 0xF)]) }
    }
}
