@testable import Mail

/// DNS as a literal: `["example.com MX": .secure("10 mx.example.com")]`. Aliases are followed as the resolver would.
struct DNSView: ExpressibleByDictionaryLiteral, Sendable {
    enum Entry: Sendable {
        case secure([String])
        case insecure([String])
        /// NODATA and NXDOMAIN.
        case none(Security)
        case noSuchName(Security)
        case bogus
        case failing(String)

        static func secure(_ records: String...) -> Entry { .secure(records) }
        static func insecure(_ records: String...) -> Entry { .insecure(records) }
        static let servfail = Entry.failing("SERVFAIL")
    }

    private var entries: [String: Entry] = [:]
    /// TTL of each answer, by the same key; 3600 where none is said.
    var timesToLive: [String: UInt32] = [:]

    init(dictionaryLiteral elements: (String, Entry)...) {
        for (key, entry) in elements { entries[key] = entry }
    }

    subscript(key: String) -> Entry? {
        get { entries[key] }
        set { entries[key] = newValue }
    }

    func merging(_ other: DNSView) -> DNSView {
        var view = self
        view.entries.merge(other.entries) { $1 }
        return view
    }

    /// Links of one alias chain that the resolver follows.
    private static let chainLimit = 8

    func answer(_ question: Question) -> Answer {
        var name = question.name
        var isSecure = true
        for _ in 0...Self.chainLimit {
            let key = "\(name) \(word(question.type))"
            let alias = question.type == .cname ? nil : entries["\(name) CNAME"]
            if entries[key] == nil, let alias {
                switch alias {
                case .secure(let target), .insecure(let target):
                    if case .insecure = alias { isSecure = false }
                    guard let next = target.first.flatMap({ try? DomainName($0) }) else { break }
                    name = next
                    continue
                case .bogus: return Answer(question, .failed("bogus alias"), .bogus)
                case .failing(let words): return Answer(question, .failed(words), .failed)
                case .none, .noSuchName: break
                }
            }
            return final(question, key, name, isSecure)
        }
        return Answer(question, .failed("alias chain too long"), .failed)
    }

    private func final(_ question: Question, _ key: String, _ name: DomainName, _ isSecure: Bool) -> Answer {
        let ttl = timesToLive[key] ?? 3600
        func answer(_ result: Answer.Result, _ security: Security) -> Answer {
            let weakest = security == .secure && !isSecure ? Security.insecure : security
            return Answer(question, result, weakest, canonicalName: name, timeToLive: ttl)
        }
        switch entries[key] ?? .none(neighbours(name)) {
        case .secure(let records): return answer(.records(records.map { rdata(question.type, $0) }), .secure)
        case .insecure(let records): return answer(.records(records.map { rdata(question.type, $0) }), .insecure)
        case .none(let security): return answer(.noData, security)
        case .noSuchName(let security): return answer(.noSuchName, security)
        case .bogus: return answer(.failed("signature expired"), .bogus)
        case .failing(let words): return answer(.failed(words), .failed)
        }
    }

    /// What is not in the view is not in the zone, and the denial is as secure as the zone.
    private func neighbours(_ name: DomainName) -> Security {
        let isInsecure = entries.contains { key, entry in
            if case .insecure = entry { key.hasPrefix("\(name) ") } else { false }
        }
        return isInsecure ? .insecure : .secure
    }

    private func word(_ type: RecordType) -> String {
        switch type {
        case .a: "A"
        case .aaaa: "AAAA"
        case .mx: "MX"
        case .tlsa: "TLSA"
        case .cname: "CNAME"
        default: "\(type)"
        }
    }
}

/// RDATA from a few easy presentation forms. `hex:` gives the octets themselves.
func rdata(_ type: RecordType, _ text: String) -> [UInt8] {
    if text.hasPrefix("hex:") { return hexOctets(text.dropFirst(4)) }
    switch type {
    case .a:
        return text.split(separator: ".").compactMap { UInt8($0) }
    case .aaaa:
        // Only 2001:db8::N and ::N
        let tail = UInt8(text.split(separator: ":").last ?? "0", radix: 16) ?? 0
        let head: [UInt8] = text.hasPrefix("2001:db8::") ? [0x20, 0x01, 0x0d, 0xb8] : [0, 0, 0, 0]
        return head + [UInt8](repeating: 0, count: 11) + [tail]
    case .mx:
        let fields = text.split(separator: " ")
        let preference = UInt16(fields[0]) ?? 0
        return [UInt8(preference >> 8), UInt8(truncatingIfNeeded: preference)] + wireName(String(fields[1]))
    case .tlsa:
        guard let record = try? TLSARecord(parsing: text) else { return [] }
        return [record.usage, record.selector, record.matchingType] + record.data
    default:
        return wireName(text)
    }
}

func wireName(_ name: String) -> [UInt8] {
    name.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
}

func hexOctets(_ hexadecimal: some StringProtocol) -> [UInt8] {
    var digits = hexadecimal.filter { !$0.isWhitespace }.map { UInt8(String($0), radix: 16) ?? 0 }[...]
    var octets: [UInt8] = []
    while let high = digits.popFirst(), let low = digits.popFirst() { octets.append(high << 4 | low) }
    return octets
}

func domainName(_ text: String) -> DomainName {
    guard let name = try? DomainName(text) else { return domainName("bad-name-in-test.invalid") }
    return name
}

/// A usable `3 1 1` whose digest is 32 times `octet`.
func tlsaText(_ prefix: String, _ octet: String = "ab", count: Int = 32) -> String {
    "\(prefix) \(String(repeating: octet, count: count))"
}

/// Runs a search to its end, answering in the order asked, or in the reverse order.
func searchRoute(
    _ nextHop: NextHop, _ view: DNSView, _ settings: RouteSettings = RouteSettings(), reversed: Bool = false
) -> (facts: DestinationFacts?, asked: [String]) {
    var search = RouteSearch(for: nextHop, settings: settings)
    var open = search.start()
    var asked: [String] = []
    while let question = reversed ? open.popLast() : (open.isEmpty ? nil : open.removeFirst()) {
        asked.append("\(question.name) \(String(describing: question.type).uppercased())")
        open += search.handle(view.answer(question))
    }
    return (search.result, asked)
}
