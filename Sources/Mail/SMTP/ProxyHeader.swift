/// What a trusted proxy says of the connection it passes on, before the first octet of SMTP: the PROXY protocol of HAProxy,
/// versions 1 and 2 (haproxy.org, `doc/proxy-protocol.txt`).
public enum ProxyHeader: Hashable, Sendable {
    /// The proxy's own connection, or one it cannot describe by addresses: the real peer counts.
    case local
    /// IPv4-mapped addresses are the IPv4 addresses they map.
    case proxied(source: IPAddress, sourcePort: UInt16, destination: IPAddress, destinationPort: UInt16)

    /// Octets of a line of version 1, with its CRLF (section 2.1 of the specification).
    public static let lineLimit = 107
    /// Octets of a header of version 2: 16, and those that its length field counts, addresses and TLVs. That field could say
    /// 65,535; all that a proxy has to say of a connection fits in far less.
    public static let binaryLimit = 16 + 2048

    /// Reads the start of a connection: all octets that came so far. With more of them, it may be asked again from the start.
    ///
    /// What can be no header is invalid at the first octet that makes it so. TLVs are skipped, a checksum among them too.
    public static func read(_ bytes: some Collection<UInt8>) -> ProxyReading {
        // Both versions are told by their first octet.
        switch bytes.first {
        case nil: .needsMore
        case ProxyBinary.signature.first: ProxyBinary.read(Array(bytes.prefix(binaryLimit)))
        default: readLine(Array(bytes.prefix(lineLimit)))
        }
    }
}

/// What the octets so far are.
public enum ProxyReading: Hashable, Sendable {
    /// The start of a header. Never said of ``ProxyHeader/binaryLimit`` octets or more.
    case needsMore
    /// A header of `consumed` octets. What follows them is the client's.
    case header(ProxyHeader, consumed: Int)
    /// No header, and none whatever follows: the connection must be dropped (section 2.1). The reason is for the log.
    case invalid(String)
}

/// Version 1: one line of text (section 2.1 of the specification).
extension ProxyHeader {
    private static let start = Array("PROXY ".utf8)

    private static func readLine(_ bytes: [UInt8]) -> ProxyReading {
        guard zip(bytes, start).allSatisfy(==) else { return .invalid("neither version 1 nor 2") }
        guard let end = bytes.firstIndex(where: { $0 == ASCII.carriageReturn || $0 == ASCII.lineFeed }) else {
            return bytes.count < lineLimit ? .needsMore : .invalid("line of more than \(lineLimit) octets")
        }
        guard bytes[end] == ASCII.carriageReturn else { return .invalid("LF without CR") }
        let next = end + 1
        guard next < bytes.count else {
            return bytes.count < lineLimit ? .needsMore : .invalid("line of more than \(lineLimit) octets")
        }
        guard bytes[next] == ASCII.lineFeed else { return .invalid("CR without LF") }
        guard let header = header(bytes[..<end].dropFirst(start.count)) else { return .invalid("malformed line") }
        return .header(header, consumed: next + 1)
    }

    /// What stands between `PROXY ` and CRLF.
    private static func header(_ text: ArraySlice<UInt8>) -> ProxyHeader? {
        let words = text.split(separator: ASCII.space, omittingEmptySubsequences: false)
        guard let family = words.first else { return nil }
        // Whatever follows is ignored.
        if family.elementsEqual("UNKNOWN".utf8) { return .local }
        guard words.count == 5, let source = IPAddress(parsing: Array(words[1])),
            let destination = IPAddress(parsing: Array(words[2])), let sourcePort = port(words[3]),
            let destinationPort = port(words[4])
        else { return nil }
        switch (source, destination) {
        case (.v4, .v4) where family.elementsEqual("TCP4".utf8), (.v6, .v6) where family.elementsEqual("TCP6".utf8):
            return .proxied(
                source: source.unmapped, sourcePort: sourcePort, destination: destination.unmapped,
                destinationPort: destinationPort)
        default:
            return nil
        }
    }

    private static func port(_ digits: ArraySlice<UInt8>) -> UInt16? {
        // A leading zero could be read as octal.
        digits.count > 1 && digits.first == UInt8(ascii: "0") ? nil : ASCII.decimal(digits)
    }
}
