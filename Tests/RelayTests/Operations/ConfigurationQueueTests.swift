import Logging
import Mail
import Net
import Testing

@testable import Relay

@Suite("Configuration of the queue, the trace, metrics and levels")
struct ConfigurationQueueTests {
    static let rule = "[[queue.rule]]\n"

    static func parsed(_ text: String) throws -> Configuration {
        try Configuration.parse(text: text, file: "f")
    }

    @Test("D19 rules are read as they are written")
    func rules() throws {
        let configuration = try Self.parsed(
            """
            [[queue.rule]]
            destination = "*.Example.org"
            sender = "News@example.org"
            priority = "high"
            retry_minimum = "1m"
            retry_maximum = "10m"
            lifetime = "1h"
            delayed_after = "0"
            [[queue.rule]]
            mx = "*.mail.example.net"
            connections = 10
            rate = "600/1m"
            [[queue.rule]]
            destination = "*"
            failure = "policy"
            lifetime = "1d"
            [[queue.rule]]
            destination = "example.org"
            rate = ""
            """)
        let name = try DomainName("example.org")
        let expected = [
            QueueRule(
                destination: .below(name),
                sender: .mailbox(Mailbox(localPart: "News", domain: .name(name))), priority: .high, retryMinimum: 60,
                retryMaximum: 600, lifetime: 3600, delayedAfter: 0),
            QueueRule(
                mx: .below(try DomainName("mail.example.net")), connections: 10,
                rate: Rate(count: 600, seconds: 60).map(RateLimit.atMost)),
            QueueRule(destination: .any, failure: .policy, lifetime: 86_400),
            QueueRule(destination: .exactly(name), rate: .unlimited),
        ]
        #expect(configuration.queue.writtenRules.map(\.rule) == expected)
        #expect(configuration.queueRules == QueueRules(expected))
    }

    @Test(
        "a sender's spellings",
        arguments: [
            ("<>", "<>"), ("a@b.test", "a@b.test"), ("@B.test", "@b.test"), ("*@b.test", "@b.test"),
            ("@*.b.test", "@*.b.test"), ("*@*.b.test", "@*.b.test"),
        ])
    func senders(written: String, spelled: String) throws {
        let form = ValueForm<SenderPattern>.sender
        let pattern = try form.read(.string(written))
        #expect(form.spell(pattern) == "\"\(spelled)\"")
        #expect(try form.read(.string(spelled)) == pattern)
    }

    @Test("levels of stations, the trace switched off, metrics elsewhere")
    func others() throws {
        let configuration = try Self.parsed(
            """
            [log]
            level = "warning"
            format = "json"
            levels = { delivery = "debug", report = "error" }
            [trace]
            size = "0"
            keep = "1h"
            [metrics]
            listen = "192.0.2.1:9000"
            [delivery]
            site_connections = 10000
            connection_limit = 10000
            """)
        #expect(configuration.log.level(of: .delivery) == .debug && configuration.log.level(of: .report) == .error)
        #expect(configuration.log.level(of: .intake) == .warning && configuration.log.format == .json)
        #expect(!configuration.trace.isOn && Configuration().trace.isOn)
        #expect(configuration.metrics.listen?.description == "192.0.2.1:9000")
        #expect(configuration.warnings.contains { $0.hasPrefix("metrics.listen is 192.0.2.1:9000, no loopback") })
        #expect(configuration.warnings.contains { $0.hasPrefix("trace.keep has no effect") })
        #expect(!Configuration().warnings.contains { $0.contains("metrics") || $0.contains("trace") })
        #expect(try Self.parsed("[metrics]\nlisten = \"\"").metrics.listen == nil)
    }

    @Test(
        "one fault: place, key, what is wrong, cure",
        arguments: [
            (
                "connections = 1",
                "f:1:9: queue.rule[0]: names neither destination nor sender nor mx nor failure. Add destination"
            ),
            ("sender = \"@a.test\"", "f:1:9: queue.rule[0]: sets nothing. Add priority, "),
            (
                "failure = \"policy\"\npriority = \"high\"",
                "f:3:12: queue.rule[0].priority: stands with failure, but it is set when mail comes in. "
            ),
            ("mx = \"a.test\"\npriority = \"high\"", "f:3:12: queue.rule[0].priority: stands with mx, "),
            (
                "mx = \"a.test\"\ndestination = \"b.test\"\nrate = \"1/1s\"",
                "f:4:8: queue.rule[0].rate: stands with both destination and mx. Make two rules of it."
            ),
            (
                "sender = \"@a.test\"\ndestination = \"b.test\"\nconnections = 2",
                "f:4:15: queue.rule[0].connections: stands with sender, but a limit is for a destination. "
            ),
            (
                "failure = \"dns\"\ndestination = \"b.test\"\nconnections = 2",
                "f:4:15: queue.rule[0].connections: stands with failure, but a limit is for whatever happens. "
            ),
            ("mx = \"a.test\"\nlifetime = \"1h\"", "f:3:12: queue.rule[0].lifetime: stands with mx, which goes with "),
            (
                "failure = \"dns\"\ndelayed_after = \"1h\"",
                "f:3:17: queue.rule[0].delayed_after: stands with failure, but a delay is told whatever the cause. "
            ),
            (
                "mx = \"*\"\nconnections = 1",
                "f:2:6: queue.rule[0].mx: is \"*\", which is every site. Set delivery.site"
            ),
            (
                "mx = \"[192.0.2.1]\"\nconnections = 1",
                "f:2:6: queue.rule[0].mx: is an address; an MX host has a name. "
            ),
            (
                "destination = \"[192.0.2.1]\"\nconnections = 1",
                "f:2:15: queue.rule[0].destination: \"[192.0.2.1]\" is "
            ),
            (
                "sender = \"a\"\npriority = \"high\"",
                "f:2:10: queue.rule[0].sender: \"a\" is neither a mail address nor "
            ),
            ("sender = \"@*\"\npriority = \"high\"", "f:2:10: queue.rule[0].sender: \"@*\" has no domain name behind "),
            ("failure = \"tls\"\nlifetime = \"1h\"", "f:2:11: queue.rule[0].failure: \"tls\" is none of \"policy\", "),
            ("destination = \"*\"\nconnections = 0", "f:3:15: queue.rule[0].connections: 0 is out of range. "),
            ("destination = \"*\"\nconnections = 10001", "f:3:15: queue.rule[0].connections: 10001 is out of range. "),
            (
                "destination = \"*\"\nconnections = 1001",
                "f:3:15: queue.rule[0].connections: is greater than delivery.connection_limit. Choose at most 1000."
            ),
            (
                "destination = \"*\"\nretry_minimum = \"1h\"\nretry_maximum = \"1m\"",
                "f:3:17: queue.rule[0].retry_minimum: is longer than retry_maximum. Choose at most 60s."
            ),
            (
                "destination = \"*\"\nretry_minimum = \"1h\"\nlifetime = \"1h\"",
                "f:4:12: queue.rule[0].lifetime: ends before the first retry (retry_minimum). Choose more than 1h."
            ),
            (
                "destination = \"*\"\ndelayed_after = \"1h\"\nlifetime = \"1h\"",
                "f:3:17: queue.rule[0].delayed_after: is not shorter than lifetime. Choose less than 1h, or \"0\""
            ),
            (
                "destination = \"*\"\nprioritiy = \"high\"",
                "f:3:1: queue.rule[0].prioritiy: there is no such key. Did you"
            ),
            (
                "sender = \"A@a.test\"\npriority = \"high\"\n[[queue.rule]]\nsender = \"a@a.test\"\nlifetime = \"1h\"",
                "f:4:9: queue.rule[1]: is for the same mail as the rule in line 1. Make one rule of the two."
            ),
        ])
    func ruleFaults(text: String, expected: String) {
        let faults = ConfigurationTests.faults(Self.rule + text)
        #expect(faults.count == 1 && faults.first?.hasPrefix(expected) == true, "\(faults)")
    }

    @Test(
        "faults elsewhere",
        arguments: [
            ("[delivery]\nsite_connections = 0", "f:2:20: delivery.site_connections: 0 is out of range. "),
            ("[delivery]\nsite_connections = 10001", "f:2:20: delivery.site_connections: 10001 is out of range. "),
            (
                "[delivery]\nsite_connections = 1001",
                "f:2:20: delivery.site_connections: is greater than delivery.connection_limit. Choose at most 1000."
            ),
            ("[trace]\nkeep = \"59m\"", "f:2:8: trace.keep: 59m is out of range. "),
            ("[trace]\nsize = \"9 MB\"", "f:2:8: trace.size: 9 MB is out of range. "),
            (
                "[metrics]\nlisten = \"localhost:9425\"",
                "f:2:10: metrics.listen: \"localhost:9425\" is no address with a"
            ),
            (
                "[metrics]\nlisten = \"127.0.0.1:0\"",
                "f:2:10: metrics.listen: \"127.0.0.1:0\" is no address with a port"
            ),
            ("[metrics]\nlisten = \"unix:/m\"", "f:2:10: metrics.listen: \"unix:/m\" is no address with a port"),
            (
                "[metrics]\nlisten = \"127.0.0.1:2525\"",
                "f:2:10: metrics.listen: 127.0.0.1:2525 is listened on by the intake already. Choose another port."
            ),
            (
                "[log]\nlevels = { deliver = \"debug\" }",
                "f:2:12: log.levels.deliver: there is no such station. Did you mean delivery?"
            ),
            ("[log]\nlevels = { delivery = \"loud\" }", "f:2:23: log.levels.delivery: \"loud\" is none of \"trace\", "),
            ("[log]\nlevels = \"debug\"", "f:2:10: log.levels: must be a table, but is "),
            ("[log.levels]\nintake = 1", "f:2:10: log.levels.intake: must be a text in quotes, but is "),
        ])
    func otherFaults(text: String, expected: String) {
        let faults = ConfigurationTests.faults(text)
        #expect(faults.count == 1 && faults.first?.hasPrefix(expected) == true, "\(faults)")
    }

    @Test("ten thousand rules are read; one more is refused")
    func limit() throws {
        func text(_ count: Int) -> String {
            (0..<count).map { "[[queue.rule]]\ndestination = \"d\($0).test\"\nconnections = 1\n" }.joined()
        }
        #expect(try Self.parsed(text(QueueRules.limit)).queue.writtenRules.count == QueueRules.limit)
        #expect(ConfigurationTests.faults(text(QueueRules.limit + 1)).count == 1)
    }
}
