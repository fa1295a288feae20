import Mail
import Net
import Synchronization

/// A decision that differs from the one made before for the same next hop and demand, or that was told an hour ago: what was
/// lost then is learned now.
struct SeenDecision: Sendable {
    let time: WallTime
    let decision: PolicyDecision
}

/// Somebody who learns from what deliveries see: history, alarms, exceptions.
protocol SightingReader: Sendable {
    /// In the order they were seen. May wait for the disk: deliveries do not wait for it.
    func learn(from sightings: [HostSighting], _ decisions: [SeenDecision]) async
}

/// Takes what deliveries see out of their way, and gives it to those who learn from it in batches.
///
/// Bounded: what comes while the readers are behind is counted and dropped, for mail does not wait for those who watch it.
final class Sightings: Sendable {
    /// Sightings, and decisions, that wait. Ours.
    static let limit = 8_192
    /// Octets of sightings, and of decisions, that wait: a stranger's zone makes one decision as large as three megabytes. Ours.
    static let weightLimit = 32 * 1024 * 1024
    /// How long they gather: readers write to the disk, and one write for many is cheaper.
    static let gathering: Duration = .milliseconds(250)

    private struct Waiting {
        var sightings = Weighed<HostSighting>()
        var decisions = Weighed<SeenDecision>()
        var dropped: Int64 = 0
    }

    /// What waits, with the octets it takes.
    private struct Weighed<Element: Sendable>: Sendable {
        private(set) var elements: [Element] = []
        private var weight = 0

        /// - Returns: false where there is no room.
        mutating func add(_ element: Element, _ octets: Int, upTo weightLimit: Int) -> Bool {
            guard elements.count < Sightings.limit, weight + octets <= weightLimit else { return false }
            elements.append(element)
            weight += octets
            return true
        }

        mutating func removeAll() {
            elements.removeAll(keepingCapacity: true)
            weight = 0
        }
    }

    private let waiting = Mutex(Waiting())
    private let readers: Mutex<[any SightingReader]>
    private let weightLimit: Int

    init(readers: [any SightingReader] = [], weightLimit: Int = Sightings.weightLimit) {
        self.readers = Mutex(readers)
        self.weightLimit = weightLimit
    }

    /// From the next batch on `reader` is given them too.
    func add(_ reader: any SightingReader) { readers.withLock { $0.append(reader) } }

    func note(_ sighting: HostSighting) {
        let octets = sighting.weight
        waiting.withLock { waiting in
            if !waiting.sightings.add(sighting, octets, upTo: weightLimit) { waiting.dropped += 1 }
        }
    }

    func note(_ decision: SeenDecision) {
        let octets = decision.decision.weight
        waiting.withLock { waiting in
            if !waiting.decisions.add(decision, octets, upTo: weightLimit) { waiting.dropped += 1 }
        }
    }

    /// What found no room since the start.
    var dropped: Int64 { waiting.withLock { $0.dropped } }

    /// Gives the readers what has come, until the task is cancelled; then what is left.
    func run(on loop: Loop) async {
        while !Task.isCancelled, await loop.pause(Self.gathering) { await handOver() }
        await handOver()
    }

    /// Gives the readers what has come until now.
    func handOver() async {
        let (sightings, decisions) = waiting.withLock { waiting in
            defer {
                waiting.sightings.removeAll()
                waiting.decisions.removeAll()
            }
            return (waiting.sightings.elements, waiting.decisions.elements)
        }
        if sightings.isEmpty, decisions.isEmpty { return }
        for reader in readers.withLock({ $0 }) { await reader.learn(from: sightings, decisions) }
    }
}
