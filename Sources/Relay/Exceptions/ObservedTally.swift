import Logging
import Mail
import Store

/// Counts what rules in mode `observe` would have done: for monitoring, and by rule and destination on disk.
actor ObservedTally: SightingReader {
    /// Rows that wait for a disk that takes none now; what comes beyond is not kept. Ours.
    static let limit = 10_000

    private struct Key: Hashable {
        let day: ReportDay
        let rule: String
        let destination: String
        let cause: String?
    }

    private let store: any WatchStore
    private let counter: CounterBy<ObservedLabel>
    private let log: Logger
    private var waiting: [Key: Int64] = [:]
    private var hasFailed = false

    init(store: any WatchStore, counter: CounterBy<ObservedLabel>, log: Logger) {
        self.store = store
        self.counter = counter
        self.log = log
    }

    func learn(from sightings: [HostSighting], _ decisions: [SeenDecision]) async {
        for sighting in sightings {
            for finding in sighting.shadows {
                guard finding.kind == .withObservedRules, let rule = finding.rule else { continue }
                counter.add(finding.refusal == nil ? .go : .refuse)
                let key = Key(
                    day: ReportDay(of: sighting.time), rule: rule,
                    destination: sighting.domain?.text ?? "[\(sighting.address)]",
                    cause: finding.refusal?.cause.rawValue)
                guard waiting[key] != nil || waiting.count < Self.limit else { continue }
                waiting[key, default: 0] += 1
            }
        }
        guard !waiting.isEmpty else { return }
        let counts = waiting
        waiting = [:]
        do throws(StoreError) {
            try await store.noteObserved(
                counts.map { key, number in
                    ObservedCount(
                        day: key.day, rule: key.rule, destination: key.destination, cause: key.cause,
                        connections: number)
                })
            hasFailed = false
        } catch {
            // With the next batch.
            waiting.merge(counts) { $0 + $1 }
            if !hasFailed { log.event(.error, LogLine("observed-store-failed").with("reason", "\(error)")) }
            hasFailed = true
        }
    }
}

/// `verdict` of waxwing_observed_total.
enum ObservedLabel: String, Hashable, Sendable, CaseIterable {
    case refuse, go
}
