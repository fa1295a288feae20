/// One URI of a `rua` field that reports can be sent to (RFC 8460 §3).
public enum ReportAddress: Hashable, Sendable {
    /// `mailto:` with exactly one address; what stands behind `?` is not used.
    case mail(Mailbox, uri: String)
    /// `https:` with a host.
    case https(uri: String)

    /// As the record has it.
    public var uri: String {
        switch self {
        case .mail(_, let uri), .https(let uri): uri
        }
    }

    /// Nil for another scheme, and for a `mailto:` or `https:` that nothing can be sent to (RPTC-04).
    init?(uri: ArraySlice<UInt8>) {
        guard let colon = uri.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let text = String(decoding: uri, as: UTF8.self)
        let rest = uri[(colon + 1)...]
        if ASCII.equalIgnoringCase(uri[..<colon], "mailto".utf8) {
            guard let mailbox = Self.mailbox(rest.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }) else {
                return nil
            }
            self = .mail(mailbox, uri: text)
        } else if ASCII.equalIgnoringCase(uri[..<colon], "https".utf8), Self.hasHost(rest) {
            self = .https(uri: text)
        } else {
            return nil
        }
    }

    /// Reads one URI as a record or the operator writes it; nil where nothing can be sent there.
    public init?(_ text: String) {
        let octets = Array(text.utf8)
        guard Self.isURI(octets[...]) else { return nil }
        self.init(uri: octets[...])
    }

    /// RFC 6068 §2: `addr-spec` in percent-encoding. A list of several is not taken: its commas cannot be told from
    /// those of a local-part once RFC 8460 §3 has had both encoded.
    private static func mailbox(_ text: ArraySlice<UInt8>) -> Mailbox? {
        var octets: [UInt8] = []
        var rest = text
        while let octet = rest.popFirst() {
            guard octet == UInt8(ascii: "%") else {
                octets.append(octet)
                continue
            }
            guard let high = rest.popFirst().flatMap(ASCII.hexDigitValue),
                let low = rest.popFirst().flatMap(ASCII.hexDigitValue)
            else { return nil }
            octets.append(high << 4 | low)
        }
        // An address literal is a stranger's way to have us speak to a machine that has no name.
        guard let mailbox = try? Mailbox(parsing: octets), case .name = mailbox.domain else { return nil }
        return mailbox
    }

    /// `//host[:port][/…]` with a host that could be connected to; user names are refused, a record is public.
    private static func hasHost(_ text: ArraySlice<UInt8>) -> Bool {
        guard text.starts(with: "//".utf8) else { return false }
        let ends: [UInt8] = [UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#")]
        var host = text.dropFirst(2).prefix { !ends.contains($0) }
        if let colon = host.lastIndex(of: UInt8(ascii: ":")), host[colon...].dropFirst().allSatisfy(ASCII.isDigit) {
            let port = host[colon...].dropFirst()
            guard port.isEmpty || ASCII.decimal(port, as: UInt16.self).map({ $0 > 0 }) == true else { return false }
            host = host[..<colon]
        }
        if host.first == UInt8(ascii: "["), host.last == UInt8(ascii: "]") {
            return IPAddress(parsing: Array(host.dropFirst().dropLast()))?.family == .ipv6
        }
        return (try? DomainName(parsing: host)) != nil
    }

    static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        RecordFields.trimmedAtEnd(text.drop(while: ASCII.isBlank))
    }

    /// RFC 3986 §3: a scheme, a colon, and characters a URI may hold, without the three that RFC 8460 §3 has encoded.
    static func isURI(_ text: ArraySlice<UInt8>) -> Bool {
        guard let colon = text.firstIndex(of: UInt8(ascii: ":")), let first = text.first, ASCII.isLetter(first),
            text[..<colon].allSatisfy({ ASCII.isAlphanumeric($0) || "+-.".utf8.contains($0) })
        else { return false }
        var rest = text[(colon + 1)...]
        while let octet = rest.popFirst() {
            if octet == UInt8(ascii: "%") {
                guard rest.prefix(2).count == 2, rest.prefix(2).allSatisfy({ ASCII.hexDigitValue($0) != nil }) else {
                    return false
                }
            } else if !ASCII.isAlphanumeric(octet) && !"-._~:/?#[]@$&'()*+=".utf8.contains(octet) {
                return false
            }
        }
        return true
    }
}
