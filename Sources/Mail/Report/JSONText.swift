/// JSON that we write, as octets (RFC 8259), within what RFC 7493 (I-JSON) allows.
///
/// It is ASCII throughout: whatever is not a printable ASCII character is escaped, so that no string of a stranger can end
/// its string, break a line, or turn the direction of writing (RPTF-27).
enum JSONText {
    static func string(_ text: String) -> [UInt8] {
        var octets: [UInt8] = [quote]
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": octets += [backslash, UInt8(truncatingIfNeeded: scalar.value)]
            case " "..."~": octets.append(UInt8(truncatingIfNeeded: scalar.value))
            default:
                // RFC 7493 §2.1: no noncharacters. A surrogate can be none of a String's scalars.
                let unit = isNoncharacter(scalar) ? "\u{FFFD}" : scalar
                for code in UTF16.encode(unit).map({ Array($0) }) ?? [] { octets += escape(code) }
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
        [UInt8(ascii: "[")] + values.joined(separator: [UInt8(ascii: ",")]) + [UInt8(ascii: "]")]
    }

    /// Members in this order; those without a value are left out (D5).
    static func object(_ members: KeyValuePairs<String, [UInt8]?>) -> [UInt8] {
        let present = members.compactMap { name, value in value.map { string(name) + [UInt8(ascii: ":")] + $0 } }
        return [UInt8(ascii: "{")] + present.joined(separator: [UInt8(ascii: ",")]) + [UInt8(ascii: "}")]
    }

    private static let quote = UInt8(ascii: "\"")
    private static let backslash = UInt8(ascii: "\\")
    private static let digits = Array("0123456789abcdef".utf8)

    private static func escape(_ code: UInt16) -> [UInt8] {
        [backslash, UInt8(ascii: "u")]
            + [12, 8, 4, 0].map { (shift: UInt16) in digits[Int(code >> shift & 0xF)] }
    }

    private static func isNoncharacter(_ scalar: Unicode.Scalar) -> Bool {
        (0xFDD0...0xFDEF).contains(scalar.value) || scalar.value & 0xFFFE == 0xFFFE
    }
}
