import Foundation
import Testing

@testable import Relay

@Suite("Configuration faults")
struct ConfigurationFaultTests {
    private static let levels = #""trace", "debug", "info", "notice", "warning", "error", "critical""#

    @Test(
        "one fault: place, key, what is wrong, cure",
        arguments: [
            ("[intake]\nlisen = 1", "f:2:1: intake.lisen: there is no such key. Did you mean listen?"),
            ("[intake]\nxyzzyx = 1", "f:2:1: intake.xyzzyx: there is no such key. The keys of [intake] are listen, "),
            (
                "[intake]\nlifetime = 1",
                "f:2:1: intake.lifetime: there is no such key. It belongs in [retry] or [[queue.rule]]."
            ),
            (
                "lifetime = 1",
                "f:1:1: lifetime: there is no such key outside of a section. It belongs in [retry] or "
                    + "[[queue.rule]]."
            ),
            (
                "whatever = 1",
                "f:1:1: whatever: there is no such key outside of a section. Put it behind its [section]."
            ),
            ("\n[tsl]\na = 1", "f:2:2: tsl: there is no such section. Did you mean [tls]?"),
            (
                "[[intake]]\n",
                "f:1:3: intake: must be a table, but is a list. Begin it with [intake] on a line of its own."
            ),
            ("intake = 3", "f:1:1: intake: must be a table, but is a number. "),
            ("[log]\nlevel = \"inof\"", "f:2:9: log.level: \"inof\" is none of "),
            ("[log]\nlevel = 3", "f:2:9: log.level: must be a text in quotes, but is a number. "),
            (
                "[delivery]\nipv6 = \"yes\"",
                "f:2:8: delivery.ipv6: must be true or false, but is a text. Write true or false"
            ),
            (
                "[delivery]\n  port  =  \"25\"",
                "f:2:12: delivery.port: must be a port number without quotes, but is a text. "
            ),
            (
                "[retry]\nminimum = 300",
                "f:2:11: retry.minimum: must be a span of time in quotes, with its unit, but is a number. Write it like this: \"5m\"."
            ),
            ("[retry]\nminimum = \"5 min\"", "f:2:11: retry.minimum: \"5 min\" is no span of time. "),
            (
                "[retry]\nminimum = 2020-01-01",
                "f:2:11: retry.minimum: must be a span of time in quotes, with its unit, but is a date or time. "
            ),
            (
                "[intake]\nlisten = [ \"127.0.0.1:25\",\n  \"localhost:25\" ]",
                "f:3:3: intake.listen[1]: \"localhost:25\" is no address with a port"
            ),
            (
                "[intake]\nlisten = \"127.0.0.1:25\"",
                "f:2:10: intake.listen: must be a list in brackets, but is a text. "
            ),
            (
                "[dns.unbound]\n\"edns-buffer-size\" = \"1\"",
                "f:2:22: dns.unbound.edns-buffer-size: the name of an option ends in a colon. Write \"edns-buffer-size:\"."
            ),
            (
                "[dns]\nunbound = { \"a:\" = 1 }",
                "f:2:20: dns.unbound.\"a:\": must be a text in quotes, but is a number. "
            ),
            ("[intake]\ntls_key = \"/k\"", "f:2:11: intake.tls_key: is set without intake.tls_certificate. "),
            ("[intake]\ntls_certificate = \"/k\"", "f:2:19: intake.tls_certificate: is set without intake.tls_key. "),
            ("[retry]\nminimum = \"3h\"", "f:2:11: retry.minimum: is longer than retry.maximum. Choose at most 2h."),
            (
                "[intake]\nconnection_limit = 49",
                "f: intake.client_connection_limit: is greater than intake.connection_limit. Choose at most 49."
            ),
            ("[retry]\nlifetime = \"4h\"", "f: retry.delayed_after: is not shorter than retry.lifetime. "),
            (
                "[delivery]\nipv6 = false\nsource_ipv6 = \"::1\"",
                "f:3:15: delivery.source_ipv6: is set while delivery.ipv6 is false. "
            ),
            // What a terminal obeys is not repeated as it is.
            (
                "[intake]\n\"a\\nb\\u001B \\\"\" = 1",
                "f:2:1: intake.\"a\\nb\\u001b \\\"\": there is no such key. "
            ),
            ("a = \"x\\u0000y\"", "f:1:7: a NUL has no place in a configuration. Remove it."),
            ("[log]\n# \0", "f:2:3: a NUL has no place in a configuration. "),
            ("[log]\r\na = \"x\\u0000\u{301}\"", "f:2:7: a NUL has no place in a configuration. "),
            ("[log]\r\n# \0\u{301}", "f:2:3: a NUL has no place in a configuration. "),
        ])
    func one(text: String, expected: String) {
        let faults = ConfigurationTests.faults(text)
        #expect(faults.count == 1)
        #expect(faults.first?.hasPrefix(expected) == true, "\(faults)")
    }

    @Test(
        "a word that is none of those is told of with the list once; an example is one of its key",
        arguments: [
            ("[log]\nlevel = \"warn\"", "f:2:9: log.level: \"warn\" is none of \(levels). Did you mean \"warning\"?"),
            ("[log]\nlevel = \"loud\"", "f:2:9: log.level: \"loud\" is none of \(levels). Choose one of these."),
            (
                "[log]\nlevels = { intake = \"inof\" }",
                "f:2:21: log.levels.intake: \"inof\" is none of \(levels). Did you mean \"info\"?"
            ),
            (
                "[store]\ndirectory = \"var/run\"",
                "f:2:13: store.directory: \"var/run\" is no absolute path. Write it like this: \"/var/lib/waxwing\"."
            ),
            (
                "[server]\nuser = \"-x\"",
                "f:2:8: server.user: \"-x\" is no name of a user. Write it like this: \"waxwing\"."
            ),
        ])
    func words(text: String, expected: String) { #expect(ConfigurationTests.faults(text) == [expected]) }

    @Test(
        "a fault of syntax has line and column, on one line",
        arguments: [
            ("[intake]\nlisten = [\n", 2), ("[intake\n", 1), ("a = 1\na = 2\n", 2), ("x = \"\u{1}\"\n", 1), ("=\n", 1),
            ("[=]\n", 1), ("[ü]\n", 1), ("\u{FEFF}[ü]\n", 1), ("\u{FEFF}\u{FEFF}[ü]\n", 1), ("[intake]\n[[ .x]]\n", 2),
            ("[\n]\n", 1), ("[#]", 1), ("[]\n", 1), ("s=[}", 1), ("s = [1,\n }", 2), ("s = [\u{85} 1]", 1),
            ("s = [1, \u{2028}]", 1), ("s = [[}]]", 1), ("s = 2020-01-01T+10:00\n", 1), ("s = 2020-01-01t_1:00", 1),
            ("s = 2020-01-01T", 1), ("s = 2020-01-01 1\n", 1), ("s = [2020-01-01 1]", 1),
            ("s = {a = 2020-01-01 1 }", 1),
            ("s = 2020_-01-01 1#", 1), ("s = 2020-01-01 1\u{2028}", 1), ("s=2021-0--\u{10}1 1\n", 1),
            ("s=20;0-01-01 1", 1),
            ("s = 2020-01-01\(underscores(117)) 1x", 1),
            ("s = 2020-01-01\(underscores(200))\n", 1), ("s = 1\(underscores(200))\n", 1),
        ])
    func syntax(text: String, line: Int) {
        do throws(ConfigurationError) {
            _ = try Configuration.parse(text: text, file: "f")
            Issue.record("it was taken")
        } catch {
            #expect(error.faults.count == 1)
            #expect(error.faults.first?.place?.line == line, "\(error)")
            #expect(error.description.contains("not TOML: "))
            #expect(!error.description.contains("\n"))
        }
    }

    private static func underscores(_ count: Int) -> String { String(repeating: "_", count: count) }

    @Test(
        "what the parser proper can be trusted with is left to it",
        arguments: [
            ("s = 2020-01-01 10:00:00", nil), ("s = 2020-01-01T10:00:00.5+01:00", nil), ("s = 2020-01-01 # 1", nil),
            ("s = 10:00:00", nil), ("s = 1e-5", nil), ("s = -1_000", nil), ("s = [ 1, \"T\", [ ], {} ]", nil),
            ("s = \(String(repeating: "1", count: 64))", nil),
            ("s = \(String(repeating: "1", count: 65))", "more than 64 characters without quotes are no value"),
            ("s = 0.\(String(repeating: "1", count: 63))", "more than 64 characters without quotes are no value"),
            ("s = 2020-01-01 1", "a date with half a time behind it"),
            ("s = 2020-01-01\u{85}1", "a character that is part of no value"), ("s = 2020-01-01\t1", nil),
            ("s = 20;", "a character that is part of no value"),
            ("s = 2020-01-01T", "a date with half a time behind it"), ("s = [1, }", "a list has no value here"),
        ])
    func unreadable(text: String, problem: String?) {
        #expect(KeyLocator.places(in: text).unreadable?.problem == problem)
    }

    @Test("all faults at once, in the order of the file")
    func all() {
        let text = """
            [retry]
            jitter = 3
            [intake]
            listen = [1, "x", "127.0.0.1:25"]
            nonsense_key_here = 1
            [intake2]
            """
        let faults = ConfigurationTests.faults(text)
        let keys = faults.map { $0.split(separator: ": ")[0] + " " + $0.split(separator: ": ")[1] }
        #expect(
            keys == [
                "f:2:10 retry.jitter", "f:4:11 intake.listen[0]", "f:4:14 intake.listen[1]",
                "f:5:1 intake.nonsense_key_here", "f:6:2 intake2",
            ])
    }

    @Test("files that are missing or unreadable are found by check, with their place")
    func files() throws {
        let text = "[dns]\nroot_hints = \"/ca\"\n[store]\ndirectory = \"/queue\"\n"
        let configuration = try Configuration.parse(text: text, file: "f")
        let survey = FileSurvey { path, use in
            switch (path, use) {
            case ("/ca", .workerFile): .absence
            case ("/queue", .writableDirectory): .noFolder
            default: nil
            }
        }
        #expect(
            configuration.check(files: survey).map(\.description) == [
                "f:4:13: store.directory: /queue is no directory. Move it out of the way, or choose another folder.",
                "f:2:14: dns.root_hints: /ca does not exist. Correct the path, or let the user of relayd read the file.",
            ])
        #expect(configuration.check(files: FileSurvey { _, _ in nil }).isEmpty)
    }

    @Test("the system's survey tells files, directories and nothing apart")
    func survey() {
        func problem(_ path: String, _ use: FileSurvey.Use) -> String? {
            FileSurvey.system.problem(path, use)?.description
        }
        #expect(problem("/etc/passwd", .readableFile) == nil)
        #expect(problem("/etc", .readableFile) == "is a directory")
        #expect(problem("/etc/passwd", .writableDirectory) == "is no directory")
        #expect(problem("/nonexistent/x", .readableFile) == "does not exist")
    }

    @Test("an open relay is warned of")
    func warnings() throws {
        let text = "[intake]\nnetworks = [\"0.0.0.0/0\"]"
        let warnings = try Configuration.parse(text: text, file: "f").warnings
        #expect(warnings.contains { $0.contains("0.0.0.0/0: anybody may send mail") })
        // Of the defaults only what is not set up.
        #expect(Configuration().warnings.allSatisfy { $0.hasPrefix("no TLS-RPT reports are sent") })
    }

    @Test(
        "nesting: at the limit, and one past it",
        arguments: [
            ("[dns.unbound]\n\"a:\"=", "[", "]", 61), ("dns.unbound.x = ", "{y=", "}", 61),
            ("x = ", "[\n", "\n]", 63),
        ])
    func nesting(start: String, open: String, close: String, count: Int) {
        func text(_ count: Int) -> String {
            start + String(repeating: open, count: count) + "[]" + String(repeating: close, count: count)
        }
        let words = "is nested more deeply than any configuration. Is it the right file?"
        #expect(!ConfigurationTests.faults(text(count)).contains { $0.hasSuffix(words) })
        #expect(ConfigurationTests.faults(text(count + 1)).map { $0.hasSuffix(words) } == [true])
    }

    @Test("dots and brackets in texts nest nothing; those of keys do, by line and column")
    func shallow() {
        let names = String(repeating: "[a.b.c{", count: 1000)
        #expect(ConfigurationTests.faults("[log] # \(names)\nformat = \"text\" # \(names)").isEmpty)
        #expect(ConfigurationTests.faults("[store]\ndirectory = \"/\(String(repeating: "a.", count: 1000))\"").isEmpty)
        let dots = String(repeating: "a.", count: 100_000) + "a"
        let words = ": is nested more deeply than any configuration. Is it the right file?"
        #expect(ConfigurationTests.faults("\(dots) = 1") == ["f:1:131\(words)"])
        #expect(ConfigurationTests.faults("[\(dots)]") == ["f:1:132\(words)"])
    }

    @Test("load: missing, too large by one octet, not UTF-8")
    func load() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "conf-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        func load(_ bytes: Foundation.Data) throws -> Configuration {
            let file = directory.appending(path: "relayd.toml")
            try bytes.write(to: file)
            return try Configuration.load(path: file.path)
        }
        func fault(_ body: () throws -> Configuration) -> ConfigurationFault? {
            do {
                _ = try body()
                return nil
            } catch {
                return (error as? ConfigurationError)?.faults.first
            }
        }
        let pipe = directory.appending(path: "pipe").path
        #expect(mkfifo(pipe, 0o600) == 0)
        // Nobody writes to it: reading it would never end.
        let waits = fault { try Configuration.load(path: pipe) }
        #expect(waits?.problem.contains("a pipe or a device") == true)
        let missing = fault { try Configuration.load(path: directory.appending(path: "none").path) }
        #expect(missing?.problem == "cannot be opened: No such file or directory")
        let limit = Configuration.fileSizeLimit
        let full = Foundation.Data(repeating: UInt8(ascii: " "), count: limit)
        #expect(try load(full) == Configuration())
        #expect(fault { try load(full + [UInt8(ascii: " ")]) }?.problem == "has more than 8 MiB")
        let crooked = Foundation.Data("[log]\n# ab".utf8) + [0xFF]
        #expect(fault { try load(crooked) }?.place == TextPlace(line: 2, column: 5))
    }
}
