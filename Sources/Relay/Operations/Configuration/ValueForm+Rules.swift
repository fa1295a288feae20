import DNS
import Mail

extension ValueForm {
    /// `form` for a key that may be left out, with no spelling for that.
    static func ifSet<Wrapped>(_ form: ValueForm<Wrapped>) -> ValueForm where Value == Wrapped? {
        ValueForm(
            name: form.name, range: form.range, example: form.example,
            read: { node throws(ValueProblems) in try form.read(node) }, spell: { $0.map(form.spell) ?? "" })
    }

    /// A list of different values, never empty where it is written at all.
    static func distinct<Element: Hashable>(_ form: ValueForm<Element>, atMost limit: Int) -> ValueForm
    where Value == [Element] {
        let list = ValueForm<[Element]>.list(of: form, atMost: limit, orEmpty: false)
        return ValueForm(
            name: list.name, range: list.range, example: list.example,
            read: { node throws(ValueProblems) in
                let values = try list.read(node)
                var seen: Set<Element> = []
                let repeated = values.indices.filter { !seen.insert(values[$0]).inserted }
                guard repeated.isEmpty else {
                    throw ValueProblems(
                        problems: repeated.map {
                            .init(path: "[\($0)]", text: "\(form.spell(values[$0])) is listed twice", cure: "Remove it")
                        })
                }
                return values
            },
            spell: list.spell)
    }
}

extension Configuration.WrittenRule {
    /// Names and fingerprints of one rule: each handshake compares with all.
    static let nameLimit = 100
    static let fingerprintLimit = 100
    /// Characters of `reason`: it stands in log lines and in replies.
    static let reasonLimit = 200
}

extension ValueForm<String> {
    static let words = ValueForm.parsed(
        "text", range: "one line of at most \(Configuration.WrittenRule.reasonLimit) characters",
        example: "agreed with them in May", problem: "is empty, too long, or has control characters",
        parse: { text in
            let isFit = !text.isEmpty && text.count <= Configuration.WrittenRule.reasonLimit
            return isFit && !text.unicodeScalars.contains(where: LogLine.isUnsafe) ? text : nil
        },
        spell: { $0 })
}

extension ValueForm<DomainName> {
    /// U-labels become A-labels: these names are compared with what DNS and certificates say.
    static let dnsName = ValueForm.parsed(
        "domain name", example: "mail.example.org", problem: "is no domain name",
        parse: { DomainName(written: $0) }, spell: \.text)
}

extension DomainName {
    /// A host's name or a mail domain as a person writes it. An address is none, though its form would do.
    init?(written text: some StringProtocol) {
        guard let name = try? DomainName(idna: text), name.isHostName,
            let last = name.labels.last, !last.utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        self = name
    }
}

extension ValueForm<RulePattern> {
    static let destinationPattern = ValueForm.pattern(
        name: "domain name, \"*.\" and a name, or \"*\"", example: "example.org",
        bracketed: { _ throws(ValueProblems) in
            throw ValueProblems(
                "is an address; a destination has a name", cure: "Write mx = \"[address]\", or name a domain")
        })

    static let hostPattern = ValueForm.pattern(
        name: "host name, \"*.\" and a name, \"[address]\", or \"*\"", example: "mx1.example.org",
        bracketed: { text throws(ValueProblems) in
            guard let address = IPAddress(bracketed: text) else {
                throw ValueProblems("\(TOMLText.quoted(text)) is no address in brackets")
            }
            return .address(address)
        })

    static func pattern(
        name: String, example: String,
        bracketed: @escaping @Sendable (String) throws(ValueProblems) -> RulePattern
    ) -> ValueForm {
        ValueForm(
            name: name, range: nil, example: TOMLText.quoted(example),
            read: { node throws(ValueProblems) in
                guard case .string(let text) = node else { throw .wrongKind("a text in quotes", node) }
                if text == "*" { return .any }
                if text.hasPrefix("[") { return try bracketed(text) }
                let rest = text.hasPrefix("*.") ? text.dropFirst(2) : text[...]
                if rest.contains("*") {
                    throw ValueProblems(
                        "\(TOMLText.quoted(text)) has a wildcard that does not stand alone or before the first dot",
                        cure: "Write \"*\" for all names, or \"*.example.org\" for all below example.org")
                }
                guard let name = DomainName(written: rest) else {
                    throw ValueProblems("\(TOMLText.quoted(text)) is no domain name")
                }
                return rest.startIndex == text.startIndex ? .exactly(name) : .below(name)
            },
            spell: { TOMLText.quoted($0.description) })
    }
}

extension IPAddress {
    /// `[192.0.2.1]`, `[2001:db8::1]`, or as SMTP spells the latter, `[IPv6:2001:db8::1]` (RFC 5321 §4.1.3).
    init?(bracketed text: some StringProtocol) {
        guard text.hasPrefix("["), text.hasSuffix("]") else { return nil }
        let inner = text.dropFirst().dropLast()
        if inner.lowercased().hasPrefix("ipv6:") {
            guard let address = IPAddress(inner.dropFirst("ipv6:".count)), case .v6 = address else { return nil }
            self = address
        } else {
            self.init(inner)
        }
    }
}

extension ValueForm<Fingerprint> {
    static let fingerprint = ValueForm.parsed(
        "fingerprint", range: "\"certificate:\" or \"public-key:\" and 64 hexadecimal digits",
        example: "public-key:\(String(repeating: "0123456789abcdef", count: 4))",
        problem: "is no SHA-256 fingerprint of a certificate or public key",
        parse: { Fingerprint(written: $0) }, spell: \.written)
}

extension Fingerprint {
    init?(written text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        guard let octets = Self.octets(written: parts[1]) else { return nil }
        switch parts[0].lowercased() {
        case "certificate": self = .certificate(octets)
        case "public-key": self = .publicKey(octets)
        default: return nil
        }
    }

    /// From hexadecimal digits in any case, with or without colons.
    static func octets(written text: Substring) -> [UInt8]? {
        let digits = text.utf8.filter { $0 != UInt8(ascii: ":") }
        guard digits.count == 2 * length else { return nil }
        var octets: [UInt8] = []
        for pair in stride(from: 0, to: digits.count, by: 2) {
            guard let high = value(digits[pair]), let low = value(digits[pair + 1]) else { return nil }
            octets.append(high << 4 | low)
        }
        return octets
    }

    /// In lower case, without colons.
    var written: String {
        switch self {
        case .certificate(let octets): "certificate:\(Self.digits(octets))"
        case .publicKey(let octets): "public-key:\(Self.digits(octets))"
        }
    }

    static func digits(_ octets: [UInt8]) -> String {
        octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

extension ValueForm<Configuration.WrittenNextHop> {
    static let nextHop = ValueForm(
        name: "domain name, \"[host name]\" or \"[address]\"", range: "with or without :port",
        example: "\"[relay.example.net]:587\"",
        read: { node throws(ValueProblems) in
            guard case .string(let text) = node else { throw .wrongKind("a text in quotes", node) }
            return try Configuration.WrittenNextHop(parsing: text)
        },
        spell: { TOMLText.quoted($0.description) })
}

extension Configuration.WrittenNextHop: CustomStringConvertible {
    init(parsing text: String) throws(ValueProblems) {
        let quoted = TOMLText.quoted(text)
        var host = text[...]
        var port: UInt16?
        // Behind the bracket only: an IPv6 address has colons of its own.
        let end = text.lastIndex(of: "]") ?? text.startIndex
        if let colon = text[end...].firstIndex(of: ":") {
            if !text.hasPrefix("["), IPAddress(text) != nil {
                throw ValueProblems("\(quoted) is an address without brackets", cure: "Write \"[\(text)]\"")
            }
            guard let number = UInt16(strictly: text[text.index(after: colon)...]), number > 0 else {
                throw ValueProblems("\(quoted) has no port from 1 to 65535 behind its colon")
            }
            port = number
            host = text[..<colon]
        }
        if !host.hasPrefix("[") {
            if IPAddress(host) != nil {
                throw ValueProblems("\(quoted) is an address without brackets", cure: "Write \"[\(host)]\"")
            }
            guard let name = DomainName(written: host) else { throw ValueProblems("\(quoted) is no domain name") }
            self.init(target: .domain(name), port: port)
        } else if let address = IPAddress(bracketed: host) {
            self.init(target: .address(address), port: port)
        } else if host.hasSuffix("]"), let name = DomainName(written: host.dropFirst().dropLast()) {
            self.init(target: .host(name), port: port)
        } else {
            throw ValueProblems("\(quoted) has neither a host name nor an address in its brackets")
        }
    }

    public var description: String {
        let suffix = port.map { ":\($0)" } ?? ""
        return switch target {
        case .domain(let name): "\(name)\(suffix)"
        case .host(let name): "[\(name)]\(suffix)"
        case .address(let address): "[\(address)]\(suffix)"
        }
    }
}
