import DNS
import Foundation
import Mail
import Testing

@testable import Relay

/// An exposition as a test reads it: strict, so that what it takes a server takes.
struct ScrapeReading {
    struct Sample: Hashable {
        let name: String
        let labels: [String: String]
        let value: String
    }

    struct Broken: Error { let line: String }

    /// Types by the families' names.
    private(set) var types: [String: String] = [:]
    private(set) var samples: [Sample] = []
    private var helps: Set<String> = []

    init(_ text: String) throws {
        try #require(text.hasSuffix("\n"))
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() { try read(String(line)) }
    }

    private mutating func read(_ line: String) throws {
        if let match = line.wholeMatch(of: /# HELP ([a-z_]+) (\S.*)/) {
            guard helps.insert(String(match.1)).inserted else { throw Broken(line: line) }
        } else if let match = line.wholeMatch(of: /# TYPE ([a-z_]+) (counter|gauge|histogram)/) {
            let name = String(match.1)
            guard helps.contains(name), types[name] == nil else { throw Broken(line: line) }
            types[name] = String(match.2)
        } else if let match = line.wholeMatch(of: /([a-z_]+)(?:\{(.+)\})? ([0-9.eE+-]+|\+Inf|NaN)/) {
            var labels: [String: String] = [:]
            for label in (match.2 ?? "").matches(of: /([a-z_]+)="((?:[^"\\]|\\.)*)"(?:,|$)/) {
                labels[String(label.1)] = String(label.2)
            }
            let sample = Sample(name: String(match.1), labels: labels, value: String(match.3))
            guard family(of: sample.name) != nil,
                !samples.contains(where: { $0.name == sample.name && $0.labels == labels })
            else { throw Broken(line: line) }
            samples.append(sample)
        } else {
            throw Broken(line: line)
        }
    }

    /// The family that a sample's name belongs to.
    func family(of name: String) -> String? {
        if let type = types[name], type != "histogram" { return name }
        for suffix in ["_bucket", "_sum", "_count"] where name.hasSuffix(suffix) {
            let base = String(name.dropLast(suffix.count))
            if types[base] == "histogram" { return base }
        }
        return nil
    }

    func value(_ name: String, _ labels: [String: String] = [:]) -> String? {
        samples.first { $0.name == name && $0.labels == labels }?.value
    }

    /// Every value that a label of a family's samples has.
    func words(_ name: String, _ label: String) -> Set<String> {
        Set(samples.filter { $0.name == name }.compactMap { $0.labels[label] })
    }

    /// A scrape with every number known.
    static func full(_ metrics: Metrics = Metrics(listeners: ["127.0.0.1:2525"])) throws -> ScrapeReading {
        try ScrapeReading(metrics.text(with: .full))
    }
}

extension MetricsNumbers {
    /// Every number known.
    static var full: MetricsNumbers {
        var numbers = MetricsNumbers()
        numbers.queue = QueueGauges(messages: 1, quarantinedMessages: 2, held: 3)
        numbers.queue.restingMessages = 30
        numbers.queue.due = 4
        numbers.queue.deferred = 5
        numbers.queue.quarantined = 6
        numbers.queue.oldestDue = 7
        numbers.queue.activeDestinations = 8
        numbers.queue.downDestinations = 9
        numbers.queue.suspendedDestinations = 10
        numbers.store.freeBytes = 11
        numbers.store.floorBytes = 12
        numbers.store.freeInodes = 13
        numbers.store.commits = 14
        numbers.store.failedCommits = 15
        numbers.store.isJournalStuck = false
        numbers.store.unsettled = 16
        numbers.store.shortage = .inodes
        numbers.store.traceDropped = 17
        numbers.store.traceRecords = 18
        numbers.store.traceBytes = 19
        numbers.resolver.isRunning = true
        numbers.resolver.counters = ResolverCounters()
        numbers.resolver.openLookups = 20
        numbers.resolver.selfTest = .doesNotValidate("why")
        numbers.policies = [.enforce: 21]
        numbers.intakeConnections = 22
        numbers.deliveryConnections = 23
        numbers.certificates = [("127.0.0.1:2525", WallTime(seconds: 24))]
        numbers.observations = (25, 26)
        numbers.alarms = [.portBlocked: 1]
        numbers.process = .read(started: 27)
        numbers.version = "1"
        numbers.hostname = "relay.example"
        return numbers
    }
}
