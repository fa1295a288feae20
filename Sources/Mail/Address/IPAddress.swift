/// An IPv4 or IPv6 address: octets in network order.
public enum IPAddress: Hashable, Sendable {
    /// Four octets, as one number in host order (127.0.0.1 is 0x7F00_0001).
    case v4(UInt32)
    /// Sixteen octets as two numbers in host order, the high half first. Any zone index belongs to a socket, not here.
    case v6(high: UInt64, low: UInt64)

    /// Reads the RDATA of an A (4 octets) or AAAA record (16 octets); nil for any other length.
    public init?(octets: some Collection<UInt8>) {
        switch octets.count {
        case 4:
            self = .v4(octets.reduce(0) { $0 << 8 | UInt32($1) })
        case 16:
            let high = octets.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            let low = octets.dropFirst(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            self = .v6(high: high, low: low)
        default:
            return nil
        }
    }

    /// 4 or 16 octets in network order.
    public var octets: [UInt8] {
        switch self {
        case .v4(let value):
            return (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
        case .v6(let high, let low):
            return (0..<8).map { UInt8(truncatingIfNeeded: high >> (56 - 8 * $0)) }
                + (0..<8).map { UInt8(truncatingIfNeeded: low >> (56 - 8 * $0)) }
        }
    }

    /// 127.0.0.0/8 and ::1: this machine.
    public var isLoopback: Bool {
        switch self {
        case .v4(let value): value >> 24 == 127
        case .v6(let high, let low): high == 0 && low == 1
        }
    }
}
