/// What an attribute of XFORWARD may say.
extension ForwardedClient.Attribute {
    static let ipv6 = "IPV6:"
    private static let unavailable = ["[UNAVAILABLE]", "[TEMPUNAVAIL]"]
    /// For these and for blanks Postfix puts `?` in every value, because they mean something in a header. So do we: no value
    /// ends a comment of `Received:`, or is taken for an address.
    private static let special = Set("<>()\\\";@".unicodeScalars)

    var path: WritableKeyPath<ForwardedClient, String?> {
        switch self {
        case .name: \.name
        case .address: \.address
        case .port: \.port
        case .proto: \.proto
        case .helo: \.helo
        case .ident: \.ident
        case .source: \.source
        }
    }

    /// Reads a value in xtext (RFC 3461 §4); nil where it says that it is not known.
    func value(_ text: some Collection<UInt8>) throws(ForwardedClient.Fault) -> String? {
        // Postfix leaves `=` as it is.
        var octets: [UInt8] = []
        for (index, part) in text.split(separator: UInt8(ascii: "="), omittingEmptySubsequences: false).enumerated() {
            guard let decoded = XText.decoded(part) else { throw .badValue(self) }
            if index > 0 { octets.append(UInt8(ascii: "=")) }
            octets += decoded
        }
        if Self.unavailable.contains(where: { ASCII.equalIgnoringCase($0.utf8, octets) }) { return nil }
        guard octets.count <= (self == .proto ? ForwardedClient.protocolLimit : ForwardedClient.valueLimit) else {
            throw .valueTooLong
        }
        // What the log would have to change is refused, so that text and log say the same.
        guard let value = String(validating: octets, as: UTF8.self), SafeText.string(octets) == value,
            let read = read(neutered(value))
        else { throw .badValue(self) }
        return read
    }

    /// The value as it is kept; nil where the attribute does not allow it.
    private func read(_ value: String) -> String? {
        switch self {
        case .name, .proto, .helo, .ident: return value
        case .port:
            let isCanonical = value == "0" || value.utf8.first != UInt8(ascii: "0")
            return isCanonical && ASCII.decimal(value.utf8, as: UInt16.self) != nil ? value : nil
        case .address:
            guard ASCII.equalIgnoringCase(value.utf8.prefix(Self.ipv6.utf8.count), Self.ipv6.utf8) else {
                // It may be no IP address at all, but then it looks like none.
                if let address = IPAddress(value) { return address.description }
                return value.contains(":") ? nil : value
            }
            guard case .v6(let high, let low) = IPAddress(value.dropFirst(Self.ipv6.count)) else { return nil }
            return IPAddress.v6(high: high, low: low).description
        case .source:
            return ["LOCAL", "REMOTE"].first { ASCII.equalIgnoringCase($0.utf8, value.utf8) }
        }
    }

    private func neutered(_ value: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in value.unicodeScalars {
            scalars.append(Self.special.contains(scalar) || scalar.properties.isWhitespace ? "?" : scalar)
        }
        return String(scalars)
    }
}
