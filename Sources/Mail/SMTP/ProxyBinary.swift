/// Version 2 of the PROXY protocol: a block of octets (section 2.2 of the specification).
enum ProxyBinary {
    static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]
    /// Signature, version and command, family and transport, length.
    private static let fixedSize = 16

    static func read(_ bytes: [UInt8]) -> ProxyReading {
        guard zip(bytes, signature).allSatisfy(==) else { return .invalid("wrong signature") }
        guard bytes.count > 12 else { return .needsMore }
        guard bytes[12] >> 4 == 2 else { return .invalid("version \(bytes[12] >> 4)") }
        let isLocal = bytes[12] & 0x0F == 0
        guard isLocal || bytes[12] & 0x0F == 1 else { return .invalid("command \(bytes[12] & 0x0F)") }
        guard bytes.count > 13 else { return .needsMore }
        var addresses = Addresses.none
        if !isLocal {
            guard let known = Addresses(bytes[13]) else { return .invalid("family and transport \(bytes[13])") }
            addresses = known
        }
        guard bytes.count >= fixedSize else { return .needsMore }
        let length = Int(bytes[14]) << 8 | Int(bytes[15])
        let end = fixedSize + length
        guard end <= ProxyHeader.binaryLimit else {
            return .invalid("header of more than \(ProxyHeader.binaryLimit) octets")
        }
        guard length >= addresses.size else { return .invalid("no room for the addresses") }
        guard bytes.count >= end else { return .needsMore }
        return .header(addresses.read(bytes[fixedSize..<end]) ?? .local, consumed: end)
    }

    private enum Addresses {
        /// Of no address, or of those that the receiver falls back from to the real ones.
        case none
        case v4
        case v6
        case unix

        /// Reads the octet of the family (high half) and transport; nil where one of them must be refused.
        init?(_ octet: UInt8) {
            guard octet >> 4 <= 3, octet & 0x0F <= 2 else { return nil }
            switch octet {
            case 0x11: self = .v4
            case 0x21: self = .v6
            case 0x31, 0x32: self = .unix
            // Unspecified, or datagrams, which carry no SMTP: the addresses are not for us.
            default: self = .none
            }
        }

        /// Octets of two addresses, and two ports where there are any.
        var size: Int {
            switch self {
            case .none: 0
            case .v4: 12
            case .v6: 36
            case .unix: 216
            }
        }

        /// Two addresses and two ports, and TLVs behind them; nil where there are none.
        func read(_ block: ArraySlice<UInt8>) -> ProxyHeader? {
            let width: Int
            switch self {
            case .v4: width = 4
            case .v6: width = 16
            case .none, .unix: return nil
            }
            let ports = block.dropFirst(2 * width)
            guard let source = IPAddress(octets: block.prefix(width)),
                let destination = IPAddress(octets: block.dropFirst(width).prefix(width)),
                let sourcePort = number(ports.prefix(2)), let destinationPort = number(ports.dropFirst(2).prefix(2))
            else { return nil }
            return .proxied(
                source: source.unmapped, sourcePort: sourcePort, destination: destination.unmapped,
                destinationPort: destinationPort)
        }

        private func number(_ octets: ArraySlice<UInt8>) -> UInt16? {
            guard octets.count == 2, let high = octets.first, let low = octets.last else { return nil }
            return UInt16(high) << 8 | UInt16(low)
        }
    }
}
