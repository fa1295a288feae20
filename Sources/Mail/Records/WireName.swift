/// An uncompressed domain name as RDATA holds it (RFC 1035 §3.1): length octet, label, …, zero.
///
/// A name that is well formed on the wire may still be no host name: labels hold any octet. Which it is stays visible,
/// because the first kind of trouble voids the record and the second is a publisher's error worth showing.
enum WireName: Hashable, Sendable {
    case root
    case name(DomainName)
    /// Well formed, and no ``DomainName``: its text with odd octets escaped.
    case unreadable(String)

    /// RFC 1035 §3.1: octets of a whole name, length octets and the final zero included.
    static let lengthLimit = 255

    /// Reads a name that must fill `octets` to the end; nil where it does not, or is no uncompressed name at all.
    init?(_ octets: ArraySlice<UInt8>) {
        guard octets.count <= Self.lengthLimit else { return nil }
        var labels: [ArraySlice<UInt8>] = []
        var rest = octets
        while let length = rest.popFirst() {
            if length == 0 {
                guard rest.isEmpty else { return nil }
                self = Self.joined(labels)
                return
            }
            // RFC 1035 §4.1.4: the two high bits mark a compression pointer, which the resolver has resolved before us.
            guard Int(length) <= DomainName.labelLimit, rest.count >= Int(length) else { return nil }
            labels.append(rest.prefix(Int(length)))
            rest = rest.dropFirst(Int(length))
        }
        return nil
    }

    private static func joined(_ labels: [ArraySlice<UInt8>]) -> WireName {
        guard !labels.isEmpty else { return .root }
        // A dot inside a label would read as a border between two: such a name has no text form without escapes.
        let hasInnerDot = labels.contains { $0.contains(UInt8(ascii: ".")) }
        let text = labels.joined(separator: CollectionOfOne(UInt8(ascii: ".")))
        if !hasInnerDot, let name = try? DomainName(parsing: text) { return .name(name) }
        return .unreadable(labels.map(escaped).joined(separator: "."))
    }

    /// The master file form (RFC 1035 §5.1): `\.` and `\\`, and `\DDD` for what does not print.
    private static func escaped(_ label: ArraySlice<UInt8>) -> String {
        var text = ""
        for octet in label {
            switch octet {
            case UInt8(ascii: "."), UInt8(ascii: "\\"), UInt8(ascii: "\""):
                text += "\\" + String(UnicodeScalar(octet))
            case 0x21...0x7E:
                text.unicodeScalars.append(UnicodeScalar(octet))
            default:
                let digits = String(octet)
                text += "\\" + String(repeating: "0", count: 3 - digits.count) + digits
            }
        }
        return text
    }
}
