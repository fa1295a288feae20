/// A block of addresses, written `127.0.0.0/8` or `::1/128`.
public struct IPNetwork: Hashable, Sendable, CustomStringConvertible {
    public let address: IPAddress
    /// 0 to 32 for IPv4, 0 to 128 for IPv6.
    public let prefixLength: Int

    /// Reads an address with or without a prefix length; nil where it is neither, or bits are set behind the prefix.
    ///
    /// Without a prefix length it is that one address. An IPv4-mapped address needs a prefix of 96 or more and is kept as
    /// the IPv4 network it maps.
    public init?(_ text: some StringProtocol) {
        let parts = Array(text.utf8).split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard let first = parts.first, parts.count <= 2, let written = IPAddress(parsing: Array(first)) else {
            return nil
        }
        let address = written.unmapped
        let width = address.octets.count * 8
        var length = width
        if parts.count == 2 {
            guard let number = ASCII.decimal(parts[1], as: Int.self) else { return nil }
            length = address == written ? number : number - 96
            guard (0...width).contains(length) else { return nil }
        }
        guard Self.masked(address, to: length) == address else { return nil }
        self.address = address
        prefixLength = length
    }

    /// True where `address` lies within. An IPv4-mapped IPv6 address counts as the IPv4 address it maps.
    public func contains(_ address: IPAddress) -> Bool {
        Self.masked(address.unmapped, to: prefixLength) == self.address
    }

    public var description: String { "\(address)/\(prefixLength)" }

    /// The address with all bits behind the first `length` cleared; shifts beyond the width give zero.
    private static func masked(_ address: IPAddress, to length: Int) -> IPAddress {
        switch address {
        case .v4(let value):
            .v4(value & (UInt32.max << (32 - length)))
        case .v6(let high, let low):
            .v6(high: high & (UInt64.max << max(0, 64 - length)), low: low & (UInt64.max << (128 - length)))
        }
    }
}
