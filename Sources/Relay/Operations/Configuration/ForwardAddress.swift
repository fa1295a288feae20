public import Mail

/// `192.0.2.53`, `2001:db8::53` or either with `@PORT`, as libunbound spells a forwarder. Port 53 where none is given.
public struct ForwardAddress: Hashable, Sendable, CustomStringConvertible {
    public let address: IPAddress
    public let port: UInt16

    public static let defaultPort: UInt16 = 53

    public init(_ address: IPAddress, port: UInt16 = ForwardAddress.defaultPort) {
        self.address = address
        self.port = port
    }

    public init?(_ text: String) {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        guard let host = parts.first, let address = IPAddress(host) else { return nil }
        if parts.count == 1 {
            self.init(address)
        } else {
            guard let port = parts.last.flatMap({ UInt16(strictly: $0) }), port > 0 else { return nil }
            self.init(address, port: port)
        }
    }

    public var description: String {
        port == Self.defaultPort ? "\(address)" : "\(address)@\(port)"
    }
}

extension FixedWidthInteger {
    /// Decimal digits and nothing else: no sign, no blank; nil when empty or out of range.
    init?(strictly text: some StringProtocol) {
        guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        self.init(text, radix: 10)
    }
}
