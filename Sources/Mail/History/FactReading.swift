/// One fact as it was read just now, in the one spelling in which facts are compared.
///
/// A failure is no fact: a lookup that failed, an answer that is bogus and a connection that ended early say nothing, so
/// that nothing of them is ever read as "absent".
public struct FactReading: Hashable, Sendable {
    public let name: String
    public let kind: KnownFact.Kind
    public let value: String
    /// Something explains a change of it, so that no alarm is to follow: the operator's exception or rule, or a proof in
    /// which the fact has no part.
    public let isExplained: Bool

    /// Octets of a value; the store cuts what it is given by ``bounded(_:)`` as well. Ours.
    public static let textLimit = 8_192
    /// Octets of the name of a fact: none is longer, for two domain names (``DomainName/lengthLimit``), a port and ` for ` have
    /// 517.
    public static let nameLimit = 520
    /// In place of a set without members.
    static let none = "none"

    public init(_ name: String, _ kind: KnownFact.Kind, _ value: String, isExplained: Bool = false) {
        self.name = name
        self.kind = kind
        self.value = Self.bounded(value)
        self.isExplained = isExplained
    }

    /// A value beyond the limit ends in a number made of all of it (FNV-1a): two that differ far behind stay two. Without the
    /// NUL that would end it in a column. What is bounded stays as it is.
    public static func bounded(_ value: String) -> String {
        let value = value.utf8.contains(0) ? String(value.map { $0 == "\0" ? "\u{FFFD}" : $0 }) : value
        guard value.utf8.count > textLimit else { return value }
        let octets = Array(value.utf8)
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for octet in octets { hash = (hash ^ UInt64(octet)) &* 0x0000_0100_0000_01b3 }
        let digits = String(hash, radix: 16)
        let end = " #" + String(repeating: "0", count: 16 - digits.utf8.count) + digits
        var kept = octets.prefix(textLimit - end.utf8.count)
        // Not within a character: of one only the first octet is none of these.
        while let last = kept.last, last & 0xC0 == 0x80 { kept.removeLast() }
        if let last = kept.last, last >= 0xC0 { kept.removeLast() }
        return String(decoding: kept, as: UTF8.self) + end
    }

    /// What facts of a host are kept under: a smarthost at another port has facts of its own.
    public static func name(of host: DomainName, port: UInt16) -> String {
        port == NextHop.defaultPort ? host.text : "\(host):\(port)"
    }

    /// What ``KnownFact/Kind/verified`` is kept under: one host proves itself to one domain by that domain's policy and to the
    /// next not at all.
    public static func name(of host: DomainName, port: UInt16, for domain: DomainName) -> String {
        "\(name(of: host, port: port)) for \(domain)"
    }

    static func hexadecimal(_ octets: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        for octet in octets {
            for digit in [octet >> 4, octet & 15] { text.append(digit + (digit < 10 ? 0x30 : 0x57)) }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
