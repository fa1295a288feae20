/// Which of the two address families an address belongs to.
public enum AddressFamily: String, Hashable, Sendable, CaseIterable {
    case ipv4
    case ipv6

    /// The type of record that holds addresses of this family.
    public var recordType: RecordType {
        switch self {
        case .ipv4: .a
        case .ipv6: .aaaa
        }
    }

    public var other: AddressFamily {
        switch self {
        case .ipv4: .ipv6
        case .ipv6: .ipv4
        }
    }
}

extension IPAddress {
    public var family: AddressFamily {
        switch self {
        case .v4: .ipv4
        case .v6: .ipv6
        }
    }

    /// Reads the RDATA of an A or AAAA record (RFC 1035 §3.4.1, RFC 3596 §2.2); nil where the length is not the type's.
    public init?(rdata: [UInt8], _ family: AddressFamily) {
        guard let address = IPAddress(octets: rdata), address.family == family else { return nil }
        self = address
    }

    /// Why nobody's mail host is at this address, whatever DNS says; nil for an address one may connect to.
    ///
    /// Loopback is this machine: a stranger's zone must not make us talk to our own services, or to ourselves in a loop.
    public func unreachable(loopbackAllowed: Bool) -> String? {
        switch self {
        case .v4(let value):
            // RFC 1122 §3.2.1.3: 0/8 is this network, 127/8 this host; RFC 5771 §3: 224/4 multicast. 240/4 was never
            // given out, and holds the broadcast address.
            switch value >> 24 {
            case 0: return "an unspecified address"
            case 127: return loopbackAllowed ? nil : "a loopback address"
            case 224...239: return "a multicast address"
            case 240...255: return "a reserved address"
            default: return nil
            }
        case .v6(0, 0):
            return "an unspecified address"
        case .v6(0, 1):
            return loopbackAllowed ? nil : "a loopback address"
        case .v6(0, let low) where low >> 32 == 0xFFFF:
            // RFC 4291 §2.5.5.2: an IPv4 address in disguise.
            return IPAddress.v4(UInt32(truncatingIfNeeded: low)).unreachable(loopbackAllowed: loopbackAllowed)
        case .v6(let high, _):
            // RFC 4291 §2.7
            return high >> 56 == 0xFF ? "a multicast address" : nil
        }
    }
}

/// The RDATA of a CNAME record (RFC 1035 §3.3.1).
public enum CNAMERecord {
    /// The name the alias stands for; nil where the RDATA holds no name a host can have.
    public static func target(rdata: [UInt8]) -> DomainName? {
        if case .name(let name) = WireName(rdata[...]) { name } else { nil }
    }
}
