extension NextHop {
    /// Reads what ``destination`` writes; nil for anything else.
    public init?(destination: String) {
        let isConfigured = destination.hasPrefix(Self.configuredPrefix)
        var text = isConfigured ? destination.dropFirst(Self.configuredPrefix.count) : destination[...]
        var host: Substring?
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else { return nil }
            host = text[text.index(after: text.startIndex)..<end]
            text = text[text.index(after: end)...]
        }
        var port = Self.defaultPort
        if let colon = text.firstIndex(of: ":") {
            let digits = text[text.index(after: colon)...]
            guard let number = UInt16(digits), digits.utf8.allSatisfy(ASCII.isDigit) else { return nil }
            port = number
            text = text[..<colon]
        }
        let target: Target
        if let host {
            guard text.isEmpty else { return nil }
            if let address = IPAddress(parsing: Array(host.utf8)) {
                target = .address(address)
            } else if let name = try? DomainName(host) {
                target = .host(name)
            } else {
                return nil
            }
        } else {
            guard let name = try? DomainName(text) else { return nil }
            target = .domain(name)
        }
        self.init(target, port: port, isConfigured: isConfigured)
    }
}
