/// One `mx` value of an MTA-STS policy (RFC 8461 §3.2, §4.1): a full name, or `*.` and a name.
public struct MXPattern: Hashable, Sendable, CustomStringConvertible {
    /// The name, without the wildcard.
    public let name: DomainName
    /// Stands for exactly one label in front of ``name`` (STS-29).
    public let isWildcard: Bool

    public init(name: DomainName, isWildcard: Bool) {
        self.name = name
        self.isWildcard = isWildcard
    }

    /// RFC 8461 §4.1: a wildcard matches one leftmost label, neither the name itself nor anything deeper. Case and the
    /// final dot are gone from a ``DomainName`` already (MX-15).
    public func matches(_ host: DomainName) -> Bool {
        guard isWildcard else { return host == name }
        guard let dot = host.text.utf8.firstIndex(of: UInt8(ascii: ".")) else { return false }
        return host.text[host.text.index(after: dot)...] == name.text
    }

    public var description: String { isWildcard ? "*.\(name)" : name.text }
}
