import DNS
import Foundation
import Mail
import Testing

@testable import Relay

@Suite("Configuration of rules")
struct ConfigurationRuleTests {
    static func parse(_ text: String) throws -> Configuration {
        try Configuration.parse(text: text, file: "f")
    }

    /// The one rule of a text that begins with `[[rule]]` and a destination.
    static func rule(_ lines: String, for destination: String = "example.org") throws -> Configuration.WrittenRule {
        let rules = try parse("[[rule]]\ndestination = \"\(destination)\"\n\(lines)\n").rules
        return try #require(rules.count == 1 ? rules.first : nil)
    }

    static let digest = String(repeating: "0f", count: 32)

    @Test("every key reads its own example, and spells it back")
    func examples() throws {
        for key in RuleKeys.all {
            guard case .table(let entries) = try TOMLNode.parse("x = \(key.example)"), let entry = entries.first else {
                Issue.record("\(key.path)")
                continue
            }
            var rule = Configuration.WrittenRule()
            #expect(key.spell(rule) == "" || key.spell(rule) == "[]", "\(key.path)")
            try key.read(entry.value, &rule)
            #expect(rule != Configuration.WrittenRule(), "\(key.path)")
            #expect(key.spell(rule) == key.example, "\(key.path)")
        }
    }

    @Test("all keys of one rule")
    func allKeys() throws {
        let rule = try Self.rule(
            """
            mx = "*.mail.example.net"
            reason = "so it is"
            level = "authenticated"
            by = ["pkix", "fingerprint", "dane", "mta-sts"]
            names = ["mail.example.org", "BÜCHER.example"]
            ca_file = "/ca.pem"
            fingerprints = ["certificate:\(Self.digest)", "public-key:\(Self.digest)"]
            minimum_version = "1.3"
            client_certificate = "/c.pem"
            client_key = "/k.pem"
            source_ipv4 = "192.0.2.9"
            source_ipv6 = "2001:db8::9"
            requiretls = true
            tls_required_no = "honour"
            dane = "observe"
            mta_sts = "on"
            """)
        var expected = Configuration.WrittenRule()
        expected.destination = .exactly(try DomainName("example.org"))
        expected.mx = .below(try DomainName("mail.example.net"))
        expected.reason = "so it is"
        expected.level = .authenticated
        expected.by = [.pkix, .fingerprint, .dane, .mtaSTS]
        expected.names = [try DomainName("mail.example.org"), try DomainName("xn--bcher-kva.example")]
        expected.caFile = "/ca.pem"
        let octets = [UInt8](repeating: 0x0F, count: 32)
        expected.fingerprints = [.certificate(octets), .publicKey(octets)]
        expected.minimumVersion = .tls13
        expected.clientCertificate = "/c.pem"
        expected.clientKey = "/k.pem"
        expected.sourceIPv4 = .v4(0xC000_0209)
        expected.sourceIPv6 = .v6(high: 0x2001_0DB8_0000_0000, low: 9)
        expected.requireTLS = true
        expected.tlsRequiredNo = .honour
        expected.dane = .observe
        expected.mtaSTS = .on
        #expect(rule == expected)

        var settings = HostRule(labels: ["rule \"example.org\" mx \"*.mail.example.net\""])
        settings.demand = HostRule.Demand(
            level: .authenticated, proofs: expected.by, names: expected.names, trust: .file("/ca.pem"),
            fingerprints: expected.fingerprints, label: settings.labels[0])
        settings.minimumVersion = .tls13
        settings.clientIdentity = ClientIdentity(certificateFile: "/c.pem", keyFile: "/k.pem")
        settings.sourceIPv4 = expected.sourceIPv4
        settings.sourceIPv6 = expected.sourceIPv6
        settings.requireTLS = true
        settings.honoursOptionalTLS = true
        settings.dane = .observe
        settings.mtaSTS = .on
        settings.words = "so it is"
        #expect(rule.settings == settings)
    }

    @Test(
        "patterns",
        arguments: [
            ("*", "*"), ("example.org", "example.org"), ("Example.ORG.", "example.org"),
            ("*.example.org", "*.example.org"), ("*.Bücher.example", "*.xn--bcher-kva.example"),
            ("bücher.example", "xn--bcher-kva.example"), ("org", "org"), ("*.org", "*.org"),
            ("\(String(repeating: "a", count: 63)).example", "\(String(repeating: "a", count: 63)).example"),
        ])
    func patterns(text: String, expected: String) throws {
        #expect(try Self.parse("[[rule]]\ndestination = \"\(text)\"").rules[0].destination?.description == expected)
        #expect(try Self.parse("[[rule]]\nmx = \"\(text)\"").rules[0].mx?.description == expected)
    }

    @Test(
        "MX-17 forms of next_hop, and the port",
        arguments: [
            ("relay.example.net", "relay.example.net", 25), ("relay.example.net:587", "relay.example.net", 587),
            ("[relay.example.net]", "[relay.example.net]", 25), ("[relay.example.net]:465", "[relay.example.net]", 465),
            ("[192.0.2.1]:26", "[192.0.2.1]", 26), ("[IPv6:2001:db8::1]:26", "[2001:db8::1]", 26),
            ("[2001:db8::1]", "[2001:db8::1]", 25), ("[ipv6:2001:db8::1]", "[2001:db8::1]", 25),
            ("bücher.example:65535", "xn--bcher-kva.example", 65_535),
            ("[Bücher.example]:1", "[xn--bcher-kva.example]", 1),
        ])
    func nextHops(text: String, target: String, port: UInt16) throws {
        let configuration = try Self.parse("[[rule]]\ndestination = \"*\"\nnext_hop = \"\(text)\"")
        let route = try #require(configuration.ruleTable.route(for: try DomainName("a.test")))
        #expect(NextHop(route.nextHop.target).description == target)
        #expect(route.nextHop.port == port)
        #expect(route.nextHop.isConfigured && !route.implicitTLS && route.credentialsFile == nil)
        #expect(route.label == "rule \"*\"")
        // What is spelled reads back.
        let written = try #require(configuration.rules[0].nextHop)
        #expect(try Configuration.WrittenNextHop(parsing: written.description) == written)
    }

    @Test(
        "the port of a next hop: its own, else 465 for implicit TLS, else delivery.port",
        arguments: [
            ("next_hop = \"r.test\"", 2525), ("next_hop = \"r.test:26\"", 26),
            ("next_hop = \"r.test\"\nimplicit_tls = true", 465), ("next_hop = \"r.test:26\"\nimplicit_tls = true", 26),
            ("next_hop = \"r.test\"\nimplicit_tls = false", 2525),
        ] as [(String, UInt16)])
    func ports(lines: String, expected: UInt16) throws {
        let text = "[delivery]\nport = 2525\n[[rule]]\ndestination = \"a.test\"\n\(lines)"
        let route = try #require(try Self.parse(text).ruleTable.route(for: try DomainName("a.test")))
        #expect(route.nextHop.port == expected)
        #expect(route.implicitTLS == lines.contains("true"))
    }

    @Test("MX-17 STS-01 keys beside next_hop are for the next hop, not for the domain")
    func nextHopSettings() throws {
        let table = try Self.parse(
            """
            [[rule]]
            destination = "*"
            next_hop = "relay.example.net"
            level = "encrypted"
            reason = "leased line"
            credentials = "/p"
            [[rule]]
            destination = "a.test"
            next_hop = "[192.0.2.1]"
            level = "encrypted"
            [[rule]]
            destination = "b.test"
            next_hop = "relay.example.net:26"
            level = "encrypted"
            """
        ).ruleTable
        let relay = try DomainName("relay.example.net")
        let settings = table.settings(destination: relay, host: .name(try DomainName("mx.relay.example.net")))
        #expect(settings.demand == HostRule.Demand(level: .encrypted, label: "rule \"*\""))
        #expect(settings.labels == ["rule \"*\""])
        #expect(settings.words == "leased line")
        #expect(table.settings(destination: nil, host: .address(.v4(0xC000_0201))).labels == ["rule \"a.test\""])
        let elsewhere = try DomainName("z.test")
        #expect(table.settings(destination: elsewhere, host: .name(elsewhere)) == HostRule())
        let route = try #require(table.route(for: elsewhere))
        #expect(route.label == "rule \"*\" (leased line)")
        #expect(route.credentialsFile == "/p")
        #expect(table.route(for: try DomainName("a.test"))?.nextHop.target == .address(.v4(0xC000_0201)))
        #expect(table.route(for: try DomainName("b.test"))?.nextHop.port == 26)
        // Three routes, and two ways in which next hops are met: the same demand twice is one rule.
        #expect(table.rules.count == 5)
    }

    @Test("the same demands in a rule with next_hop and in one for the next hop agree")
    func agreement() throws {
        let table = try Self.parse(
            """
            [[rule]]
            destination = "a.test"
            next_hop = "r.test"
            level = "encrypted"
            [[rule]]
            destination = "r.test"
            level = "encrypted"
            """
        ).ruleTable
        #expect(
            table.settings(destination: try DomainName("r.test"), host: .address(.v4(1))).demand?.level == .encrypted)
    }

    @Test("rules as inline tables")
    func inline() throws {
        let configuration = try Self.parse("rule = [{ destination = \"a.test\" }, { mx = \"*\", level = \"none\" }]")
        #expect(configuration.rules.map(\.label) == ["rule \"a.test\"", "rule mx \"*\""])
    }

    @Test("each worked example is right, warns of what it should, and stands in the sample")
    func workedExamples() throws {
        #expect(RuleExample.all.count >= 5)
        let sample = try ConfigurationTests.committed("conf/relayd.toml")
        // Behind the sections, which have examples of their own.
        let start = try #require(sample.range(of: "# Each [[rule]] names"))
        let lines = sample[start.lowerBound...].split(separator: "\n").filter { $0.hasPrefix("#   ") }
            .map { $0.dropFirst(4) }
        var rules = 0
        for example in RuleExample.all {
            let configuration = try Self.parse(example.text)
            rules += configuration.rules.count
            #expect(!configuration.rules.isEmpty)
            #expect(
                configuration.ruleWarnings().allSatisfy {
                    $0.problem.contains("holds back") || $0.problem.contains("lowers")
                },
                "\(example.title)")
            for line in example.text.split(separator: "\n") { #expect(lines.contains(line), "\(line)") }
        }
        // As they stand in the sample, uncommented.
        let texts = lines.split(whereSeparator: { $0 == "[[rule]]" })
        #expect(texts.count == rules)
        for text in texts { _ = try Self.parse("[[rule]]\n" + text.joined(separator: "\n")) }
    }

    @Test("ten thousand rules, and one more")
    func many() throws {
        func text(_ count: Int) -> String {
            (0..<count).map { "[[rule]]\ndestination = \"d\($0).example\"\nlevel = \"encrypted\"\n" }.joined()
        }
        let configuration = try Self.parse(text(RuleTable.limit))
        #expect(configuration.rules.count == RuleTable.limit)
        let name = try DomainName("d9999.example")
        #expect(configuration.ruleTable.settings(destination: name, host: .name(name)).demand?.level == .encrypted)
        #expect(configuration.ruleWarnings().count == Configuration.ruleWarningLimit + 1)
        #expect(
            configuration.ruleWarnings().last?.description == "f: rule: 9980 more rules hold reports back.")
        #expect(
            ConfigurationTests.faults(text(RuleTable.limit + 1)) == [
                "f:30001:3: rule[10000]: there are 10001 rules, more than 10000. Join rules by wildcards: \"*.example.org\"."
            ])
    }
}

@Suite("Configuration of the policy engine")
struct ConfigurationPolicyTests {
    @Test("defaults")
    func defaults() {
        let settings = PolicySettings(Configuration())
        #expect(settings == PolicySettings())
        #expect(settings.rules.rules.isEmpty)
        #expect(STSSettings(Configuration()) == STSSettings())
        let configuration = Configuration()
        #expect(configuration.sts.enabled && configuration.sts.fetches == 64)
        #expect(configuration.sts.firstWait == .seconds(60) && configuration.sts.fetchTimeout == .seconds(60))
        #expect(configuration.tls.opportunisticMinimumVersion == .tls12)
    }

    @Test("values reach the settings")
    func values() throws {
        let configuration = try Configuration.parse(
            text: """
                [tls]
                ca_file = "/ca.pem"
                minimum_level = "encrypted"
                minimum_version = "1.3"
                opportunistic_minimum_version = "1.0"
                [dane]
                insecure_mx = false
                digests = ["sha256", "sha512"]
                when_both = "both"
                [sts]
                enabled = false
                first_wait = "5s"
                fetch_timeout = "30s"
                fetches = 8
                refresh = "12h"
                forget_after = "90d"
                testing_validates_requiretls = true
                [[rule]]
                destination = "example.org"
                level = "none"
                """, file: "f")
        let rules = configuration.ruleTable
        #expect(rules.rules.count == 1)
        #expect(
            PolicySettings(configuration)
                == PolicySettings(
                    daneForInsecureMX: false, digestOrder: DigestOrder([1, 2]), rules: rules, minimumLevel: .encrypted,
                    minimumVersion: .tls13, opportunisticMinimumVersion: .tls10, trust: .file("/ca.pem"),
                    demandsBoth: true, testingValidatesRequireTLS: true))
        #expect(STSSettings(configuration) == STSSettings(refresh: 43_200, forgetAfter: 90 * 86_400))
        #expect(configuration.tls.opportunisticMinimumVersion == .tls10)
        #expect(!configuration.sts.enabled && configuration.sts.fetches == 8)
        #expect(configuration.sts.firstWait == .seconds(5) && configuration.sts.fetchTimeout == .seconds(30))
    }

    @Test(
        "DANE-44 digests: those named, in order",
        arguments: [(["sha512"], [2]), (["sha256"], [1])] as [([String], [UInt8])])
    func digests(words: [String], expected: [UInt8]) throws {
        let text = "[dane]\ndigests = [\(words.map { "\"\($0)\"" }.joined(separator: ", "))]"
        #expect(try Configuration.parse(text: text, file: "f").dane.digestOrder == DigestOrder(expected))
    }

    @Test(
        "ranges: at the limit, and one past it",
        arguments: [
            ("sts.first_wait = \"1s\"", true), ("sts.first_wait = \"999ms\"", false),
            ("sts.first_wait = \"10m\"", true), ("sts.first_wait = \"10m1ms\"", false),
            ("sts.fetch_timeout = \"1s\"", true), ("sts.fetch_timeout = \"999ms\"", false),
            ("sts.fetch_timeout = \"10m\"", true), ("sts.fetch_timeout = \"10m1ms\"", false),
            ("sts.fetches = 1", true), ("sts.fetches = 0", false), ("sts.fetches = 1000", true),
            ("sts.fetches = 1001", false), ("sts.refresh = \"1h\"", true), ("sts.refresh = \"59m\"", false),
            ("sts.refresh = \"7d\"", true), ("sts.refresh = \"7d1ms\"", false), ("sts.forget_after = \"1d\"", true),
            ("sts.forget_after = \"23h\"", false), ("sts.forget_after = \"366d\"", true),
            ("sts.forget_after = \"366d1ms\"", false), ("sts.enabled = 1", false),
            ("sts.testing_validates_requiretls = \"no\"", false),
            ("tls.opportunistic_minimum_version = \"1.0\"", true),
            ("tls.opportunistic_minimum_version = \"1.1\"", true),
            ("tls.opportunistic_minimum_version = \"0.9\"", false), ("tls.minimum_level = \"opportunistic\"", true),
            ("tls.minimum_level = \"authenticated\"", true), ("tls.minimum_level = \"none\"", false),
            ("tls.ca_file = \"\"", true), ("tls.ca_file = \"ca.pem\"", false), ("dane.digests = []", false),
            ("dane.digests = [\"sha256\"]", true), ("dane.digests = [\"sha1\"]", false),
            ("dane.when_both = \"sts\"", false), ("dane.enabled = true", false),
        ])
    func ranges(text: String, isRight: Bool) {
        #expect(ConfigurationTests.faults(text).isEmpty == isRight, "\(ConfigurationTests.faults(text))")
    }

    @Test(
        "faults of these keys",
        arguments: [
            (
                "[tls]\nopportunistic_minimum_version = \"1.3\"",
                "f:2:33: tls.opportunistic_minimum_version: is higher than tls.minimum_version. Choose at most \"1.2\"."
            ),
            (
                "[sts]\nrefresh = \"7d\"\nforget_after = \"6d\"",
                "f:3:16: sts.forget_after: is shorter than sts.refresh. Choose at least 7d."
            ),
            (
                "[dane]\ndigests = [\"sha256\", \"sha256\"]",
                "f:2:22: dane.digests[1]: \"sha256\" is listed twice. Remove it."
            ),
            (
                "[dane]\ndigests = [\"sha265\"]",
                "f:2:12: dane.digests[0]: \"sha265\" is none of \"sha512\", \"sha256\". Did you mean \"sha256\"?"
            ),
            (
                "[tls]\nminimum_level = \"encryptd\"",
                "f:2:17: tls.minimum_level: \"encryptd\" is none of \"opportunistic\", \"encrypted\", \"authenticated\". "
                    + "Did you mean \"encrypted\"?"
            ),
            ("[sts]\nwhen_both = \"both\"", "f:2:1: sts.when_both: there is no such key. It belongs in [dane]."),
        ])
    func faults(text: String, expected: String) {
        #expect(ConfigurationTests.faults(text) == [expected])
    }

    @Test("D14: with TLS 1.3 as the floor, opportunistic sessions may stay at 1.2 or share it")
    func floors() throws {
        for version in ["1.2", "1.3"] {
            let text = "[tls]\nminimum_version = \"1.3\"\nopportunistic_minimum_version = \"\(version)\""
            #expect(ConfigurationTests.faults(text).isEmpty)
        }
    }
}
