import ArgumentParser
import Foundation
import Mail
import Relay
import Testing

@testable import relayctl

/// Exit codes of command lines, without a daemon and without a network. What they print goes to the test's own output.
@Suite("Command lines", .serialized)
struct ArgumentTests {
    private static let record = "v=STSv1; id=1;"

    @Test(
        "exit codes",
        arguments: [
            ([], 64), (["nonsense"], 64), (["--nonsense"], 64), (["--version"], 0), (["--help"], 0),
            (["help", "probe"], 0),
            (["policy"], 64), (["policy", "a..b"], 64), (["policy", "--local", "--daemon", "d.example"], 64),
            (["policy", "d.example", "extra"], 64), (["policy", "--help"], 0),
            (["policy", "--daemon", "d.example", "--socket", "/nowhere"], 69),
            (["policy", "--local", "d.example", "--config", "/nowhere"], 64),
            (["probe"], 64), (["probe", "a..b"], 64), (["probe", "d.example", "--port", "0"], 64),
            (["probe", "d.example", "--port", "65536"], 64), (["probe", "d.example", "--timeout", "0"], 64),
            (["probe", "d.example", "--timeout", "601"], 64), (["probe", "d.example", "--host", "a..b"], 64),
            (["probe", "d.example", "--socket", "/nowhere"], 64), (["policy", ""], 64),
            (["policy", "[127.1.2.1]"], 64),
            (["policy", "user@d.example"], 64), (["probe", "--help"], 0),
            (["sts"], 64), (["sts", "--help"], 0), (["sts", "lint", "/nowhere"], 64), (["sts", "lint", "--help"], 0),
            (["sts", "record"], 64), (["sts", "record", record], 0), (["sts", "record", record, "--json"], 0),
            (["sts", "record", "--json", record], 0), (["sts", "record", "v=STSv1;"], 1),
            (["sts", "record", "\"\(record)\""], 1),
            (["sts", "match", "/nowhere"], 64), (["sts", "match", "/nowhere", "mx.example"], 64),
            (["sts", "match", "/nowhere", "a..b"], 64),
            (["sts", "cache", "--limit", "0"], 64), (["sts", "cache", "--socket", "/nowhere"], 69),
            (["sts", "refresh"], 64), (["sts", "refresh", "a..b"], 64),
            (["sts", "refresh", "--socket", "/nowhere", "d.example"], 69),
            (["tlsrpt"], 64), (["tlsrpt", "record"], 64),
            (["tlsrpt", "record", "v=TLSRPTv1; rua=mailto:a@b.example"], 0),
            (["tlsrpt", "record", "v=TLSRPTv1"], 1),
            (["dane"], 64), (["dane", "check"], 64),
            (["dane", "check", "--host", "mx.example", "--chain", "/nowhere"], 64),
            (["dane", "check", "--host", "mx.example", "--chain", "/nowhere", "--tlsa", "3 1 1"], 64),
            (["dane", "check", "--host", "mx.example", "--chain", "/nowhere", "--tlsa", "3 1 1 ab"], 64),
            (["dane", "check", "--host", "a..b", "--chain", "/nowhere", "--tlsa", "3 1 1 ab"], 64),
            (["dane", "check", "--host", "mx.example", "--chain", "/dev/null", "--tlsa", "3 1 1 ab"], 64),
            (
                [
                    "dane", "check", "--host", "mx.example", "--chain", "/dev/null", "--tlsa", "3 1 1 ab", "--at",
                    "soon",
                ], 64
            ),
            (["status", "--socket", "/nowhere"], 69), (["queue", "--limit", "0"], 64),
        ] as [([String], Int32)])
    func exitCodes(arguments: [String], code: Int32) async {
        #expect(await Relayctl.run(arguments).code == code, "\(arguments)")
    }

    @Test(
        "sts lint and sts match on files",
        arguments: [
            ("version: STSv1\nmode: enforce\nmax_age: 604800\nmx: mx.example\n", 0, 0),
            ("version: STSv1\r\nmode: testing\r\nmax_age: 1\r\nmx: *.example", 0, 0),
            ("version: STSv1\nmode: enforce\nmax_age: 604800\nmx: other.example\n", 0, 1),
            ("version: STSv1\nmode: enforce\n", 1, 1), ("", 1, 1),
        ] as [(String, Int32, Int32)])
    func files(policy: String, lint: Int32, match: Int32) async throws {
        let path = NSTemporaryDirectory() + "policy-\(UUID().uuidString.prefix(8))"
        try policy.write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(await Relayctl.run(["sts", "lint", path]).code == lint)
        #expect(await Relayctl.run(["sts", "lint", "--json", path]).code == lint)
        #expect(await Relayctl.run(["sts", "match", path, "MX.example."]).code == match)
        #expect(await Relayctl.run(["sts", "match", path, "--json", "mx.example"]).code == match)
    }

    /// A rule that may not be misread: by the defaults nothing of it would hold.
    private static let broken = "[tls]\nminimum_levle = \"authenticated\"\n"

    @Test("a broken configuration is no reason to answer by the defaults: it is shown, and ends what needs it")
    func brokenConfiguration() async throws {
        let path = NSTemporaryDirectory() + "relayd-\(UUID().uuidString.prefix(8)).toml"
        try Self.broken.write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        for name in [path, nil] {
            #expect {
                try ChosenConfiguration(named: name, usualPath: path)
            } throws: { error in
                guard let failure = error as? Failure else { return false }
                return failure.status.code == 78 && failure.message.contains("\(path):2:")
                    && failure.message.contains("minimum_level")
            }
        }
        for command in [
            ["policy", "d.example", "--local"], ["policy", "d.example"], ["probe", "d.example"], ["status"],
        ] {
            #expect(await Relayctl.run(command + ["--config", path]).code == 78, "\(command)")
        }
        // The daemon is asked where its socket is named, whatever our file says.
        #expect(await Relayctl.run(["status", "--socket", "/nowhere", "--config", path]).code == 69)
    }

    @Test("the defaults hold where there is no configuration, and nowhere else")
    func absentConfiguration() throws {
        let place = NSTemporaryDirectory() + "conf-\(UUID().uuidString.prefix(8))"
        let chosen = try ChosenConfiguration(named: nil, usualPath: place)
        #expect(chosen.value == Configuration())
        #expect(chosen.words == "the defaults (there is no \(place))")
        #expect(throws: Failure.self) { try ChosenConfiguration(named: place) }
        // There, and not to be read: a directory, or a way to it through a file.
        #expect(throws: Failure.self) { try ChosenConfiguration(named: nil, usualPath: NSTemporaryDirectory()) }
        #expect(throws: Failure.self) { try ChosenConfiguration(named: nil, usualPath: "/dev/null/relayd.toml") }

        try "[tls]\nminimum_level = \"encrypted\"\n".write(toFile: place, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: place) }
        let named = try ChosenConfiguration(named: nil, usualPath: place)
        #expect(named.value.tls.minimumLevel == .encrypted)
        #expect(named.words == "the configuration \(place)")
        #expect(try ChosenConfiguration(named: place).value == named.value)
    }

    @Test("a file at the limit is read whole, one past it only as far as that")
    func limit() throws {
        let path = NSTemporaryDirectory() + "limit-\(UUID().uuidString.prefix(8))"
        try Data(repeating: 97, count: 100_001).write(to: URL(filePath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(try InputFile.read(path, limit: 100_002).count == 100_001)
        #expect(try InputFile.read(path, limit: 100_001).count == 100_001)
        #expect(try InputFile.read(path, limit: 100_000).count == 100_000)
    }

    @Test(
        "times",
        arguments: [
            ("0", 0), ("-5", -5), ("1970-01-02T00:00:00Z", 86_400), ("1970-01-01T01:00:00+01:00", 0), ("tomorrow", nil),
            ("", nil),
        ] as [(String, Int64?)])
    func times(text: String, seconds: Int64?) {
        #expect((try? Arguments.time(text))?.seconds == seconds)
    }

    @Test(
        "what is no domain is said in words, and cannot steer the terminal",
        arguments: [
            ("", "\"\" is no domain name"), ("a\u{1B}[2J\nb", "\"a\\u{1b}[2J\\nb\" is no domain name"),
            ("user@good.example", "\"user@good.example\" is no domain name: did you mean good.example?"),
            ("user@", "\"user@\" is no domain name"),
            ("[192.0.2.1]", "\"[192.0.2.1]\" is no domain name. Mail to an address"),
        ])
    func words(text: String, expected: String) {
        let failure = #expect(throws: Failure.self) { try Arguments.domainName(text) }
        #expect(failure?.message.hasPrefix(expected) == true, "\(failure?.message ?? "")")
        #expect(failure?.status == .usage)
    }

    @Test("U-labels are taken")
    func labels() throws {
        #expect(try Arguments.domainName("Bücher.example").text == "xn--bcher-kva.example")
    }

    @Test(
        "a day is one that has begun, in UTC",
        arguments: [
            ("2026-11-21", 1_795_305_599, nil), ("2026-11-22", 1_795_305_600, nil), ("2020-02-29", 1_795_305_600, nil),
            ("2026-11-22", 1_795_305_599, "--day 2026-11-22 has not begun: today is 2026-11-21 (UTC), "),
            ("yesterday", 0, "--day \"yesterday\" is no day: write it as 2026-11-21"),
            ("2026-02-30", 0, "--day \"2026"),
        ] as [(String, Int64, String?)])
    func day(text: String, now: Int64, fault: String?) throws {
        guard let fault else {
            #expect(try Arguments.day(text, now: WallTime(seconds: now)).description == text)
            return
        }
        let error = #expect(throws: ValidationError.self) { try Arguments.day(text, now: WallTime(seconds: now)) }
        #expect(error?.message.hasPrefix(fault) == true, "\(error?.message ?? "")")
    }

    @Test("a wrong day is told with the usage of its command", arguments: ["send", "preview"])
    func usageOfDay(command: String) async {
        for day in ["x", "9999-12-31"] {
            let error = #expect(throws: (any Error).self) {
                try Relayctl.parseAsRoot(["tlsrpt", command, "--day", day])
            }
            let words = error.map { Relayctl.fullMessage(for: $0) } ?? ""
            #expect(words.contains("Usage: relayctl tlsrpt \(command) "), "\(words)")
            #expect(await Relayctl.run(["tlsrpt", command, "--day", day]) == .usage)
        }
    }
}
