extension DKIMKeyRecord {
    /// Octets of a character-string in DNS (RFC 1035 §3.3).
    public static let stringLimit = 255

    /// The text of the record, for DNS.
    public var text: String {
        var tags = ["v=DKIM1", "k=\(keyType.rawValue)"]
        if !hashes.isEmpty { tags.append("h=" + hashes.joined(separator: ":")) }
        if !services.isEmpty { tags.append("s=" + services.joined(separator: ":")) }
        let flags = (isTesting ? ["y"] : []) + (isStrict ? ["s"] : [])
        if !flags.isEmpty { tags.append("t=" + flags.joined(separator: ":")) }
        if let notes { tags.append("n=" + DKIMQuotedPrintable.encoded(Array(notes.utf8))) }
        tags.append("p=" + String(decoding: Base64.encoded(publicKey), as: UTF8.self))
        return tags.joined(separator: "; ")
    }

    /// ``text`` in character-strings of at most ``stringLimit`` octets, which readers join without a blank. No character is
    /// cut in two.
    public var strings: [String] {
        var strings: [String] = []
        var rest = text.utf8[...]
        while !rest.isEmpty {
            var string = rest.prefix(Self.stringLimit)
            while string.endIndex < rest.endIndex, rest[string.endIndex] & 0xC0 == 0x80 { string.removeLast() }
            strings.append(String(Substring(string)))
            rest = rest[string.endIndex...]
        }
        return strings
    }

    /// The record as it stands in a zone file (RFC 1035 §5.1), on as many lines as it has strings.
    /// - Parameter name: the owner, such as ``DKIMTerms/keyName``.
    public func zoneFileLines(name: DomainName) -> [String] {
        let strings = strings.map { "\"" + $0.flatMap { "\"\\".contains($0) ? ["\\", $0] : [$0] } + "\"" }
        let start = "\(name). IN TXT ( "
        let indent = String(repeating: " ", count: 4)
        return strings.enumerated().map { index, string in
            (index == 0 ? start : indent) + string + (index + 1 == strings.count ? " )" : "")
        }
    }
}
