extension DomainName {
    /// Where the name of an address is kept: `1.2.0.192.in-addr.arpa` (RFC 1035 §3.5), and nibbles below `ip6.arpa` (RFC 3596
    /// §2.5). Nil never happens: such a name is always well formed.
    public init?(reverseOf address: IPAddress) {
        let text =
            switch address.unmapped {
            case .v4: address.unmapped.octets.reversed().map { "\($0)" }.joined(separator: ".") + ".in-addr.arpa"
            case .v6:
                address.octets.reversed().map { "\(Self.digit($0 & 15)).\(Self.digit($0 >> 4))" }
                    .joined(separator: ".") + ".ip6.arpa"
            }
        guard let name = try? DomainName(parsing: Array(text.utf8)) else { return nil }
        self = name
    }

    private static func digit(_ nibble: UInt8) -> String { String(nibble, radix: 16) }
}

/// What the reverse name of an address holds.
public enum ReverseLookup: Hashable, Sendable {
    case names([DomainName])
    /// Nothing that can be read.
    case absent
    case failed(String)

    /// - Parameter answer: to a PTR question.
    public init(_ answer: Answer) {
        switch answer.result {
        case .records(let records):
            let names = records.compactMap { octets -> DomainName? in
                if case .name(let name) = WireName(octets[...]) { name } else { nil }
            }
            self = names.isEmpty ? .absent : .names(names)
        case .noData, .noSuchName: self = .absent
        case .failed(let words): self = .failed(words)
        }
    }
}
