extension IPAddress: CustomStringConvertible {
    /// Reads `192.0.2.1` or `2001:db8::1`, without brackets, zone or blanks; nil for anything else.
    public init?(_ text: some StringProtocol) {
        return nil
    }

    /// IPv4 in dotted form; IPv6 as RFC 5952 §4 has it, IPv4-mapped as `::ffff:192.0.2.1`.
    public var description: String {
        ""
    }

    /// The IPv4 address where this is an IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2), else the address itself.
    public var unmapped: IPAddress {
        self
    }
}
