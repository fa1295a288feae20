/// A domain name in the one form the program compares, stores and asks for: A-labels in lower case, without the final
/// dot (MX-15; RFC 5321 §2.4).
///
/// U-labels become A-labels at the edge, by libidn2, before a value of this type exists. Underscores are allowed because
/// owner names of TLSA and TXT records carry them; what may stand in a mail address is stricter, see ``isHostName``.
public struct DomainName: Hashable, Sendable, CustomStringConvertible {
    /// The labels joined by dots. Never empty.
    public let text: String

    /// RFC 1035 §2.3.4: 255 octets on the wire, that is 253 characters in this form.
    public static let lengthLimit = 253
    /// RFC 1035 §2.3.4: octets of one label.
    public static let labelLimit = 63

    /// Reads `text`, with or without a final dot, in any case.
    public init<Bytes: Sequence>(parsing bytes: Bytes) throws(DomainNameError) where Bytes.Element == UInt8 {
        var name: [UInt8] = []
        var label = 0
        var endedByDot = false
        for byte in bytes {
            if endedByDot { throw .emptyLabel }
            switch byte {
            case UInt8(ascii: "."):
                if label == 0 {
                    // A dot where a label should start: either an empty label, or the one dot of the root.
                    throw name.isEmpty ? .empty : .emptyLabel
                }
                label = 0
                name.append(byte)
                continue
            case UInt8(ascii: "A")...UInt8(ascii: "Z"):
                name.append(byte | 0x20)
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
                UInt8(ascii: "_"):
                name.append(byte)
            default:
                throw .badCharacter(byte)
            }
            label += 1
            if label > Self.labelLimit { throw .labelTooLong }
            if name.count > Self.lengthLimit + 1 { throw .tooLong }
            endedByDot = false
        }
        if name.last == UInt8(ascii: ".") { name.removeLast() }
        if name.isEmpty { throw .empty }
        if name.count > Self.lengthLimit { throw .tooLong }
        self.text = String(decoding: name, as: UTF8.self)
    }

    public init(_ text: some StringProtocol) throws(DomainNameError) {
        try self.init(parsing: text.utf8)
    }

    public var description: String { text }

    /// The labels, leftmost first.
    public var labels: [Substring] {
        text.split(separator: ".")
    }

    /// True where each label consists of letters, digits and inner hyphens (RFC 5321 §4.1.2 `sub-domain`).
    public var isHostName: Bool {
        labels.allSatisfy { label in
            !label.utf8.contains(UInt8(ascii: "_")) && label.utf8.first != UInt8(ascii: "-")
                && label.utf8.last != UInt8(ascii: "-")
        }
    }

    /// `_25._tcp.mail.example` for port 25 of `mail.example` (RFC 6698 §3, RFC 7672 §2.2.3): nil where it gets too long.
    public func tlsaQueryName(port: UInt16) -> DomainName? {
        try? DomainName("_\(port)._tcp.\(text)")
    }
}

/// Why a text is no domain name.
public enum DomainNameError: Error, Equatable, Sendable {
    case empty
    case emptyLabel
    case labelTooLong
    case tooLong
    case badCharacter(UInt8)
}
