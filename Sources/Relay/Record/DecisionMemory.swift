package import Mail
package import Store
import Synchronization

/// Which decision document each next hop has now: what is decided of it again and again is written down once.
///
/// Equal inputs that share their storage, as those of a warm cache do, are told apart from others in a microsecond; only new ones
/// are made into JSON.
package final class DecisionMemory: Sendable {
    /// Next hops and demands that are remembered; of others the document is made again. Ours.
    package static let limit = 10_000
    /// Octets of what is remembered: a stranger's zone decides how much some of it is. Ours.
    static let weightLimit = 64 * 1024 * 1024

    private struct Key: Hashable, Sendable {
        let nextHop: NextHop
        let demand: MessageDemand
    }

    private struct Entry: Sendable {
        var inputs: PolicyInputs
        let weight: Int
        let document: ToldDocument
        /// When those who learn from decisions heard of it last.
        let notedAt: WallTime

        /// There is nothing to do for it yet.
        func holds(at now: WallTime) -> Bool { document.holds(at: now) && !isToBeNoted(at: now) }

        /// What they lost, or have to confirm, they hear again.
        func isToBeNoted(at now: WallTime) -> Bool { !ToldDocument.isWithin(ToldDocument.telling, of: notedAt, now) }
    }

    private let table: Mutex<RecentTable<Key, Entry>>
    private let sightings: Sightings?

    /// Told of each decision that differs from the one before, and of all others once an hour.
    init(
        limit: Int = DecisionMemory.limit, weightLimit: Int = DecisionMemory.weightLimit, sightings: Sightings
    ) {
        table = Mutex(RecentTable(limit: limit, weightLimit: weightLimit, weigh: \.weight))
        self.sightings = sightings
    }

    /// For measurements: nobody learns from it.
    package init() {
        table = Mutex(RecentTable(limit: Self.limit, weightLimit: Self.weightLimit, weigh: \.weight))
        sightings = nil
    }

    /// The key of the document that says what was decided; nil where there is none. Never waits.
    /// - Parameter trace: nil where none is kept.
    package func key(of decision: PolicyDecision, in trace: TraceStore?, at now: WallTime) -> String? {
        let inputs = decision.inputs
        let place = Key(nextHop: inputs.facts.nextHop, demand: inputs.demand)
        guard let known = table.withLock({ $0.use(place) }) else {
            return note(decision, at: place, since: now, in: trace, now)
        }
        let isSame = known.inputs == inputs
        if isSame && known.holds(at: now) { return known.document.key }
        // By what decides, not by its document: that may be too long to be told apart.
        guard isSame || known.inputs.canonical == inputs.canonical else {
            return note(decision, at: place, since: now, in: trace, now)
        }
        if known.holds(at: now) {
            let entry = Entry(inputs: inputs, weight: inputs.weight, document: known.document, notedAt: known.notedAt)
            table.withLock { $0.insert(entry, for: place) }
            return known.document.key
        }
        return note(decision, at: place, since: known.isToBeNoted(at: now) ? now : known.notedAt, in: trace, now)
    }

    /// - Parameter noted: `now` where those who learn are to hear of it, else when they did last.
    private func note(
        _ decision: PolicyDecision, at place: Key, since noted: WallTime, in trace: TraceStore?, _ now: WallTime
    ) -> String? {
        var document = ToldDocument.none(at: now)
        if let trace {
            let bytes = DecisionDocument(decision).json(upTo: TraceLimits.document)
            document = ToldDocument(.decision, bytes, in: trace, at: now)
        }
        let entry = Entry(
            inputs: decision.inputs, weight: decision.inputs.weight, document: document, notedAt: noted)
        table.withLock { $0.insert(entry, for: place) }
        if noted == now { sightings?.note(SeenDecision(time: now, decision: decision)) }
        return document.key
    }

    /// Entries, for tests.
    var count: Int { table.withLock { $0.count } }
}
