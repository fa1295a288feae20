import Testing

@testable import Mail

/// A policy text of these lines, each ended by LF.
func policyText(_ lines: String...) -> [UInt8] {
    Array(lines.map { "\($0)\n" }.joined().utf8)
}

@Suite struct STSPolicyTests {
    private static let enforce = "version: STSv1\nmode: enforce\nmx: mail.example.com\nmax_age: 604800\n"

    /// `mode maxAge patterns`, or the fault.
    private func summary(_ text: String) -> String {
        summary(Array(text.utf8))
    }

    private func summary(_ text: [UInt8]) -> String {
        do throws(STSPolicyFault) {
            let policy = try STSPolicy(parsing: text)
            return ([policy.mode.rawValue, String(policy.maxAge)] + policy.patterns.map(\.description))
                .joined(separator: " ")
        } catch {
            return "\(error)"
        }
    }

    private func isValid(_ text: String) -> Bool { (try? STSPolicy(parsing: Array(text.utf8))) != nil }

    @Test(
        "STS-20 lines end in LF or CRLF, the last may lack it; blanks only behind the colon and at the end",
        arguments: [
            ("version: STSv1\nmode: none\nmax_age: 1\n", true),
            ("version: STSv1\r\nmode: none\r\nmax_age: 1\r\n", true),
            ("version: STSv1\nmode: none\r\nmax_age: 1", true),  // mixed, and no last end
            ("version:STSv1\nmode:\t none \t\nmax_age:1 \r\n", true),
            ("version : STSv1\nmode: none\nmax_age: 1\n", false),  // a blank before the colon
            (" version: STSv1\nmode: none\nmax_age: 1\n", false),
            ("\nversion: STSv1\nmode: none\nmax_age: 1\n", false),
            ("version: STSv1\n\nmode: none\nmax_age: 1\n", false),
            ("version: STSv1\nmode: none\nmax_age: 1\n\n", false),
            ("version: STSv1\nmode: none\nmax_age: 1\n ", false),
            ("version: STSv1\rmode: none\rmax_age: 1\r", false),  // CR ends no line
            ("version: STSv1\nmode: none\nmax_age: 1\r", false),  // half a line end
            ("version: STSv1\nmode: none\nmax_age: 1\r\r\n", false),
            ("", false), ("\n", false), ("\r\n", false), ("x", false),
        ])
    func lines(text: String, isValid: Bool) {
        #expect(self.isValid(text) == isValid, "\(summary(text))")
    }

    @Test("EDGE-28 no version, odd line ends and a byte order mark are refused, with what to do about it")
    func lint() {
        #expect(
            summary("mode: enforce\nmx: a.example\nmax_age: 1\n")
                == "the version is missing: add the line \"version: STSv1\"")
        #expect(
            summary([0xEF, 0xBB, 0xBF] + Array(Self.enforce.utf8))
                == "line 1: the text begins with a byte order mark: save it without one")
        #expect(summary("version: STSv1\n\nmode: none\n") == "line 2: the line is empty: take it out")
        #expect(summary("version: STSv1\nmode : none\n") == "line 2: there is a blank before the \":\": take it out")
        #expect(summary("version: STSv1\n mode: none\n") == "line 2: the line begins with a blank: take it out")
        #expect(
            summary("version: STSv1\r\nmode: Enforce\r\n")
                == "line 2: the mode is \"Enforce\": write \"enforce\", \"testing\" or \"none\", in lower case")
        #expect(
            summary("version: STSv1\nmode: none\nmax_age: 1h\n").hasPrefix("line 3: max_age is \"1h\": write seconds"))
        #expect(summary("version: STSv1\nmode: none\n").hasPrefix("max_age is missing: add the line"))
        #expect(summary("version: STSv1\nmax_age: 1\n").hasPrefix("the mode is missing: add the line"))
        #expect(
            summary("version: STSv1\nmode: enforce\nmax_age: 1\n")
                == "mode \"enforce\" needs a line \"mx: HOST\" for each MX host of the domain")
        #expect(summary("<html>\n").hasPrefix("line 1: \"<html>\" is no \"key: value\""))
        #expect(summary("version: STSv1\nmode: none\nmax_age: 1\nx: a\tb\n").contains("a tab or a control character"))
    }

    @Test(
        "STS-21 version, mode and max_age are due, and an mx unless the mode is none; all is case-sensitive",
        arguments: [
            ("version: STSv1\nmode: none\nmax_age: 1\n", "none 1"),
            ("max_age: 1\nmx: a.example\nmode: testing\nversion: STSv1\n", "testing 1 a.example"),  // any order
            ("version: STSv1\nmode: none\nmx: a.example\nmax_age: 1\n", "none 1 a.example"),
            ("VERSION: STSv1\nmode: none\nmax_age: 1\n", nil), ("version: stsv1\nmode: none\nmax_age: 1\n", nil),
            ("version: STSv2\nmode: none\nmax_age: 1\n", nil), ("version: STSv10\nmode: none\nmax_age: 1\n", nil),
            ("version: STSv1\nMode: none\nmax_age: 1\n", nil), ("version: STSv1\nmode: none\nMax_Age: 1\n", nil),
            ("version: STSv1\nmode: enforce\nMX: a.example\nmax_age: 1\n", nil),
        ] as [(String, String?)])
    func required(text: String, expected: String?) {
        #expect(expected.map { summary(text) == $0 } ?? !isValid(text), "\(summary(text))")
    }

    @Test(
        "STS-22 the mode is exactly one of three",
        arguments: ["Enforce", "ENFORCE", "enforced", "enforce testing", "report", "nones", "\"none\""])
    func mode(word: String) {
        #expect(!isValid("version: STSv1\nmode: \(word)\nmx: a.example\nmax_age: 1\n"))
    }

    @Test(
        "STS-23 max_age has 1 to 10 digits and is capped at a year (D11, erratum 7282)",
        arguments: [
            ("0", 0), ("1", 1), ("0000000001", 1), ("31557600", 31_557_600), ("31557601", 31_557_600),
            ("9999999999", 31_557_600),
            ("00000000001", nil), ("99999999999", nil),  // eleven digits
            ("-1", nil), ("+1", nil), ("1h", nil), ("1.5", nil), ("1 2", nil), ("٣", nil), ("0x10", nil),
        ] as [(String, Int64?)])
    func maxAge(text: String, seconds: Int64?) {
        let policy = try? STSPolicy(parsing: policyText("version: STSv1", "mode: none", "max_age: \(text)"))
        #expect(policy?.maxAge == seconds)
    }

    @Test(
        "STS-06 unknown keys are ignored, and of a repeated one the first counts",
        arguments: [
            ("mode: testing\nmax_age: 5\n", "enforce 604800 mail.example.com"),
            ("mode: nonsense\nversion: STSv9\nmax_age: x\n", "enforce 604800 mail.example.com"),
            (
                "mx: *.example.net\nmx: mail.example.com\n",
                "enforce 604800 mail.example.com *.example.net mail.example.com"
            ),
            ("foo: ü\nx.y-z_1: {a} b  c\n", "enforce 604800 mail.example.com"),  // STS-24: UTF-8 in values
            ("a1234567890123456789012345678901: x\n", "enforce 604800 mail.example.com"),  // a key of 32
            ("a12345678901234567890123456789012: x\n", nil),  // and of 33
            ("_x: y\n", nil), ("x y: z\n", nil), ("ü: y\n", nil), (": y\n", nil), ("x:\n", nil), ("x: \n", nil),
            ("x\n", nil),
            ("x: a\u{0}b\n", nil), ("x: a\u{7F}b\n", nil), ("x: a\rb\n", nil),
        ] as [(String, String?)])
    func unknown(more: String, expected: String?) {
        let text = Self.enforce + more
        #expect(expected.map { summary(text) == $0 } ?? !isValid(text), "\(summary(text))")
    }

    @Test("STS-06 a bad first mode is not mended by a good second one")
    func firstIsBad() {
        #expect(!isValid("version: STSv1\nmode: x\nmode: none\nmax_age: 1\n"))
        #expect(!isValid("version: STSv2\nversion: STSv1\nmode: none\nmax_age: 1\n"))
    }

    @Test(
        "Octets that are no UTF-8 are refused, in a value that is not even looked at",
        arguments: ["ff", "c080", "eda080"])
    func notUTF8(hexadecimal: String) {
        let text = Array(Self.enforce.utf8) + Array("x: ".utf8) + hexOctets(hexadecimal)
        #expect(summary(text) == "line 5: the value of \"x\" is not UTF-8")
    }

    @Test(
        "STS-24 an mx value is a full name or *. and a name; anything else makes the policy invalid",
        arguments: [
            ("mail.example.com", "mail.example.com"), ("*.example.net", "*.example.net"),
            ("MX.Example.COM", "mx.example.com"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"), ("localhost", "localhost"), ("*.com", "*.com"),
            ("1and1.example", "1and1.example"),
            ("bücher.example", nil), ("*.bücher.example", nil),  // U-labels never match, so they are not kept
            ("192.0.2.1", nil), ("*.192.0.2.1", nil), ("2001:db8::1", nil), ("[192.0.2.1]", nil), ("::1", nil),
            ("*", nil), ("*.", nil), ("**.example", nil), ("*.*.example", nil), ("mx*.example", nil),
            ("a.*.example", nil),
            ("example-", nil), ("-a.example", nil), ("a..example", nil), (".example", nil), ("mail.example.com.", nil),
            ("mx_1.example", nil), ("a.example b.example", nil), ("a.example,b.example", nil), ("@", nil),
            ("mx.example.25", nil),
        ] as [(String, String?)])
    func patterns(value: String, expected: String?) {
        let pattern = try? MXPattern(value)
        #expect(pattern?.description == expected)
        let text = "version: STSv1\nmode: enforce\nmx: good.example\nmx: \(value)\nmax_age: 1\n"
        #expect(isValid(text) == (expected != nil))
        #expect(isValid(text.replacing("enforce", with: "none")) == (expected != nil), "in mode none as well")
        if expected == nil { #expect(summary(text).hasPrefix("line 4: the mx value \"\(value)\"")) }
    }

    @Test("STS-29 EDGE-32 a wildcard stands for exactly one label in front")
    func wildcard() throws {
        let pattern = try MXPattern("*.example.com")
        #expect(pattern.matches(domainName("mail.example.com")))
        #expect(pattern.matches(domainName("MAIL.Example.COM.")))
        #expect(!pattern.matches(domainName("example.com")))
        #expect(!pattern.matches(domainName("a.b.example.com")))
        #expect(!pattern.matches(domainName("mailexample.com")))
        #expect(!pattern.matches(domainName("com")))
    }

    @Test("STS-28 the first pattern that matches the MX record's name is given")
    func firstMatch() throws {
        let policy = try STSPolicy(
            parsing: policyText("version: STSv1", "mode: enforce", "mx: a.example", "mx: *.example", "max_age: 9"))
        #expect(policy.pattern(matching: domainName("a.example"))?.description == "a.example")
        #expect(policy.pattern(matching: domainName("b.example"))?.description == "*.example")
        #expect(policy.pattern(matching: domainName("b.example.net")) == nil)
    }

    @Test("STS-14 the text has a limit, and so has the number of mx lines")
    func limits() {
        let head = Array((Self.enforce + "x: ").utf8)
        func text(_ count: Int) -> [UInt8] { head + [UInt8](repeating: 0x61, count: count - head.count) }
        #expect(summary(text(STSPolicy.textLimit)) == "enforce 604800 mail.example.com")
        #expect(summary(text(STSPolicy.textLimit + 1)) == "the policy is longer than 65536 octets: shorten it")
        func lines(_ count: Int) -> String {
            "version: STSv1\nmode: enforce\nmax_age: 1\n" + (1...count).map { "mx: m\($0).example\n" }.joined()
        }
        #expect(isValid(lines(STSPolicy.patternLimit)))
        #expect(
            summary(lines(STSPolicy.patternLimit + 1)) == "line 1004: there are more than 1000 mx lines: use wildcards")
    }
}
