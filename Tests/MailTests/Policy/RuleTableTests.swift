import Testing

@testable import Mail

@Suite("Rule table")
struct RuleTableTests {
    /// `example.org`, `*.example.org`, `*`, `[192.0.2.1]`.
    static func pattern(_ text: String) throws -> RulePattern {
        if text == "*" { return .any }
        if text.hasPrefix("*.") { return .below(try DomainName(text.dropFirst(2))) }
        if text.hasPrefix("[") { return .address(try #require(IPAddress(text.dropFirst().dropLast()))) }
        return .exactly(try DomainName(text))
    }

    static func host(_ text: String) throws -> MXHost {
        if text.hasPrefix("[") { return .address(try #require(IPAddress(text.dropFirst().dropLast()))) }
        return text.contains("\\") ? .unreadable(text) : .name(try DomainName(text))
    }

    /// A rule that says its own name as its level's label: `destination`, `destination @host`, `@host`.
    static func rule(_ text: String) throws -> Rule {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
            .map { $0.trimmingPrefix(" ").split(separator: " ").first.map(String.init) ?? "" }
        var settings = HostRule(labels: [text])
        settings.demand = HostRule.Demand(level: .encrypted, label: text)
        return Rule(
            destination: parts[0].isEmpty ? nil : try pattern(parts[0]),
            host: parts.count < 2 ? nil : try pattern(parts[1]), settings: settings)
    }

    struct Precedence: Sendable {
        let destination: String?
        let host: String
        /// All that match, most specific first.
        let expected: [String]
        let reason: String
    }

    static let rules = [
        "*", "*.example", "*.a.example", "a.example", "b.a.example", "@mx.a.example", "@*.a.example", "@*",
        "a.example @mx.a.example", "*.example @mx.a.example", "a.example @*.a.example", "@[192.0.2.1]",
        "a.example @[2001:db8::1]", "xn--bcher-kva.example",
    ]

    static let precedences = [
        Precedence(
            destination: "a.example", host: "mx.other.test",
            expected: ["@*", "a.example", "*.example", "*"], reason: "any host rule before a destination's"),
        Precedence(
            destination: "a.example", host: "mx.a.example",
            expected: [
                "a.example @mx.a.example", "*.example @mx.a.example", "@mx.a.example", "a.example @*.a.example",
                "@*.a.example", "@*", "a.example", "*.example", "*",
            ], reason: "host first, exact before wildcard, then destination"),
        Precedence(
            destination: "c.b.a.example", host: "x.test", expected: ["@*", "*.a.example", "*.example", "*"],
            reason: "wildcards stand for any depth, the longer first"),
        Precedence(
            destination: "b.a.example", host: "x.test",
            expected: ["@*", "b.a.example", "*.a.example", "*.example", "*"], reason: "exact before wildcard"),
        Precedence(
            destination: "example", host: "x.test", expected: ["@*", "*"], reason: "*.example is not example"),
        Precedence(
            destination: "xa.example", host: "xa.example", expected: ["@*", "*.example", "*"],
            reason: "a wildcard ends at a dot: xa.example is not below a.example"),
        Precedence(
            destination: "other.test", host: "y.mx.a.example", expected: ["@*.a.example", "@*", "*"],
            reason: "below the exact host"),
        Precedence(
            destination: nil, host: "[192.0.2.1]", expected: ["@[192.0.2.1]", "@*", "*"],
            reason: "an address literal has no destination, and * is for it too"),
        Precedence(
            destination: nil, host: "[192.0.2.2]", expected: ["@*", "*"], reason: "another address"),
        Precedence(
            destination: "a.example", host: "[2001:db8::1]",
            expected: ["a.example @[2001:db8::1]", "@*", "a.example", "*.example", "*"], reason: "both must match"),
        Precedence(
            destination: "a.example", host: "\\000", expected: ["@*", "a.example", "*.example", "*"],
            reason: "an unreadable host has no name"),
        Precedence(
            destination: "XN--BCHER-KVA.Example", host: "x.test",
            expected: ["@*", "xn--bcher-kva.example", "*.example", "*"], reason: "A-labels, any case"),
    ]

    @Test("the log names rules by what they are for: the key says that they are rules")
    func inLog() {
        #expect(HostRule().inLog == nil)
        #expect(HostRule(labels: ["rule \"*\""]).inLog == "*")
        var rule = HostRule(labels: [
            "rule \"example.org\" mx \"*.example.net\"", "rule mx \"[192.0.2.1]\"", "rule \"*\"",
        ])
        rule.words = "their \"own\" CA"
        #expect(rule.inLog == "example.org mx *.example.net, mx [192.0.2.1], * (their \"own\" CA)")
    }

    @Test("precedence", arguments: precedences, [false, true])
    func precedence(test: Precedence, isReversed: Bool) throws {
        // The order in the file never counts.
        let texts = isReversed ? Self.rules.reversed() : Self.rules
        let table = RuleTable(try texts.map(Self.rule))
        let settings = table.settings(
            destination: try test.destination.map { try DomainName($0) }, host: try Self.host(test.host))
        #expect(settings.labels == test.expected, "\(test.reason)")
        #expect(settings.demand?.label == test.expected.first)
    }

    @Test("merge: key by key, and the keys of the demand together")
    func merge() throws {
        var any = HostRule(labels: ["any"])
        any.demand = .init(level: .authenticated, proofs: [.pkix], names: [try DomainName("n.test")], label: "any")
        any.minimumVersion = .tls13
        any.sourceIPv4 = .v4(1)
        any.dane = .observe
        any.words = "all"
        var domain = HostRule(labels: ["domain"])
        domain.demand = .init(level: .encrypted, label: "domain")
        domain.requireTLS = true
        domain.dane = .on
        domain.mtaSTS = .off
        var host = HostRule(labels: ["host"])
        host.minimumVersion = .tls12
        host.clientIdentity = ClientIdentity(certificateFile: "/c", keyFile: "/k")
        host.requireTLS = false
        host.honoursOptionalTLS = true
        host.sourceIPv6 = .v6(high: 0, low: 2)
        let table = RuleTable([
            Rule(destination: .any, host: nil, settings: any),
            Rule(destination: nil, host: try Self.pattern("mx.a.example"), settings: host),
            Rule(destination: try Self.pattern("a.example"), host: nil, settings: domain),
        ])
        var expected = HostRule(labels: ["host", "domain", "any"])
        expected.demand = .init(level: .encrypted, label: "domain")
        expected.minimumVersion = .tls12
        expected.clientIdentity = ClientIdentity(certificateFile: "/c", keyFile: "/k")
        expected.sourceIPv4 = .v4(1)
        expected.sourceIPv6 = .v6(high: 0, low: 2)
        expected.requireTLS = false
        expected.honoursOptionalTLS = true
        expected.dane = .on
        expected.mtaSTS = .off
        expected.words = "all"
        let found = table.settings(destination: try DomainName("a.example"), host: try Self.host("mx.a.example"))
        // INT-17: each value with the rule that set it, and that rule's own words.
        let origins: [HostRule.Key: String] = [
            .demand: "domain", .minimumVersion: "host", .requireTLS: "host", .honoursOptionalTLS: "host",
            .dane: "domain", .mtaSTS: "domain",
        ]
        for key in HostRule.Key.allCases { #expect(found.origin(of: key).description == origins[key]) }
        #expect(found.withoutOrigins == expected)
        let alone = table.settings(destination: nil, host: .address(.v4(7)))
        #expect(alone.origin(of: .dane).description == "any (all)")
        #expect(alone.withoutOrigins == any)
    }

    @Test("a table without rules, and a rule for nothing")
    func empty() throws {
        let nothing = Rule(destination: nil, host: nil, settings: HostRule(labels: ["x"]))
        for table in [RuleTable(), RuleTable([nothing])] {
            #expect(table.settings(destination: try DomainName("a.test"), host: .address(.v4(1))) == HostRule())
            #expect(table.route(for: try DomainName("a.test")) == nil)
        }
    }

    @Test(
        "MX-17 routes: the most specific destination wins; hosts have no say",
        arguments: [
            ("a.example", "exact"), ("x.a.example", "below a"), ("y.x.a.example", "below a"), ("b.example", "below"),
            ("example", "any"), ("z.test", "any"), ("quiet.example", "below"),
        ])
    func routes(domain: String, expected: String) throws {
        func route(_ pattern: String, _ label: String) throws -> Rule {
            let hop = NextHop(.host(try DomainName("r.test")), isConfigured: true)
            return Rule(
                destination: try Self.pattern(pattern), host: nil, settings: HostRule(),
                route: Route(nextHop: hop, label: label))
        }
        let table = RuleTable([
            try route("*", "any"), try route("*.example", "below"), try route("*.a.example", "below a"),
            try route("a.example", "exact"), try Self.rule("quiet.example"), try Self.rule("a.example @mx.test"),
        ])
        #expect(table.route(for: try DomainName(domain))?.label == expected)
        #expect(table.route(for: MailDomain.name(try DomainName(domain)))?.label == expected)
        #expect(table.route(for: MailDomain.literal(.v4(1)))?.label == "any")
    }

    @Test("tables are equal where their rules are, in any order")
    func equality() throws {
        let (one, two) = (try Self.rule("a.test"), try Self.rule("b.test @mx"))
        #expect(RuleTable([one, two]) == RuleTable([two, one]))
        #expect(RuleTable([one, two]).hashValue == RuleTable([two, one]).hashValue)
        #expect(RuleTable([one]) != RuleTable([two]))
    }

    // MARK: The index against a scan

    /// What ``RuleTable/settings(destination:host:)`` means, without an index.
    static func scan(_ table: RuleTable, destination: DomainName?, host: MXHost) -> HostRule {
        var merged = HostRule()
        for rule in table.rules where rule.destination != nil || rule.host != nil {
            if let pattern = rule.destination {
                guard destination.map(pattern.matches) ?? (pattern == .any) else { continue }
            }
            if let pattern = rule.host {
                switch host {
                case .name(let name): guard pattern.matches(name) else { continue }
                case .address(let address): guard pattern == .any || pattern == .address(address) else { continue }
                case .unreadable: guard pattern == .any else { continue }
                }
            }
            merged.fill(from: rule.settings)
        }
        return merged
    }

    @Test("the index gives what a scan of all rules gives", arguments: 0..<40 as Range<UInt64>)
    func property(seed: UInt64) throws {
        var dice = SplitMix(seed: seed)
        // Few labels, so that much matches.
        func name() throws -> String {
            (0...Int.random(in: 0..<4, using: &dice)).map { _ in ["a", "b", "ab"].randomElement(using: &dice) ?? "a" }
                .joined(separator: ".")
        }
        func pattern(addresses: Bool) throws -> String? {
            switch Int.random(in: 0..<8, using: &dice) {
            case 0: nil
            case 1: "*"
            case 2, 3, 4: "*." + (try name())
            case 5 where addresses: "[192.0.2.\(Int.random(in: 1...3, using: &dice))]"
            default: try name()
            }
        }
        var rules: [Rule] = []
        for number in 0..<Int.random(in: 1..<60, using: &dice) {
            var settings = HostRule(labels: ["\(number)"])
            if Bool.random(using: &dice) { settings.demand = .init(level: .encrypted, label: "\(number)") }
            if Bool.random(using: &dice) { settings.requireTLS = Bool.random(using: &dice) }
            rules.append(
                Rule(
                    destination: try pattern(addresses: false).map(Self.pattern),
                    host: try pattern(addresses: true).map(Self.pattern), settings: settings))
        }
        let table = RuleTable(rules)
        for _ in 0..<50 {
            let destination = Int.random(in: 0..<6, using: &dice) == 0 ? nil : try DomainName(try name())
            let host: MXHost =
                Int.random(in: 0..<5, using: &dice) == 0
                ? .address(.v4(0xC000_0200 + UInt32.random(in: 1...4, using: &dice))) : try Self.host(try name())
            let found = table.settings(destination: destination, host: host)
            let scanned = Self.scan(table, destination: destination, host: host)
            let place = "\(String(describing: destination)) \(host)"
            #expect(found.withoutOrigins == scanned.withoutOrigins, "\(place)")
            for key in HostRule.Key.allCases {
                #expect(found.origin(of: key) == scanned.origin(of: key), "\(place), \(key)")
            }
        }
    }

    @Test("ten thousand rules: found among all, and without looking at all")
    func many() throws {
        let rules = try (0..<RuleTable.limit).map { number in
            let parity = number % 3
            let name = "d\(number).part\(number % 50).example"
            return try Self.rule(parity == 0 ? name : parity == 1 ? "*.\(name)" : "@mx.\(name)")
        }
        let table = RuleTable(rules + [try Self.rule("*")])
        let clock = ContinuousClock()
        var found = 0
        let time = try clock.measure {
            for number in 0..<2000 {
                let name = "d\(number).part\(number % 50).example"
                let labels = table.settings(
                    destination: try DomainName(number % 3 == 1 ? "deep.sub.\(name)" : name),
                    host: try Self.host("mx.\(name)")
                ).labels
                if labels.count == 2, labels.last == "*" { found += 1 }
            }
        }
        #expect(found == 2000)
        // A scan takes 2000 x 10,000 comparisons: well over this even in a release build. The index takes some 10 ms.
        #expect(time < .seconds(2))
    }
}
