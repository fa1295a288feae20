import Mail
import Testing

@testable import Relay

@Suite("Configuration of rules: faults")
struct ConfigurationRuleFaultTests {
    /// Behind `[[rule]]` and `destination = "a.test"`: the first line of each is line 3.
    static let single: [(lines: String, fault: String)] = [
        // Keys and kinds
        ("levle = \"none\"", "3:1: rule[0].levle: there is no such key. Did you mean level?"),
        ("minimum_level = \"none\"", "3:1: rule[0].minimum_level: there is no such key. It belongs in [tls]."),
        ("xyzzyx = 1", "3:1: rule[0].xyzzyx: there is no such key. The keys of [[rule]] are destination, mx, "),
        ("level = 3", "3:9: rule[0].level: must be a text in quotes, but is a number. "),
        ("level = \"encypted\"", "3:9: rule[0].level: \"encypted\" is none of "),
        ("by = \"dane\"", "3:6: rule[0].by: must be a list in brackets, but is a text. "),
        ("by = []", "3:6: rule[0].by: must not be empty. "),
        ("by = [\"dane\", \"dnae\"]", "3:15: rule[0].by[1]: \"dnae\" is none of "),
        ("by = [\"dane\", \"dane\"]", "3:15: rule[0].by[1]: \"dane\" is listed twice. Remove it."),
        ("minimum_version = \"1.1\"", "3:19: rule[0].minimum_version: \"1.1\" is none of \"1.2\", \"1.3\". "),
        ("requiretls = \"yes\"", "3:14: rule[0].requiretls: must be true or false, but is a text. "),
        ("tls_required_no = \"honor\"", "3:19: rule[0].tls_required_no: \"honor\" is none of "),
        ("dane = true", "3:8: rule[0].dane: must be a text in quotes, but is true or false. "),
        ("mta_sts = \"no\"", "3:11: rule[0].mta_sts: \"no\" is none of \"on\", \"off\", \"observe\". "),
        ("ca_file = \"ca.pem\"", "3:11: rule[0].ca_file: \"ca.pem\" is no absolute path. "),
        ("source_ipv4 = \"::1\"", "3:15: rule[0].source_ipv4: \"::1\" is no IPv4 address. "),
        ("source_ipv6 = \"192.0.2.1\"", "3:15: rule[0].source_ipv6: \"192.0.2.1\" is no IPv6 address. "),
        ("reason = \"\"", "3:10: rule[0].reason: \"\" is empty, too long, or has control characters. "),
        ("names = [\"192.0.2.1\"]", "3:10: rule[0].names[0]: \"192.0.2.1\" is no domain name. "),
        ("names = [\"*.a.test\"]", "3:10: rule[0].names[0]: \"*.a.test\" is no domain name. "),
        ("fingerprints = [\"sha256:00\"]", "3:17: rule[0].fingerprints[0]: \"sha256:00\" is no SHA-256 fingerprint "),
        // Patterns
        ("mx = \"mx*.a.test\"", "3:6: rule[0].mx: \"mx*.a.test\" has a wildcard that does not stand alone or before "),
        ("mx = \"*.*.a.test\"", "3:6: rule[0].mx: \"*.*.a.test\" has a wildcard that does not stand alone or before "),
        ("mx = \"*a.test\"", "3:6: rule[0].mx: \"*a.test\" has a wildcard that does not stand alone or before "),
        ("mx = \"a.*\"", "3:6: rule[0].mx: \"a.*\" has a wildcard that does not stand alone or before the first dot. "),
        ("mx = \"**\"", "3:6: rule[0].mx: \"**\" has a wildcard that does not stand alone or before the first dot. "),
        ("mx = \"*.\"", "3:6: rule[0].mx: \"*.\" is no domain name. "),
        ("mx = \"\"", "3:6: rule[0].mx: \"\" is no domain name. "),
        ("mx = \"192.0.2.1\"", "3:6: rule[0].mx: \"192.0.2.1\" is no domain name. "),
        ("mx = \"[mx.a.test]\"", "3:6: rule[0].mx: \"[mx.a.test]\" is no address in brackets. "),
        ("mx = \"[IPv6:192.0.2.1]\"", "3:6: rule[0].mx: \"[IPv6:192.0.2.1]\" is no address in brackets. "),
        // Next hops
        (
            "next_hop = \"192.0.2.1\"",
            "3:12: rule[0].next_hop: \"192.0.2.1\" is an address without brackets. Write \"[192.0.2.1]\"."
        ),
        ("next_hop = \"192.0.2.1:25\"", "3:12: rule[0].next_hop: \"192.0.2.1:25\" is an address without brackets. "),
        ("next_hop = \"2001:db8::1\"", "3:12: rule[0].next_hop: \"2001:db8::1\" is an address without brackets. "),
        (
            "next_hop = \"r.test:0\"",
            "3:12: rule[0].next_hop: \"r.test:0\" has no port from 1 to 65535 behind its colon. "
        ),
        ("next_hop = \"r.test:65536\"", "3:12: rule[0].next_hop: \"r.test:65536\" has no port from 1 to 65535 "),
        (
            "next_hop = \"r.test:\"",
            "3:12: rule[0].next_hop: \"r.test:\" has no port from 1 to 65535 behind its colon. "
        ),
        ("next_hop = \"r.test:smtp\"", "3:12: rule[0].next_hop: \"r.test:smtp\" has no port from 1 to 65535 "),
        ("next_hop = \"[r.test]25\"", "3:12: rule[0].next_hop: \"[r.test]25\" has neither a host name nor an address "),
        ("next_hop = \"[r.test\"", "3:12: rule[0].next_hop: \"[r.test\" has neither a host name nor an address "),
        (
            "next_hop = \"[]\"",
            "3:12: rule[0].next_hop: \"[]\" has neither a host name nor an address in its brackets. "
        ),
        ("next_hop = \"r_.test\"", "3:12: rule[0].next_hop: \"r_.test\" is no domain name. "),
        ("next_hop = \"*\"", "3:12: rule[0].next_hop: \"*\" is no domain name. "),
        ("next_hop = \"\"", "3:12: rule[0].next_hop: \"\" is no domain name. "),
        // Combinations
        (
            "by = [\"dane\"]",
            "3:1: rule[0].by: is set, but level is not \"authenticated\". Add level = \"authenticated\", or remove by."
        ),
        (
            "names = [\"n.test\"]\nlevel = \"authenticated\"",
            "3:1: rule[0].names: is set, but by does not list \"pkix\". Add \"pkix\" to by, or remove names."
        ),
        (
            "level = \"authenticated\"\nby = [\"dane\"]\nca_file = \"/c\"",
            "5:1: rule[0].ca_file: is set, but by does not list \"pkix\". Add \"pkix\" to by, or remove ca_file."
        ),
        (
            "fingerprints = [\"certificate:\(ConfigurationRuleTests.digest)\"]",
            "3:1: rule[0].fingerprints: is set, but by does not list \"fingerprint\". "
        ),
        (
            "level = \"authenticated\"\nby = [\"fingerprint\"]",
            "4:1: rule[0].by: lists \"fingerprint\", but there are no fingerprints. "
        ),
        (
            "mx = \"mx.test\"\nnext_hop = \"r.test\"",
            "4:1: rule[0].next_hop: stands with mx, but mail is routed by its destination. "
        ),
        (
            "implicit_tls = true",
            "3:1: rule[0].implicit_tls: is set without next_hop. Add next_hop, or remove implicit_tls."
        ),
        (
            "credentials = \"/p\"",
            "3:1: rule[0].credentials: is set without next_hop. Add next_hop, or remove credentials."
        ),
        (
            "client_certificate = \"/c\"",
            "3:1: rule[0].client_certificate: is set without client_key. Set both, or none."
        ),
        ("client_key = \"/c\"", "3:1: rule[0].client_key: is set without client_certificate. Set both, or none."),
        (
            "level = \"none\"\nrequiretls = true",
            "4:1: rule[0].requiretls: needs TLS, but level is \"none\". Set level = \"encrypted\" or \"authenticated\", or remove requiretls."
        ),
        (
            "level = \"none\"\nnext_hop = \"r.test\"\nimplicit_tls = true",
            "5:1: rule[0].implicit_tls: needs TLS, but level is \"none\". "
        ),
        (
            "level = \"none\"\nnext_hop = \"r.test\"\ncredentials = \"/p\"",
            "5:1: rule[0].credentials: needs TLS, but level is \"none\" and next_hop is no loopback address. "
        ),
        (
            "level = \"none\"\nnext_hop = \"[192.0.2.1]\"\ncredentials = \"/p\"",
            "5:1: rule[0].credentials: needs TLS, but level is \"none\" and next_hop is no loopback address. "
        ),
        (
            "level = \"authenticated\"\nby = [\"dane\"]\ndane = \"off\"",
            "4:1: rule[0].by: lists \"dane\", but dane is \"off\". Remove one of the two."
        ),
        (
            "level = \"authenticated\"\nby = [\"mta-sts\"]\nmta_sts = \"observe\"",
            "4:1: rule[0].by: lists \"mta-sts\", but mta_sts is \"observe\". Remove one of the two."
        ),
        (
            "level = \"authenticated\"\ndane = \"off\"\nmta_sts = \"off\"",
            "3:1: rule[0].level: is \"authenticated\", but neither dane nor mta_sts may prove anything here. "
        ),
        (
            "next_hop = \"[192.0.2.1]\"\nlevel = \"authenticated\"",
            "4:1: rule[0].level: cannot be proved by an address, which has no name. "
        ),
        (
            "next_hop = \"[192.0.2.1]\"\nlevel = \"authenticated\"\nby = [\"pkix\", \"dane\"]",
            "5:1: rule[0].by: cannot be proved by an address, which has no name. "
        ),
        (
            "mx = \"[192.0.2.1]\"\nrequiretls = true",
            "4:1: rule[0].requiretls: needs a host with a name, not an address. "
        ),
    ]

    @Test("one fault of one rule", arguments: single)
    func one(lines: String, expected: String) {
        let faults = ConfigurationTests.faults("[[rule]]\ndestination = \"a.test\"\n\(lines)\n")
        #expect(faults.count == 1, "\(faults)")
        #expect(faults.first?.hasPrefix("f:\(expected)") == true, "\(faults)")
    }

    @Test(
        "what is right beside these",
        arguments: [
            "level = \"authenticated\"", "level = \"authenticated\"\ndane = \"off\"",
            "level = \"authenticated\"\nby = [\"dane\"]\ndane = \"observe\"",
            "next_hop = \"[192.0.2.1]\"\nlevel = \"encrypted\"",
            "next_hop = \"[192.0.2.1]\"\nlevel = \"authenticated\"\nby = [\"pkix\"]\nnames = [\"n.test\"]",
            "next_hop = \"[127.0.0.1]:2526\"\nlevel = \"none\"\ncredentials = \"/p\"",
            "next_hop = \"[IPv6:::1]\"\nlevel = \"none\"\ncredentials = \"/p\"",
            "next_hop = \"r.test\"\nimplicit_tls = true\ncredentials = \"/p\"\nlevel = \"encrypted\"",
            "level = \"none\"", "level = \"none\"\nrequiretls = false", "mx = \"a.test\"",
            "reason = \"\(String(repeating: "é", count: 200))\"",
        ])
    func right(lines: String) {
        let faults = ConfigurationTests.faults("[[rule]]\ndestination = \"a.test\"\n\(lines)\n")
        #expect(faults.isEmpty, "\(faults)")
    }

    @Test(
        "faults of the whole",
        arguments: [
            (
                "[rule]\nlevel = \"none\"",
                ["f:1:2: rule: must be a list of tables, but is a table. Begin each rule with [[rule]]."]
            ),
            ("rule = [1]", ["f:1:9: rule[0]: must be a table, but is a number. Begin it with [[rule]]."]),
            ("[[rules]]\nmx = \"*\"", ["f:1:3: rules: there is no such list of tables. Did you mean [[rule]]?"]),
            (
                "[[nothing]]\n",
                [
                    "f:1:3: nothing: there is no such list of tables. Outside of a section there are [[rule]] and [[canary]]."
                ]
            ),
            ("[rules]\n", ["f:1:2: rules: there is no such section. Did you mean [[rule]]?"]),
            ("[tls]\nnext_hop = \"a\"", ["f:2:1: tls.next_hop: there is no such key. It belongs in [[rule]]."]),
            (
                "[[rule]]\nlevel = \"encrypted\"",
                [
                    "f:1:3: rule[0]: names neither destination nor mx. Add destination = \"example.org\", \"*.example.org\" or \"*\"."
                ]
            ),
            (
                "[[rule]]\ndestination = \"[192.0.2.1]\"",
                [
                    "f:2:15: rule[0].destination: is an address; a destination has a name. Write mx = \"[address]\", or name a domain."
                ]
            ),
            (
                "[[rule]]\ndestination = \"a.test\"\n[[rule]]\nlevel = \"none\"\ndestination = \"A.test.\"",
                ["f:5:1: rule[1].destination: \"a.test\" has a rule already in line 1. Make one rule of the two."]
            ),
            (
                "[[rule]]\ndestination = \"a.test\"\nmx = \"*\"\n[[rule]]\nmx = \"*\"\n[[rule]]\nmx = \"*\"\ndestination = \"a.test\"\n[[rule]]\nmx = \"*\"",
                [
                    "f:8:1: rule[2].destination: \"a.test\" with mx \"*\" has a rule already in line 1. Make one rule of the two.",
                    "f:10:1: rule[3].mx: \"*\" has a rule already in line 4. Make one rule of the two.",
                ]
            ),
            (
                "[delivery]\nipv6 = false\n[[rule]]\nmx = \"*\"\nsource_ipv6 = \"::1\"",
                [
                    "f:5:15: rule[0].source_ipv6: is set while delivery.ipv6 is false. Remove it, or switch delivery.ipv6 on."
                ]
            ),
            (
                "[[rule]]\ndestination = \"a.test\"\nnext_hop = \"r.test\"\nlevel = \"encrypted\"\n[[rule]]\ndestination = \"b.test\"\nnext_hop = \"[r.test]:587\"\nminimum_version = \"1.3\"",
                [
                    "f:7:12: rule[1].next_hop: is met in another way by the rule in line 1. Put the demands in a rule of their own for the next hop: destination = \"r.test\"."
                ]
            ),
            (
                "[[rule]]\ndestination = \"a.test\"\nnext_hop = \"r.test:587\"\ncredentials = \"/one\"\n[[rule]]\ndestination = \"b.test\"\nnext_hop = \"r.test:587\"\ncredentials = \"/two\"",
                [
                    "f:7:12: rule[1].next_hop: has other credentials or another implicit_tls than in the rule in line 1. Give all rules for one next hop and port the same credentials and implicit_tls."
                ]
            ),
            (
                "[[rule]]\ndestination = \"a.test\"\nnext_hop = \"r.test:587\"\ncredentials = \"/one\"\n[[rule]]\ndestination = \"b.test\"\nnext_hop = \"r.test:465\"\ncredentials = \"/two\"",
                []
            ),
            (
                "[[rule]]\ndestination = \"a.test\"\nnext_hop = \"[::1]\"\nlevel = \"encrypted\"\n[[rule]]\nmx = \"[::1]\"\nlevel = \"none\"",
                [
                    "f:3:12: rule[0].next_hop: is met in another way by the rule in line 5. Put the demands in a rule of their own for the next hop: mx = \"[::1]\"."
                ]
            ),
        ])
    func whole(text: String, expected: [String]) {
        #expect(ConfigurationTests.faults(text) == expected)
    }

    @Test("all faults at once, each in its own rule")
    func all() {
        let text = """
            [[rule]]
            destination = "a.*"
            by = ["dane"]

            [[rule]]
            destination = "b.test"
            by = ["dane"]
            colour = "blue"

            [[rule]]
            names = ["x y"]
            destination = "c.test"
            credentials = "/p"

            [[rule]]
            level = "encrypted"

            [[rule]]
            destination = "d.test"
            client_key = "/k"
            credentials = "/p"

            [[rule]]
            destination = "d.test"
            [log]
            level = "loud"
            """
        let keys = ConfigurationTests.faults(text).map {
            $0.split(separator: ": ")[0] + " " + $0.split(separator: ": ")[1]
        }
        // A rule with a misread value is not asked whether its values fit together.
        #expect(
            keys == [
                "f:2:15 rule[0].destination", "f:8:1 rule[1].colour", "f:11:10 rule[2].names[0]", "f:15:3 rule[3]",
                "f:20:1 rule[4].client_key", "f:21:1 rule[4].credentials", "f:24:1 rule[5].destination",
                "f:26:9 log.level",
            ])
    }

    @Test("bounds of lists: at the limit, and one past it")
    func lists() {
        func faults(_ key: String, _ count: Int, _ element: (Int) -> String) -> [String] {
            let list = (0..<count).map { "\"\(element($0))\"" }.joined(separator: ", ")
            return ConfigurationTests.faults(
                "[[rule]]\nmx = \"*\"\nlevel = \"authenticated\"\nby = [\"pkix\", \"fingerprint\"]\nfingerprints = "
                    + (key == "names"
                        ? "[\"certificate:\(ConfigurationRuleTests.digest)\"]\nnames = [\(list)]" : "[\(list)]"))
        }
        let name: (Int) -> String = { "n\($0).test" }
        let digest: (Int) -> String = { "public-key:" + String(repeating: "0", count: 61) + String(100 + $0) }
        #expect(faults("names", Configuration.WrittenRule.nameLimit, name).isEmpty)
        #expect(
            faults("names", 101, name) == [
                "f:6:9: rule[0].names: has 101 elements, more than 100. Write it like this: [\"mail.example.org\"]."
            ])
        #expect(faults("fingerprints", Configuration.WrittenRule.fingerprintLimit, digest).isEmpty)
        #expect(faults("fingerprints", 101, digest).first?.contains("has 101 elements, more than 100") == true)
        let long = ConfigurationTests.faults(
            "[[rule]]\nmx = \"*\"\nreason = \"\(String(repeating: "x", count: 201))\"")
        #expect(long.count == 1 && long[0].hasPrefix("f:3:10: rule[0].reason: "))
    }

    @Test(
        "fingerprints: any case, with colons or without, 64 digits",
        arguments: [
            ("certificate:" + String(repeating: "aB", count: 32), true),
            ("Public-Key:" + Array(repeating: "AB", count: 32).joined(separator: ":"), true),
            ("certificate:" + String(repeating: "ab", count: 31), false),
            ("certificate:" + String(repeating: "ab", count: 33), false),
            ("certificate:" + String(repeating: "a", count: 63) + "g", false),
            (String(repeating: "ab", count: 32), false), ("", false), ("certificate:", false),
            ("sha1:" + String(repeating: "ab", count: 32), false),
        ])
    func fingerprints(text: String, isRight: Bool) {
        let fingerprint = Fingerprint(written: text)
        #expect((fingerprint != nil) == isRight)
        guard let fingerprint else { return }
        #expect(Fingerprint(written: fingerprint.written) == fingerprint)
        #expect(fingerprint.written.hasSuffix(String(repeating: "ab", count: 32)))
    }
}
