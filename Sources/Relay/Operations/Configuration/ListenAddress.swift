public import Mail

/// `192.0.2.1:2525` or `[2001:db8::1]:2525`: an address of ours with its port. Names are not taken, so that what is
/// listened on does not depend on a resolver.
public struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    public let address: IPAddress
    public let port: UInt16

    public init(_ address: IPAddress, port: UInt16) {
        self.address = address
        self.port = port
    }

    /// nil unless address and port (1 to 65535) are both there.
    public init?(_ text: String) {
        let host: Substring
        let port: Substring
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            host = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            guard host.contains(":"), rest.first == ":" else { return nil }
            port = rest.dropFirst()
        } else {
            guard let colon = text.lastIndex(of: ":") else { return nil }
            host = text[..<colon]
            port = text[text.index(after: colon)...]
            guard !host.contains(":") else { return nil }
        }
        guard let address = IPAddress(host), let number = UInt16(strictly: port), number > 0 else { return nil }
        self.init(address, port: number)
    }

    public var description: String {
        switch address {
        case .v4: "\(address):\(port)"
        case .v6: "[\(address)]:\(port)"
        }
    }
}

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
