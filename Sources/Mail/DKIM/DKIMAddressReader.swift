/// Reads the domains out of the tokens of an address-list (RFC 5322 §3.4, with the obsolete forms of §4.4).
struct DKIMAddressReader {
    typealias Token = DKIMAddressLexer.Token

    private var rest: ArraySlice<Token>

    init(_ tokens: [Token]) {
        rest = tokens[...]
    }

    // address-list = (address *("," address)) / obs-addr-list
    // group = display-name ":" [group-list] ";" [CFWS]
    /// The domains of all addresses, in order.
    mutating func domains() throws(DKIMUnsignable) -> [ArraySlice<UInt8>] {
        var domains: [ArraySlice<UInt8>] = []
        var isInGroup = false
        // Whether an address or a group has just ended, so that only a separator may follow.
        var isComplete = false
        while let token = rest.first {
            switch token {
            case .special(UInt8(ascii: ",")):
                // Empty elements are obsolete, not wrong.
                isComplete = false
                rest.removeFirst()
            case .special(UInt8(ascii: ";")) where isInGroup:
                isInGroup = false
                isComplete = true
                rest.removeFirst()
            default:
                guard !isComplete else { throw .unreadableFrom("text follows an address without a comma") }
                if let domain = try address(startsGroup: !isInGroup) {
                    domains.append(domain)
                    isComplete = true
                } else {
                    isInGroup = true
                }
            }
        }
        guard !isInGroup else { throw .unreadableFrom("a group in it has no end") }
        return domains
    }

    // mailbox      = name-addr / addr-spec
    // name-addr    = [display-name] angle-addr
    /// The domain of the address that begins here; nil where a group begins instead.
    private mutating func address(startsGroup: Bool) throws(DKIMUnsignable) -> ArraySlice<UInt8>? {
        let words = takeWords()
        switch rest.first {
        case .special(UInt8(ascii: "@")):
            return try domain(afterLocalPart: words)
        case .special(UInt8(ascii: "<")):
            rest.removeFirst()
            try skipRoute()
            let domain = try domain(afterLocalPart: takeWords())
            guard rest.popFirst() == .special(UInt8(ascii: ">")) else {
                throw .unreadableFrom("an address has no closing \">\"")
            }
            return domain
        case .special(UInt8(ascii: ":")) where startsGroup && !words.isEmpty:
            rest.removeFirst()
            return nil
        case .special(let byte):
            throw .unreadableFrom("\"\(SafeText.string([byte]))\" stands where an address is due")
        case .domainLiteral:
            throw .unreadableFrom("a domain literal stands where an address is due")
        case .atom, .quotedString, nil:
            throw .unreadableFrom("a name stands there without an address")
        }
    }

    /// Atoms, quoted strings and dots: a display-name or a local-part.
    private mutating func takeWords() -> ArraySlice<Token> {
        let words = rest.prefix { token in
            switch token {
            case .atom, .quotedString, .special(UInt8(ascii: ".")): true
            case .special, .domainLiteral: false
            }
        }
        rest = rest.dropFirst(words.count)
        return words
    }

    // obs-route = obs-domain-list ":"
    /// Passes over `@a.example,@b.example:` in front of the address.
    private mutating func skipRoute() throws(DKIMUnsignable) {
        guard rest.first == .special(UInt8(ascii: "@")) else { return }
        guard let colon = rest.firstIndex(of: .special(UInt8(ascii: ":"))),
            rest[..<colon].allSatisfy({
                switch $0 {
                case .atom, .special(UInt8(ascii: ".")), .special(UInt8(ascii: "@")), .special(UInt8(ascii: ",")): true
                case .special, .quotedString, .domainLiteral: false
                }
            })
        else { throw .unreadableFrom("an address begins with \"@\"") }
        rest = rest[(colon + 1)...]
    }

    // addr-spec = local-part "@" domain
    private mutating func domain(afterLocalPart words: ArraySlice<Token>) throws(DKIMUnsignable) -> ArraySlice<UInt8> {
        guard !words.isEmpty else { throw .unreadableFrom("an address has no local-part") }
        // Dots where they do not belong are seen in the wild; two words beside each other could be a name and an address.
        for (left, right) in zip(words, words.dropFirst()) where left != Self.dot && right != Self.dot {
            throw .unreadableFrom("the local-part of an address has blanks in it")
        }
        guard rest.popFirst() == .special(UInt8(ascii: "@")) else {
            throw .unreadableFrom("an address has no \"@\"")
        }
        if rest.first == .domainLiteral { throw .unreadableFrom("an address has a domain literal for a domain") }
        var domain: [UInt8] = []
        while case .atom(let label)? = rest.first {
            domain += label
            rest.removeFirst()
            guard rest.first == Self.dot else { break }
            domain.append(UInt8(ascii: "."))
            rest.removeFirst()
        }
        guard let last = domain.last, last != UInt8(ascii: "."), domain.count <= DomainName.lengthLimit * 4,
            domain.allSatisfy({ $0 >= 0x80 || ASCII.isAlphanumeric($0) || "-_.".utf8.contains($0) }),
            String(validating: domain, as: UTF8.self) != nil
        else { throw .unreadableFrom("an address has no domain that can be read") }
        return domain[...]
    }

    private static let dot = Token.special(UInt8(ascii: "."))
}
