import Foundation
import Logging
import Mail
import Net
import Testing

@testable import Relay

@Suite("Configuration")
struct ConfigurationTests {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    static func committed(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    static func faults(_ text: String) -> [String] {
        do throws(ConfigurationError) {
            _ = try Configuration.parse(text: text, file: "f")
            return []
        } catch {
            return error.faults.map(\.description)
        }
    }

    // MARK: The committed files

    @Test("conf/relayd.toml is what the program prints")
    func sampleIsCurrent() throws {
        #expect(try Self.committed("conf/relayd.toml") == Configuration.sampleFile())
    }

    @Test("docs/configuration.md is what the program prints")
    func referenceIsCurrent() throws {
        #expect(try Self.committed("docs/configuration.md") == Configuration.referencePage())
    }

    @Test("the sample holds exactly the defaults, as it is and with every key uncommented")
    func sampleIsDefault() throws {
        let sample = try Self.committed("conf/relayd.toml")
        #expect(try Configuration.parse(text: sample, file: "f") == Configuration())
        let lines = sample.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.hasPrefix("#") && !line.hasPrefix("# ") && !line.hasPrefix("##") && line.count > 1
                ? line.dropFirst() : line
        }
        let full = try Configuration.parse(text: lines.joined(separator: "\n"), file: "f")
        #expect(full == Configuration())
        for section in ConfigurationSection.all {
            for key in section.keys where key.parts.isEmpty {
                #expect(full.places.key(key.path) != nil, "\(key.path)")
            }
        }
    }

    @Test("an empty file is the defaults")
    func empty() throws {
        #expect(try Configuration.parse(text: "", file: "f") == Configuration())
        #expect(Configuration().intake.networks.count == 2)
        #expect(Configuration().dns.selfTestBogus != nil)
    }

    @Test("every key reads its own spelling of its default, and its own example")
    func everyKey() throws {
        for section in ConfigurationSection.all {
            for key in section.keys {
                let text = "[\(section.name)]\n\(key.name) = \(key.defaultSpelling)\n"
                #expect(try Configuration.parse(text: text, file: "f") == Configuration(), "\(key.path)")
                guard key.path != "dns.unbound" else { continue }
                guard key.parts.isEmpty else {
                    // A list of tables: what the sample shows of it.
                    #expect(throws: Never.self, "\(key.path)") {
                        try Configuration.parse(text: "\(key.example)\n\(key.sample)\n", file: "f")
                    }
                    continue
                }
                let node = try TOMLNode.parse("x = \(key.example)")
                guard case .table(let entries) = node, let entry = entries.first else { continue }
                var configuration = Configuration()
                // An example may lie outside of the range of one key; it must be of the right form.
                do throws(ValueProblems) {
                    try key.read(entry.value, &configuration)
                } catch {
                    #expect(error.problems.allSatisfy { $0.text.contains("out of range") }, "\(key.path)")
                }
            }
        }
    }

    // MARK: Values

    @Test("values of each kind")
    func values() throws {
        let text = """
            server.hostname = "Relay.Example.ORG."
            intake = { listen = ["[::1]:25", "0.0.0.0:587"], message_limit = "256 KiB", long_lines = "pass" }
            [delivery]
            source_ipv6 = "2001:db8::1"
            command_timeout = "1m30s"
            loopback = true
            port = 2525
            [dns]
            forward = ["192.0.2.53@5353", "2001:db8::53"]
            self_test_bogus = ""
            [dns.unbound]
            "do-not-query-localhost:" = "no"
            [retry]
            jitter = 0
            delayed_after = 0
            [dsn]
            postmaster = "ops@example.org"
            [log]
            level = "debug"
            format = "text"
            [tls]
            minimum_version = "1.3"
            opportunistic_fallback = "never"
            """
        let configuration = try Configuration.parse(text: text, file: "f")
        var expected = Configuration()
        expected.server.hostname = try DomainName("relay.example.org")
        expected.intake.listen = [
            .address(.v6(high: 0, low: 1, port: 25, scope: 0)), .address(.v4(address: 0, port: 587)),
        ]
        expected.intake.messageLimit = 262_144
        expected.intake.longLines = .pass
        expected.delivery.sourceIPv6 = .v6(high: 0x2001_0DB8_0000_0000, low: 1)
        expected.delivery.commandTimeout = .seconds(90)
        expected.delivery.loopback = true
        expected.delivery.port = 2525
        expected.dns.forward = [
            ForwardAddress(.v4(0xC000_0235), port: 5353), ForwardAddress(.v6(high: 0x2001_0DB8_0000_0000, low: 0x53)),
        ]
        expected.dns.selfTestBogus = nil
        expected.dns.unbound = ["do-not-query-localhost:": "no"]
        expected.retry.jitter = 0
        expected.retry.delayedAfter = nil
        expected.dsn.postmaster = Mailbox(localPart: "ops", domain: .name(try DomainName("example.org")))
        expected.log.level = .debug
        expected.log.format = .text
        expected.tls.minimumVersion = .tls13
        expected.tls.opportunisticFallback = .never
        #expect(configuration == expected)
    }

    @Test(
        "durations",
        arguments: [
            ("90s", .seconds(90)), ("5m", .seconds(300)), ("1h30m", .seconds(5400)), ("5d", .seconds(432_000)),
            ("1d2h3m4s5ms", .milliseconds(93_784_005)), ("0", .zero), ("0s", .zero), ("250ms", .milliseconds(250)),
            ("", nil), ("5", nil), ("5 m", nil), ("m", nil), ("-5m", nil), ("5m5m", nil), ("30m1h", nil), ("1.5h", nil),
            ("5min", nil), ("5M", nil), ("1m ", nil), ("99999999999999999999d", nil), ("9223372036854775807d", nil),
            ("٣m", nil),
        ] as [(String, Duration?)])
    func durations(text: String, expected: Duration?) {
        #expect(DurationText.parse(text) == expected)
        if let expected { #expect(DurationText.parse(DurationText.spell(expected)) == expected) }
    }

    @Test(
        "spellings of durations",
        arguments: [
            (20, "20s"), (60, "60s"), (90, "90s"), (120, "2m"), (3600, "1h"), (5400, "1h30m"), (90_061, "1d1h1m1s"),
        ])
    func spelledDurations(seconds: Int, expected: String) {
        #expect(DurationText.spell(.seconds(seconds)) == expected)
    }

    @Test(
        "sizes",
        arguments: [
            ("35 MB", 35_000_000), ("1 GB", 1_000_000_000), ("256 KiB", 262_144), ("256KiB", 262_144), ("512 B", 512),
            ("1 kB", 1000), ("1 KB", 1000), ("2 TiB", 2_199_023_255_552), ("0", 0), ("", nil), ("35", nil), ("MB", nil),
            ("35 mb", nil), ("35  MB", nil), ("1.5 GB", nil), ("-1 B", nil), ("9223372036854775807 GB", nil),
            ("35 MB 1 B", nil),
        ] as [(String, Int?)])
    func sizes(text: String, expected: Int?) {
        #expect(SizeText.parse(text) == expected)
        if let expected { #expect(SizeText.parse(SizeText.spell(expected)) == expected) }
    }

    // MARK: Bounds: at the limit, and one past it

    @Test(
        "ranges",
        arguments: [
            ("intake.recipient_limit = 100", true), ("intake.recipient_limit = 99", false),
            ("intake.recipient_limit = 50000", true), ("intake.recipient_limit = 50001", false),
            ("delivery.port = 65535", true), ("delivery.port = 65536", false), ("delivery.port = 0", false),
            ("intake.queue_limit = 1000", true), ("intake.queue_limit = 999", false),
            ("intake.queue_limit = 100000000", true), ("intake.queue_limit = 100000001", false),
            ("store.minimum_free_inodes = 0", true), ("store.minimum_free_inodes = -1", false),
            ("store.minimum_free_inodes = 1000000000", true), ("store.minimum_free_inodes = 1000000001", false),
            ("intake.message_limit = \"64 KiB\"", true), ("intake.message_limit = \"65535 B\"", false),
            ("delivery.tls_timeout = \"10m\"", true), ("delivery.tls_timeout = \"10m1ms\"", false),
            ("delivery.tls_timeout = \"1s\"", true), ("delivery.tls_timeout = \"999ms\"", false),
            ("retry.jitter = 0.5", true), ("retry.jitter = 0.51", false), ("retry.jitter = nan", false),
            ("intake.listen = []", false), ("intake.listen = [\"127.0.0.1:0\"]", false), ("dns.forward = []", true),
            ("control.socket = \"/\(String(repeating: "a", count: 106))\"", true),
            ("control.socket = \"/\(String(repeating: "a", count: 107))\"", false),
            ("delivery.source_ipv4 = \"::1\"", false), ("delivery.source_ipv6 = \"127.0.0.1\"", false),
            ("intake.networks = [\"127.0.0.1/8\"]", false), ("dsn.from = \"a b@example.org\"", false),
            ("server.hostname = \"_x.example\"", false),
        ])
    func ranges(text: String, isRight: Bool) {
        #expect(Self.faults(text).isEmpty == isRight, "\(Self.faults(text))")
    }
}
