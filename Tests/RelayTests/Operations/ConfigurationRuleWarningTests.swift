import Testing

@testable import Relay

@Suite("Configuration of rules: warnings")
struct ConfigurationRuleWarningTests {
    @Test(
        "rules that give something up",
        arguments: [
            (
                "[[rule]]\nmx = \"*\"\nlevel = \"none\"",
                [
                    "f:3:9: rule[0].level: rule mx \"*\" lowers what would be demanded: TLS is not even tried. Say why, for those who come after you: reason = \"…\"."
                ]
            ),
            (
                "[[rule]]\nmx = \"*\"\ndane = \"off\"\nreason = \"broken\"\nlevel = \"opportunistic\"",
                [
                    "f:3:8: rule[0].dane: rule mx \"*\" lowers what would be demanded: TLSA records are ignored (broken)."
                ]
            ),
            (
                "[tls]\nminimum_level = \"encrypted\"\nminimum_version = \"1.3\"\n[[rule]]\nmx = \"*\"\nreason = \"r\"\nlevel = \"opportunistic\"\nminimum_version = \"1.2\"\nmta_sts = \"observe\"\ndane = \"observe\"",
                [
                    "f:7:9: rule[0].level: rule mx \"*\" lowers what would be demanded: less is demanded than tls.minimum_level, older TLS is spoken than tls.minimum_version, nothing fails on TLSA records, nothing fails on MTA-STS (r)."
                ]
            ),
            (
                "[[rule]]\nmx = \"*\"\nmta_sts = \"off\"\nreason = \"r\"",
                ["f:3:11: rule[0].mta_sts: rule mx \"*\" lowers what would be demanded: MTA-STS is ignored (r)."]
            ),
            (
                "[[rule]]\nmx = \"*\"\ntls_required_no = \"honour\"\nlevel = \"encrypted\"",
                [
                    "f:3:19: rule[0].tls_required_no: any sender can set the demands of rule mx \"*\" aside with TLS-Required: No (RFC 8689 §3)."
                ]
            ),
            (
                "[[rule]]\nmx = \"*\"\nlevel = \"encrypted\"",
                [
                    "f:3:9: rule[0].level: rule mx \"*\" also holds back mail with TLS-Required: No."
                ]
            ),
            (
                "[[rule]]\nmx = \"*\"\nrequiretls = true",
                [
                    "f:3:14: rule[0].requiretls: rule mx \"*\" also holds back mail with TLS-Required: No."
                ]
            ),
            (
                "[[rule]]\nmx = \"m.test\"\nlevel = \"encrypted\"",
                [
                    "f:3:9: rule[0].level: rule mx \"m.test\" also holds back mail with TLS-Required: No, and our own reports of TLS failures there (RFC 8460 §5.3)."
                ]
            ),
            ("[[rule]]\nmx = \"*\"\nlevel = \"opportunistic\"\ndane = \"on\"\nminimum_version = \"1.2\"", []),
        ])
    func lowering(text: String, expected: [String]) throws {
        #expect(try ConfigurationRuleTests.parse(text).ruleWarnings().map(\.description) == expected)
    }

    @Test(
        "pkix without names, where an MX record that nobody signed may choose the name",
        arguments: [
            ("destination = \"a.test\"", true), ("destination = \"a.test\"\nmx = \"m.test\"", true),
            ("destination = \"*\"", true), ("destination = \"a.test\"\nnext_hop = \"r.test\"", true),
            ("destination = \"a.test\"\nnames = [\"n.test\"]", false),
            ("destination = \"a.test\"\nnext_hop = \"[r.test]\"", false), ("mx = \"m.test\"", false),
            ("destination = \"h.test\"", false),  // the next hop in brackets of the rule below
        ])
    func anybodysName(lines: String, isWarned: Bool) throws {
        let rule = "[[rule]]\nlevel = \"authenticated\"\nby = [\"pkix\", \"dane\"]\n\(lines)\n"
        let other = "[[rule]]\ndestination = \"z.test\"\nnext_hop = \"[h.test]\"\n"
        let warnings = try ConfigurationRuleTests.parse(rule + other).ruleWarnings().filter { $0.key == "rule[0].by" }
        #expect(warnings.map(\.problem).allSatisfy { $0.contains("takes a certificate for the MX host's own name") })
        #expect(warnings.count == (isWarned ? 1 : 0))
    }

    /// Routes: `*.in.test` and `a.test`, to `r.hop.test` and `[192.0.2.1]`.
    static let routes = """
        [[rule]]
        destination = "*.in.test"
        next_hop = "r.hop.test"
        [[rule]]
        destination = "a.test"
        next_hop = "[192.0.2.1]"
        [[rule]]
        destination = "r.hop.test"
        next_hop = "x.in.test"

        """

    @Test(
        "MX-17 STS-01 a rule for a domain that is routed elsewhere never applies",
        arguments: [
            ("destination = \"b.in.test\"", true), ("destination = \"*.b.in.test\"", true),
            ("destination = \"*.in.test\"\nmx = \"m.test\"", false),  // x.in.test is a next hop below it
            ("destination = \"a.test\"\nmx = \"m.test\"", true), ("destination = \"in.test\"", false),
            ("destination = \"*.a.test\"", false), ("destination = \"x.in.test\"", false),  // a next hop itself
            ("destination = \"*.hop.test\"", false), ("destination = \"*.test\"", false),
            ("destination = \"*\"", false),
            ("mx = \"*.in.test\"", false), ("destination = \"c.in.test\"\nnext_hop = \"c.test\"", false),
        ])
    func idle(lines: String, isIdle: Bool) throws {
        let text = Self.routes + "[[rule]]\n\(lines)\nminimum_version = \"1.3\""
        let warnings = try ConfigurationRuleTests.parse(text).ruleWarnings().filter {
            $0.problem.contains("never applies")
        }
        #expect(warnings.count == (isIdle ? 1 : 0), "\(warnings)")
        #expect(warnings.allSatisfy { $0.key == "rule[3].destination" && $0.place?.line == 11 })
    }

    @Test("the words of it")
    func idleWords() throws {
        let text = Self.routes + "[[rule]]\ndestination = \"b.in.test\"\ndane = \"on\""
        #expect(
            try ConfigurationRuleTests.parse(text).warnings == [
                "f:11:15: rule[3].destination: rule \"b.in.test\" never applies: mail there goes to r.hop.test by rule "
                    + "\"*.in.test\", and the next hop is what policies are for. Put the demands in the rule with next_hop, "
                    + "or in one for the next hop."
            ])
    }

    @Test(
        "CLI-27 a password is shown only to who proves itself, unless a rule says less",
        arguments: [
            ("", false), ("implicit_tls = true", false), ("[tls]\nminimum_level = \"encrypted\"", false),
            ("level = \"encrypted\"", true), ("level = \"opportunistic\"", true),
            ("level = \"authenticated\"", false),
            ("[[rule]]\ndestination = \"r.test\"\nlevel = \"authenticated\"\nby = [\"pkix\"]", false),
            ("[[rule]]\nmx = \"r.test\"\nlevel = \"authenticated\"\nby = [\"pkix\"]", false),
            ("[tls]\nminimum_level = \"authenticated\"", false),
        ])
    func exposing(lines: String, isExposed: Bool) throws {
        let text = "[[rule]]\ndestination = \"*\"\nnext_hop = \"[r.test]\"\ncredentials = \"/p\"\n\(lines)"
        let warnings = try ConfigurationRuleTests.parse(text).ruleWarnings().filter { $0.key == "rule[0].credentials" }
        #expect(warnings.count == (isExposed ? 1 : 0))
        #expect(
            warnings.allSatisfy {
                $0.description.hasPrefix("f:4:15: rule[0].credentials: nothing makes [r.test] prove")
            })
    }

    @Test(
        "CLI-27 an address has no name to prove, and only this machine is shown a password in clear",
        arguments: [
            ("[192.0.2.1]", "", true), ("[127.0.0.1]", "", true), ("[127.0.0.1]", "level = \"none\"", false),
            ("[192.0.2.1]", "level = \"authenticated\"\nby = [\"pkix\"]\nnames = [\"n.test\"]", false),
        ])
    func exposingAddress(nextHop: String, lines: String, isWarned: Bool) throws {
        let text = "[[rule]]\ndestination = \"*\"\nnext_hop = \"\(nextHop)\"\ncredentials = \"/p\"\n\(lines)"
        let warnings = try ConfigurationRuleTests.parse(text).ruleWarnings().filter { $0.key == "rule[0].credentials" }
        #expect(warnings.map { $0.problem.hasPrefix("no mail can go to \(nextHop)") } == (isWarned ? [true] : []))
    }

    @Test(
        "keys of sections that give something up",
        arguments: [
            ("[tls]\nopportunistic_minimum_version = \"1.1\"", "tls.opportunistic_minimum_version is below 1.2"),
            ("[tls]\nopportunistic_minimum_version = \"1.2\"", nil),
            (
                "[tls]\nminimum_level = \"authenticated\"",
                "tls.minimum_level is \"authenticated\": domains with neither"
            ),
            ("[tls]\nminimum_level = \"encrypted\"", nil),
        ] as [(String, String?)])
    func sections(text: String, expected: String?) throws {
        let warnings = try ConfigurationRuleTests.parse(text).warnings
        #expect(warnings.count == (expected == nil ? 0 : 1))
        if let expected { #expect(warnings.first?.hasPrefix(expected) == true) }
    }
}
