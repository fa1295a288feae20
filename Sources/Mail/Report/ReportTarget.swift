extension IPAddress {
    /// Why no report is posted to this address; nil where one may be.
    ///
    /// A `rua` URI is a stranger's, and so is the zone of its host: neither must make this machine talk to what only this
    /// machine, or its network, can reach. So what the IANA registries of special-purpose addresses (RFC 6890) call not
    /// globally reachable is refused, and an IPv6 address that carries an IPv4 address is judged by that one. Blocks for
    /// documentation are let pass: nobody is there, a connection fails by itself.
    /// - Parameters:
    ///   - privateAllowed: private networks may be connected to (RFC 1918, RFC 4193): 10/8, 172.16/12, 192.168/16, fc00::/7.
    ///   - loopbackAllowed: so may this machine.
    public func refusedForReports(privateAllowed: Bool, loopbackAllowed: Bool) -> String? {
        if let words = unreachable(loopbackAllowed: loopbackAllowed) { return words }
        if let inner = carriedIPv4 {
            let words = inner.refusedForReports(privateAllowed: privateAllowed, loopbackAllowed: loopbackAllowed)
            return words.map { "\($0) in disguise" }
        }
        for block in Self.localBlocks where block.contains(self) {
            return block.isPrivate && privateAllowed ? nil : block.words
        }
        return nil
    }

    /// The IPv4 address that some router or kernel would make of this IPv6 address; nil where there is none.
    private var carriedIPv4: IPAddress? {
        guard case .v6(let high, let low) = self else { return nil }
        let lowest = IPAddress.v4(UInt32(truncatingIfNeeded: low))
        switch high {
        // RFC 4291 §2.5.5: ::ffff:0:0/96 and ::/96, of which `::` and `::1` are judged before; and ::ffff:0:0:0/96, which
        // translators once had.
        case 0 where low >> 32 == 0xFFFF || low >> 32 == 0 && low > 1 || low >> 32 == 0xFFFF_0000:
            return lowest
        // RFC 6052 §2.1: 64:ff9b::/96
        case 0x0064_FF9B_0000_0000 where low >> 32 == 0:
            return lowest
        // RFC 3056 §2: 2002::/16, the address behind the prefix
        case _ where high >> 48 == 0x2002:
            return .v4(UInt32(truncatingIfNeeded: high >> 16))
        // RFC 4380 §4: 2001::/32, the address at the end with its bits turned around
        case _ where high >> 32 == 0x2001_0000:
            return .v4(~UInt32(truncatingIfNeeded: low))
        // RFC 5214 §6.1: an interface of ISATAP
        case _ where low >> 32 == 0x5EFE || low >> 32 == 0x0200_5EFE:
            return lowest
        default:
            return nil
        }
    }

    private struct Block: Sendable {
        let prefix: IPAddress
        let length: Int
        let words: String
        let isPrivate: Bool

        init(_ prefix: IPAddress, _ length: Int, _ words: String, isPrivate: Bool = false) {
            self.prefix = prefix
            self.length = length
            self.words = words
            self.isPrivate = isPrivate
        }

        func contains(_ address: IPAddress) -> Bool {
            switch (prefix, address) {
            case (.v4(let prefix), .v4(let value)): (prefix ^ value) >> (32 - length) == 0
            case (.v6(let prefix, 0), .v6(let high, _)) where length <= 64: (prefix ^ high) >> (64 - length) == 0
            default: false
            }
        }
    }

    /// What is not judged by ``unreachable(loopbackAllowed:)`` already; RFC 6890 §2.2 lists them all but the last three.
    private static let localBlocks: [Block] = [
        Block(.v4(0x0A00_0000), 8, "a private address", isPrivate: true),
        Block(.v4(0xAC10_0000), 12, "a private address", isPrivate: true),
        Block(.v4(0xC0A8_0000), 16, "a private address", isPrivate: true),
        // 169.254.169.254 tells machines in data centres their keys.
        Block(.v4(0xA9FE_0000), 16, "a link-local address"),
        // Between a provider and its customers.
        Block(.v4(0x6440_0000), 10, "an address of a provider's inner network"),
        Block(.v4(0xC000_0000), 24, "an address for protocols"),
        Block(.v4(0xC612_0000), 15, "an address for measurements"),
        Block(.v6(high: 0xFC00_0000_0000_0000, low: 0), 7, "a private address", isPrivate: true),
        Block(.v6(high: 0xFE80_0000_0000_0000, low: 0), 10, "a link-local address"),
        Block(.v6(high: 0x0100_0000_0000_0000, low: 0), 64, "an address that discards"),
        Block(.v6(high: 0x2001_0002_0000_0000, low: 0), 48, "an address for measurements"),
        // RFC 3879 §4: site-local, which nobody should use any more.
        Block(.v6(high: 0xFEC0_0000_0000_0000, low: 0), 10, "a site-local address"),
        // RFC 8215 §5: what a network translates to IPv4 with a prefix of its own.
        Block(.v6(high: 0x0064_FF9B_0001_0000, low: 0), 48, "an address that is translated inside a network"),
        // RFC 9602 §5: segment routing.
        Block(.v6(high: 0x5F00_0000_0000_0000, low: 0), 16, "an address of a network's inner routing"),
    ]
}
