import Testing

@testable import Mail

/// Cases that name a domain and say what hosts it has: the zone is written from what they say.
enum CorpusDestinations {
    /// Longer than any chain that is followed.
    private static let chain = (1...20).map { ("cnamelimit\($0).example CNAME", "cnamelimit\($0 + 1).example") }

    private static func zone() -> DNSView {
        var view: DNSView = [
            "basic.example MX": .secure("10 mail.basic.example"), "mail.basic.example A": .secure("10.0.0.1"),
            "multimx.example MX": .secure("10 mail1.multimx.example", "10 mail2.multimx.example"),
            "mail1.multimx.example A": .secure("10.0.0.1"), "mail2.multimx.example A": .secure("10.0.0.2"),
            "justhost.example A": .secure("10.0.0.1"), "justhost6.example AAAA": .secure("2001:db8::1"),
            "cname.example CNAME": .secure("basic.example"),
            "absent.example MX": .noSuchName(.secure), "absent.example A": .noSuchName(.secure),
            "absent.example AAAA": .noSuchName(.secure), "danglingcname.example CNAME": .secure("absent.example"),
            "cnameloop.example CNAME": .secure("cnameloop2.example"),
            "cnameloop2.example CNAME": .secure("cnameloop.example"),
            "nullmx.example MX": .secure("0 ."), "temperror-mx.example MX": .servfail,
            "temperror-cname.example CNAME": .servfail,
        ]
        for (name, target) in chain { view[name] = .secure(target) }
        return view
    }

    /// `isDifferent`: our answer is the one that `CorpusTests.differences` says, and not the source's.
    static func isAsExpected(_ domain: String, _ json: JSONValue, isDifferent: Bool) throws -> Bool {
        if domain == "[10.0.0.1]" {
            let (facts, asked) = searchRoute(NextHop(.literal(.v4(0x0A00_0001))), [:])
            return asked.isEmpty && facts?.hosts.map { "\($0.host)" } == ["[10.0.0.1]"]
        }
        let facts = try #require(searchRoute(NextHop(.domain(domainName(domain))), zone()).facts)
        let found = facts.hosts.map { "\($0.host)" }.sorted()
        let obstacle = facts.obstacle?.cause
        switch (json["expected"]?["error"]?.text, isDifferent) {
        case ("permanent: CNAME limit"?, true), ("permanent: CNAME loop"?, true):
            return obstacle == .dnsTemporary
        case (nil, true):
            return obstacle == .noSuchDomain
        case ("permanent: null MX (RFC 7505)"?, false):
            return obstacle == .nullMX && obstacle?.isPermanent == true
        case ("temporary: DNS error"?, false):
            return obstacle == .dnsTemporary && obstacle?.isPermanent == false
        case (nil, false):
            guard let words = json["expected"]?["hosts"]?.text, facts.mx.security == .secure else { return false }
            let isImplicit = words.contains("implicit MX")
            let named = words.split(separator: " ").first?.split(separator: "+").map(String.init) ?? []
            // "mail1+mail2.multimx.example"
            let suffix = named.count > 1 ? "." + named[1].split(separator: ".").dropFirst().joined(separator: ".") : ""
            let expected = named.map { $0.contains(".") ? $0 : $0 + suffix }
            let isFound = facts.hosts.allSatisfy { $0.addresses.lookup == .found && $0.addresses.security == .secure }
            return found == expected && isFound && (facts.mx.lookup == .implicit) == isImplicit
                && (facts.mx.expandedDomain != nil) == words.contains("via CNAME")
        default:
            return false
        }
    }
}
