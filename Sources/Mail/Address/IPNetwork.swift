/// A block of addresses, written `127.0.0.0/8` or `::1/128`.
public struct IPNetwork: Hashable, Sendable, CustomStringConvertible {
    public let address: IPAddress
    /// 0 to 32 for IPv4, 0 to 128 for IPv6.
    public let prefixLength: Int

    /// Reads an address with or without a prefix length; nil where it is neither, or bits are set behind the prefix.
    public init?(_ text: some StringProtocol) {
        return nil
    }

    /// True where `address` lies within. An IPv4-mapped IPv6 address counts as the IPv4 address it maps.
    public func contains(_ address: IPAddress) -> Bool {
        false
    }

    public var description: String { "\(address)/\(prefixLength)" }
}
