import Testing

@testable import Mail

@Suite("Lint of MTA-STS policies") struct STSLintTests {
    private static let head = "version: STSv1\nmode: enforce\n"

    @Test(
        "what is valid and what is unwise",
        arguments: [
            ("sound", head + "max_age: 604800\nmx: mx.example\n", [] as [Int?]),
            ("no line end at the end", head + "max_age: 604800\nmx: mx.example", []),
            ("CRLF", "version: STSv1\r\nmode: enforce\r\nmax_age: 604800\r\nmx: mx.example\r\n", []),
            ("max_age of a day", head + "max_age: 86400\nmx: mx.example\n", []),
            ("one second less", head + "max_age: 86399\nmx: mx.example\n", [3]),
            ("testing", "version: STSv1\nmx: mx.example\nmode: testing\nmax_age: 604800\n", [3]),
            ("none", "version: STSv1\nmode: none\nmax_age: 604800\n", [2]),
            ("twice", head + "max_age: 604800\nmx: mx.example\nmx: MX.example\n", [5]),
            ("a single label", head + "max_age: 604800\nmx: mail\nmx: mx.example\n", [4]),
            ("hosts of strangers", head + "max_age: 604800\nmx: mx.example\nmx: *.com\n", [5]),
            ("several, in the order of the lines", head + "max_age: 1\nmx: mail\nmx: mail\n", [3, 4, 5]),
        ])
    func warnings(why: String, text: String, lines: [Int?]) throws {
        let lint = STSLint(Array(text.utf8))
        _ = try lint.result.get()
        #expect(lint.warnings.map(\.line) == lines, "\(why)")
    }

    @Test("an invalid text gets its fault and no warnings")
    func invalid() {
        let lint = STSLint(Array("version: STSv1\nmode: Enforce\nmax_age: 1\n".utf8))
        guard case .failure(let fault) = lint.result else {
            Issue.record("it is invalid")
            return
        }
        #expect(fault.line == 2)
        #expect(lint.warnings.isEmpty)
    }

    @Test("warnings at the limit and one past it", arguments: [STSLint.warningLimit, STSLint.warningLimit + 1])
    func limit(count: Int) {
        let text = Self.head + "max_age: 604800\n" + String(repeating: "mx: mail\n", count: count)
        #expect(STSLint(Array(text.utf8)).warnings.count == STSLint.warningLimit)
    }
}
