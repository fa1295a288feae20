/// The agent or user on whose behalf a domain signs: the tag `i=` (RFC 6376 §3.5).
public struct DKIMIdentity: Hashable, Sendable, CustomStringConvertible {
    /// Its octets; often none.
    public let localPart: [UInt8]
    public let domain: DomainName

    /// Octets of a local-part (RFC 5321 §4.5.3.1.1), where we write it.
    public static let localPartLimit = 64

    /// Reads `@news.example.org` or `agent@example.org`, as a configuration has it.
    public init(_ text: String) throws(DKIMFault) {
        let identity = try Self(octets: Array(text.utf8))
        guard identity.localPart.count <= Self.localPartLimit else {
            throw DKIMFault(.syntax, "the local-part of i= has more than \(Self.localPartLimit) octets")
        }
        self = identity
    }

    /// Reads the value of the tag.
    init(tag value: ArraySlice<UInt8>) throws(DKIMFault) {
        guard let octets = DKIMQuotedPrintable.decoded(value) else {
            throw DKIMFault(.syntax, "i=\(RecordFields.quoted(value)) is no quoted-printable")
        }
        try self.init(octets: octets)
    }

    private init(octets: [UInt8]) throws(DKIMFault) {
        guard let sign = octets.lastIndex(of: UInt8(ascii: "@")),
            let domain = try? DomainName(parsing: octets[(sign + 1)...])
        else { throw DKIMFault(.syntax, "i=\(RecordFields.quoted(octets[...])) is no identity: \"@domain\" is due") }
        localPart = Array(octets[..<sign])
        self.domain = domain
    }

    /// DKIM-18: its domain is `signingDomain` or below it.
    func isCovered(by signingDomain: DomainName) -> Bool {
        domain == signingDomain || domain.text.hasSuffix(".\(signingDomain)")
    }

    /// As the tag writes it.
    public var description: String {
        DKIMQuotedPrintable.encoded(localPart) + "@\(domain)"
    }
}

/// What `i=` and `n=` are written in (RFC 6376 §2.11).
enum DKIMQuotedPrintable {
    // dkim-quoted-printable =  *(FWS / hex-octet / dkim-safe-char)
    static func decoded(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        var octets: [UInt8] = []
        var rest = text
        while let byte = rest.popFirst() {
            if DKIMTagList.isFolding(byte) { continue }
            guard byte == UInt8(ascii: "=") else {
                octets.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(ASCII.hexDigitValue),
                let low = rest.popFirst().flatMap(ASCII.hexDigitValue)
            else { return nil }
            octets.append(high << 4 | low)
        }
        return octets
    }

    // dkim-safe-char = %x21-3A / %x3C / %x3E-7E
    /// In printable US-ASCII, without the quotes and backslashes that a zone file would need to escape.
    static func encoded(_ octets: [UInt8]) -> String {
        var text: [UInt8] = []
        for byte in octets {
            switch byte {
            case UInt8(ascii: ";"), UInt8(ascii: "="), UInt8(ascii: "\""), UInt8(ascii: "\\"), ...ASCII.space, 0x7F...:
                let digits = Array("0123456789ABCDEF".utf8)
                text += [UInt8(ascii: "="), digits[Int(byte >> 4)], digits[Int(byte & 0xF)]]
            default:
                text.append(byte)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
