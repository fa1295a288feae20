import Mail
import Testing

@testable import Relay

@Suite("Configuration of [dkim] and [tlsrpt]")
struct ConfigurationReportTests {
    @Test(
        "one fault: place, key, what is wrong, cure",
        arguments: [
            (
                "[[dkim.key]]\nselector = \"s\"\nfile = \"/k\"",
                "f:1:8: dkim.key[0]: has no domain. Add domain = \"example.org\"."
            ),
            ("[[dkim.key]]\ndomain = \"d.test\"\nfile = \"/k\"", "f:1:8: dkim.key[0]: has no selector. "),
            ("[[dkim.key]]\ndomain = \"d.test\"\nselector = \"s\"", "f:1:8: dkim.key[0]: has no file. "),
            (
                "[[dkim.key]]\ndomain = \"d.test\"\nselector = \"s\"\nfile = \"k\"",
                "f:4:8: dkim.key[0].file: \"k\" "
            ),
            (
                "[[dkim.key]]\ndomain = \"d..test\"\nselector = \"s\"\nfile = \"/k\"",
                "f:2:10: dkim.key[0].domain: \"d..test\" "
            ),
            (
                "[[dkim.key]]\ndomain = \"d.test\"\nselector = \"s\"\nfile = \"/k\"\nnot_before = \"tomorrow\"",
                "f:5:14: dkim.key[0].not_before: \"tomorrow\" is no date such as 2026-12-01 and no time such as "
            ),
            (
                "[[dkim.key]]\ndomain = \"d.test\"\nselector = \"s\"\nfile = \"/k\"\nuse = \"report\"",
                "f:5:7: dkim.key[0].use: \"report\" is none of "
            ),
            (
                "[[dkim.key]]\ndomain = \"d.test\"\nselector = \"s\"\nfile = \"/k\"\nsubdomain = true",
                "f:5:1: dkim.key[0].subdomain: there is no such key. Did you mean subdomains?"
            ),
            (
                "[[dkim.key]]\ndomain = \"d.test\"\nselector = \"s\"\nfile = \"/k\"\n"
                    + "[[dkim.key]]\ndomain = \"D.test\"\nselector = \"S\"\nfile = \"/l\"",
                "f:7:12: dkim.key[1].selector: is another key's of d.test, in line 3. Give each key a selector of its own."
            ),
            (
                "[[dkim.key]]\ndomain = \"d.test\"\nselector = \"s\"\nfile = \"/k\"\n\"a b\" = true",
                "f:5:1: dkim.key[0].\"a b\": there is no such key. The keys of [[dkim.key]] are domain, selector, file, "
            ),
            (
                "[[dkim.key]]\ndomain = \"d.test\"\nselector = \"s\"\nfile = \"/k\"\nnot_before = 2026-12-01T00:00:00+02:00",
                "f:5:14: dkim.key[0].not_before: \"2026-12-01T00:00:00+02:00\" is not in UTC, and only UTC is taken. "
            ),
            (
                "[[dkim.key]]\ndomain = \"d.test\"\nselector = \"s\"\nfile = \"/k\"\nnot_before = \"2026-12-01T00:00:00-01:00\"",
                "f:5:14: dkim.key[0].not_before: \"2026-12-01T00:00:00-01:00\" is not in UTC"
            ),
            (
                "[[dkim.key]]\ndomain = \"d.test\"\nselector = \"s\"\nfile = \"/k\"\nnot_before = 2026-12-01T00:00:00",
                "f:5:14: dkim.key[0].not_before: \"2026-12-01T00:00:00\" is not in UTC"
            ),
            (
                "[[dkim.key]]\ndomain = \"d.test\"\nselector = \"s\"\nfile = \"/k\"\nnot_before = 12:00:00",
                "f:5:14: dkim.key[0].not_before: \"12:00:00\" is no date"
            ),
            ("[tlsrpt]\nsubmitter = \"-\"", "f:2:13: tlsrpt.submitter: \"-\" is no domain name"),
            (
                "[tlsrpt]\norganization = 1",
                "f:2:16: tlsrpt.organization: must be a text in quotes (text), but is a number. "
                    + "Write it like this: \"Example Mail\"."
            ),
            (
                "[tlsrpt]\nsocket = \"/run/waxwing/control.sock\"",
                "f:2:10: tlsrpt.socket: is the path of control.socket."
            ),
            ("[dkim]\nunpublished = \"drop\"", "f:2:15: dkim.unpublished: \"drop\" is none of "),
            ("[dkim]\nunsignable = \"drop\"", "f:2:14: dkim.unsignable: \"drop\" is none of "),
            ("[dkim]\ncheck_interval = \"59s\"", "f:2:18: dkim.check_interval: "),
            ("[dkim]\ncheck_interval = \"25h\"", "f:2:18: dkim.check_interval: "),
            ("[dkim.key]\ndomain = \"d.test\"", "f:1:7: dkim.key: "),
            (
                "[tlsrpt]\norganization = \"O\"",
                "f:2:16: tlsrpt.organization: is set without tlsrpt.contact. Set both to send reports, or none."
            ),
            (
                "[tlsrpt]\ncontact = \"a@d.test\"",
                "f:2:11: tlsrpt.contact: is set without tlsrpt.organization. Set both to send reports, or none."
            ),
            (
                "[tlsrpt]\norganization = \"O\"\ncontact = \"Me <a@d.test>\"",
                "f:3:11: tlsrpt.contact: \"Me <a@d.test>\" "
            ),
            (
                "[tlsrpt]\norganization = \"O\"\ncontact = \"a@d.test\"\nsubmitter = \"e.test\"",
                "f:4:13: tlsrpt.submitter: is not the domain of tlsrpt.contact (RFC 8460 §5.3). Write \"d.test\", or a contact at that domain."
            ),
            (
                "[tlsrpt]\norganization = \"O\"\ncontact = \"a@d.test\"\nfrom = \"a@e.test\"",
                "f:4:8: tlsrpt.from: is not at the domain of tlsrpt.contact, by which reports are signed. Write an address at d.test."
            ),
            ("[tlsrpt]\nspread = \"21h\"", "f:2:10: tlsrpt.spread: "),
            ("[tlsrpt]\nkeep = \"1d\"", "f:2:8: tlsrpt.keep: "),
            ("[tlsrpt]\ncertificates = \"trust\"", "f:2:16: tlsrpt.certificates: \"trust\" is none of "),
            ("[tlsrpt]\nsocket = \"relative\"", "f:2:10: tlsrpt.socket: "),
            ("[[tlsrpt.override]]\nto = [\"mailto:a@r.test\"]", "f:1:10: tlsrpt.override[0]: has no domain. "),
            ("[[tlsrpt.override]]\ndomain = \"a.test\"", "f:1:10: tlsrpt.override[0]: has no to. "),
            (
                "[[tlsrpt.override]]\ndomain = \"a.test\"\nto = [\"ftp://r.test\"]",
                "f:3:7: tlsrpt.override[0].to[0]: \"ftp://r.test\" is neither mailto: with one address, https: with a host"
            ),
            (
                "[[tlsrpt.override]]\ndomain = \"a.test\"\nto = [\"directory:rel\"]",
                "f:3:7: tlsrpt.override[0].to[0]: \"directory:rel\" is neither "
            ),
            (
                "[[tlsrpt.override]]\ndomain = \"a.test\"\nto = [\"mailto:a@r.test\"]\n"
                    + "[[tlsrpt.override]]\ndomain = \"A.test\"\nto = [\"mailto:b@r.test\"]",
                "f:5:10: tlsrpt.override[1].domain: a.test has an override already. Make one of the two."
            ),
        ])
    func one(text: String, expected: String) {
        let faults = ConfigurationTests.faults(text)
        #expect(faults.count == 1, "\(faults)")
        #expect(faults.first?.hasPrefix(expected) == true, "\(faults)")
    }

    @Test("an address literal has no domain to send reports for")
    func literal() {
        let faults = ConfigurationTests.faults("[tlsrpt]\norganization = \"O\"\ncontact = \"a@[192.0.2.1]\"")
        #expect(faults.count == 1 && faults.first?.hasPrefix("f:3:11: tlsrpt.contact: ") == true, "\(faults)")
        #expect(faults.first?.hasSuffix(". Write an address at a domain.") == true, "\(faults)")
    }

    @Test("what a table lacks is told with all else that is wrong in the file")
    func together() {
        let faults = ConfigurationTests.faults("[[dkim.key]]\nselectr = \"s\"\n[tlsrpt]\nspread = \"21h\"")
        #expect(faults.count == 5, "\(faults)")
    }

    @Test(
        "DKIM-23 not_before is taken as a date of TOML too, and in UTC alone",
        arguments: [
            ("2026-12-01", "2026-12-01T00:00:00Z"), ("2026-12-01T01:02:03Z", "2026-12-01T01:02:03Z"),
            ("2026-12-01 01:02:03+00:00", "2026-12-01T01:02:03Z"),
        ])
    func bareDates(written: String, expected: String) throws {
        let text = "[[dkim.key]]\ndomain = \"d.test\"\nselector = \"s\"\nfile = \"/k\"\nnot_before = \(written)"
        #expect(try Configuration.parse(text: text, file: "f").dkim.keys.first?.notBefore?.rfc3339 == expected)
    }

    @Test("DKIM-23 a domain none of whose keys has begun is warned of, unless one above signs, and reports lack a key")
    func beginnings() throws {
        func warnings(_ more: String = "", at now: String) throws -> [String] {
            let text = """
                [[dkim.key]]
                domain = "a.d.test"
                selector = "s1"
                file = "/k"
                not_before = "2026-12-03"
                [[dkim.key]]
                domain = "a.d.test"
                selector = "s2"
                file = "/k"
                not_before = "2026-12-02"
                [tlsrpt]
                organization = "O"
                contact = "a@a.d.test"
                \(more)
                """
            let read = try Configuration.parse(text: text, file: "f")
            return read.reportWarnings(at: try #require(WallTime(rfc3339: now)))
        }
        let expected = [
            "no key of a.d.test has begun; the first begins 2026-12-02T00:00:00Z: mail goes unsigned until then.",
            "no TLS-RPT reports are sent (RFC 8460): no key of a.d.test has begun, the first begins 2026-12-02T00:00:00Z.",
        ]
        #expect(try warnings(at: "2026-12-01T23:59:59Z") == expected)
        #expect(try warnings(at: "2026-12-02T00:00:00Z").isEmpty)
        let above = "[[dkim.key]]\ndomain = \"d.test\"\nselector = \"s\"\nfile = \"/k\"\n"
        #expect(try warnings(above, at: "2026-12-01T23:59:59Z") == expected)
        #expect(try warnings("\(above)subdomains = true", at: "2026-12-01T23:59:59Z") == [expected[1]])
    }

    @Test("tlsrpt.socket that cannot be opened is a warning with its place, since mail goes on without")
    func socket() throws {
        let read = try Configuration.parse(text: "[tlsrpt]\nsocket = \"/x/t.sock\"", file: "f")
        for problem in [FileSurvey.Problem.inTheWay, .folder(.absence)] {
            let warnings = read.socketWarnings(files: FileSurvey { path, use in use == .socket ? problem : nil })
            #expect(warnings.count == 1 && warnings[0].hasPrefix("f:2:10: tlsrpt.socket: /x/t.sock \(problem). "))
        }
        #expect(read.socketWarnings(files: FileSurvey { _, _ in nil }).isEmpty)
        let system = FileSurvey.system
        #expect(system.problem("/nonexistent/t.sock", .socket)?.description == "lies in a folder that does not exist")
        #expect(system.problem("/etc/passwd", .socket)?.description == "is there already, and is no socket")
        #expect(system.problem("/tmp/waxwing-none.sock", .socket) == nil)
        // The service manager makes this folder.
        let beside = try Configuration.parse(
            text: "[control]\nsocket = \"/nonexistent/c.sock\"\n[tlsrpt]\nsocket = \"/nonexistent/t.sock\"", file: "f")
        #expect(beside.socketWarnings().isEmpty)
    }

    @Test("DKIM-23 all keys of both sections are read")
    func whole() throws {
        let text = """
            [dkim]
            unpublished = "unsigned"
            unsignable = "bounce"
            check_interval = "10m"
            [[dkim.key]]
            domain = "D.test"
            selector = "s2026"
            file = "/k1"
            not_before = "2026-12-01"
            [[dkim.key]]
            domain = "d.test"
            selector = "r1"
            file = "/k2"
            not_before = "2026-12-01T12:00:00Z"
            use = "reports"
            subdomains = true
            [tlsrpt]
            organization = "O"
            contact = "a@d.test"
            submitter = "d.test"
            from = "b@d.test"
            spread = "0"
            certificates = "verify"
            private_addresses = true
            keep = "30d"
            socket = "/run/t.sock"
            [[tlsrpt.override]]
            domain = "r.test"
            to = ["mailto:a@r.test", "https://r.test/x", "directory:/var/x"]
            """
        let read = try Configuration.parse(text: text, file: "f")
        #expect(read.dkim.unpublished == .unsigned && read.dkim.unsignable == .bounce)
        #expect(read.dkim.checkInterval == .seconds(600) && read.dkim.keys.count == 2)
        #expect(read.dkim.keys[0].domain?.text == "d.test" && read.dkim.keys[0].use == .mail)
        #expect(read.dkim.keys[0].notBefore?.rfc3339 == "2026-12-01T00:00:00Z" && !read.dkim.keys[0].subdomains)
        #expect(read.dkim.keys[1].notBefore?.rfc3339 == "2026-12-01T12:00:00Z" && read.dkim.keys[1].subdomains)
        #expect(read.dkim.keys[1].use == .reports && read.dkim.keys[1].file == "/k2")
        #expect(read.tlsrpt.organization == "O" && read.tlsrpt.submitterDomain?.text == "d.test")
        #expect(read.tlsrpt.spread == .zero && read.tlsrpt.certificates == .verify && read.tlsrpt.privateAddresses)
        #expect(read.tlsrpt.keep == .seconds(30 * 86_400) && read.tlsrpt.socket == "/run/t.sock")
        let override = try #require(read.tlsrpt.overrides.first)
        #expect(override.destinations.map(\.uri) == ["mailto:a@r.test", "https://r.test/x", "directory:/var/x"])
        #expect(read.tlsrpt.missing(read.dkim, at: WallTime(seconds: .max)).isEmpty && ReportSettings(read) != nil)
    }

    @Test("an override takes ten addresses, and one more is a fault")
    func overrideLimit() {
        func text(_ count: Int) -> String {
            let list = (0..<count).map { "\"mailto:a\($0)@r.test\"" }.joined(separator: ", ")
            return "[[tlsrpt.override]]\ndomain = \"a.test\"\nto = [\(list)]"
        }
        #expect(ConfigurationTests.faults(text(10)).isEmpty)
        #expect(ConfigurationTests.faults(text(11)).count == 1)
    }

    // MARK: --check

    private static func warnings(_ text: String) throws -> [String] {
        try Configuration.parse(text: text, file: "f").warnings.filter { $0.contains("eport") }
    }

    static let on = """
        [tlsrpt]
        organization = "O"
        contact = "a@d.test"
        [[dkim.key]]
        domain = "d.test"
        selector = "s"
        file = "/k"

        """

    @Test("RPTF-04 --check says what is missing for reports, and nothing where nothing is")
    func missing() throws {
        #expect(
            try Self.warnings("") == [
                "no TLS-RPT reports are sent (RFC 8460): tlsrpt.organization is not set; tlsrpt.contact is not set."
            ])
        #expect(
            try Self.warnings("[tlsrpt]\norganization = \"O\"\ncontact = \"a@d.test\"") == [
                "no TLS-RPT reports are sent (RFC 8460): there is no [[dkim.key]] of d.test, by which reports must be signed."
            ])
        #expect(try Self.warnings(Self.on).isEmpty)
    }

    @Test("RPTF-20 D15 --check warns of rules that hold reports back, and not of everybody's")
    func rules() throws {
        for (rule, warns) in [
            ("destination = \"r.test\"\nlevel = \"encrypted\"", true),
            ("destination = \"*.r.test\"\nrequiretls = true", true),
            ("mx = \"mx.r.test\"\nlevel = \"encrypted\"", true),
            ("destination = \"*\"\nlevel = \"encrypted\"", false), ("mx = \"*\"\nlevel = \"encrypted\"", false),
            ("destination = \"*\"\nrequiretls = true", false),
            ("destination = \"r.test\"\nlevel = \"opportunistic\"\nreason = \"x\"", false),
        ] {
            let warnings = try Self.warnings("\(Self.on)[[rule]]\n\(rule)\n")
            #expect(warnings.contains { $0.contains("holds back TLS-RPT reports") } == warns, "\(rule): \(warnings)")
            #expect(warnings.isEmpty == !warns, "\(rule): \(warnings)")
        }
    }

    @Test("private endpoints are warned of")
    func privateAddresses() throws {
        let warnings = try Configuration.parse(text: "[tlsrpt]\nprivate_addresses = true", file: "f").warnings
        #expect(warnings.contains { $0.hasPrefix("tlsrpt.private_addresses is on: ") })
    }
}
