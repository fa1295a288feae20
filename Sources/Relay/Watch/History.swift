import Logging
import Mail
import Store

/// Learns what is known of domains and hosts from decisions and connections, and says what changed: station 10.
///
/// What is known lies in the store and is read from there where a name is met first; in memory it is bounded. An unchanged
/// fact costs one write a day. What the store does not read or take waits for the next batch, within a bound.
///
/// A change is written when the alarm it raises is on disk: after a crash in between it is seen, and raised, once more.
actor History: SightingReader {
    /// Names remembered in memory; those used least recently go first. The store keeps all. Ours.
    static let limit = 50_000
    /// Octets of facts remembered in memory, for a stranger decides how long some are. Ours.
    static let weightLimit = 64 * 1024 * 1024
    /// Names asked of the store at once. Ours.
    static let page = 500
    /// Seconds a change is kept: a year, and what it takes to look back on it. Ours.
    static let kept: Int64 = 400 * 86_400

    /// How long a change waits for the alarm it raises to be on disk, before it is left for the next batch. Ours.
    static let alarmPatience: Duration = .seconds(5)
    /// Octets of readings that wait for a store that fails. Ours.
    static let unlearnedLimit = 16 * 1024 * 1024

    private let store: any WatchStore
    private let alarms: any AlarmSink
    private let alarmsAreWritten: @Sendable () async -> Bool
    private let log: Logger
    private let clock: @Sendable () -> WallTime
    private var known = RecentTable<String, FactBook>(
        limit: History.limit, weightLimit: History.weightLimit, weigh: \.weight)
    /// Hosts for which the operator's rules switch DANE or MTA-STS off, as one domain meets them.
    private var eased = RecentTable<String, Bool>(limit: History.limit)
    private var allowance = FactAllowance()
    private var unlearned = UnlearnedReadings(limit: History.unlearnedLimit)
    private var sts = STSWatch()
    private var silence = Silence()

    /// - Parameter alarmsAreWritten: returns once all that was raised is on disk; false where it is not in time.
    init(
        store: any WatchStore, alarms: any AlarmSink, log: Logger, clock: @escaping @Sendable () -> WallTime,
        alarmsAreWritten: @escaping @Sendable () async -> Bool
    ) {
        self.store = store
        self.alarms = alarms
        self.alarmsAreWritten = alarmsAreWritten
        self.log = log
        self.clock = clock
    }

    /// Names in memory.
    var count: Int { known.count }

    func learn(from sightings: [HostSighting], _ decisions: [SeenDecision]) async {
        var readings = unlearned.takeAll()
        for seen in decisions {
            noteRules(of: seen.decision)
            let domain = seen.decision.inputs.facts.nextHop.domain
            readings += FactReading.readings(of: seen.decision.inputs).map {
                SeenReading(reading: $0, time: seen.time, domain: domain)
            }
        }
        for sighting in sightings {
            let isEased = Self.key(sighting.host, sighting.port, sighting.domain).flatMap { eased.use($0) } ?? false
            readings += FactReading.readings(of: sighting, isEased: isEased).map {
                SeenReading(reading: $0, time: sighting.time, domain: sighting.domain)
            }
        }
        guard !readings.isEmpty else { return }
        do throws(StoreError) {
            try await load(Set(readings.map(\.reading.name)))
        } catch {
            unlearned.keep(readings)
            return note(error, "reading what is known of hosts")
        }
        await write(set(readings))
    }

    /// MTA-STS says what it found.
    func note(_ event: STSEvent, of domain: DomainName) {
        for call in sts.calls(for: event, of: domain) { alarms.take(call) }
    }

    private func noteRules(of decision: PolicyDecision) {
        let nextHop = decision.inputs.facts.nextHop
        for host in decision.hosts {
            guard let key = Self.key(host.host.host, nextHop.port, nextHop.domain) else { continue }
            let isEased = host.rule.dane == .off || host.rule.mtaSTS == .off || host.rule.mtaSTS == .observe
            if isEased || eased.use(key) != nil { eased.insert(isEased, for: key) }
        }
    }

    private static func key(_ host: MXHost, _ port: UInt16, _ domain: DomainName?) -> String? {
        guard let name = host.name, let domain else { return nil }
        return FactReading.name(of: name, port: port, for: domain)
    }

    private func load(_ names: Set<String>) async throws(StoreError) {
        let missing = names.filter { known.use($0) == nil }.sorted()
        var rest = missing[...]
        while !rest.isEmpty {
            let page = Array(rest.prefix(Self.page))
            rest = rest.dropFirst(Self.page)
            let facts = Dictionary(grouping: try await store.facts(of: page), by: \.name)
            for name in page { known.insert(FactBook(name, known: facts[name] ?? []), for: name) }
        }
    }

    private struct Batch {
        var learned = FactBook.Learned()
        /// What changed a book, and the books as they were: for a store that does not take it.
        var readings: [SeenReading] = []
        var before: [String: FactBook] = [:]
        /// Of what was new.
        var allowance: FactAllowance
        /// Names of which there is something to say.
        var alarming: Set<String> = []
    }

    private func set(_ readings: [SeenReading]) -> Batch {
        var batch = Batch(allowance: allowance)
        for seen in readings {
            let (reading, time) = (seen.reading, seen.time)
            // A table that is too small for one batch forgets within it: that reading is for the next time.
            guard var book = known.use(reading.name) else { continue }
            let before = book
            let learned = book.read(reading, at: time)
            guard book != before else { continue }
            if !before.knows(reading.kind), let domain = seen.domain, !allowance.take(for: domain, at: time) {
                continue
            }
            batch.readings.append(seen)
            if batch.before[reading.name] == nil { batch.before[reading.name] = before }
            if !learned.alarms.isEmpty { batch.alarming.insert(reading.name) }
            known.insert(book, for: reading.name)
            batch.learned += learned
        }
        return batch
    }

    private func write(_ batch: Batch) async {
        for call in batch.learned.alarms { alarms.take(call) }
        var learned = batch.learned
        if !batch.alarming.isEmpty, !(await alarmsAreWritten()) {
            // After a crash the change would be known, and nobody would have been told.
            takeBack(batch.alarming, of: batch)
            learned.facts.removeAll { batch.alarming.contains($0.name) }
            learned.changes.removeAll { batch.alarming.contains($0.name) }
        }
        guard !learned.facts.isEmpty || !learned.changes.isEmpty else { return }
        // Of one fact that was read twice the last stands.
        var last: [[String]: Int] = [:]
        for (place, fact) in learned.facts.enumerated() { last[[fact.name, fact.kind.rawValue]] = place }
        let facts = last.values.sorted().map { learned.facts[$0] }
        do throws(StoreError) {
            try await store.learn(facts, learned.changes)
        } catch {
            unlearned.removeAll()
            takeBack(Set(batch.before.keys), of: batch)
            allowance = batch.allowance
            note(error, "writing what is known of hosts")
        }
    }

    /// What was read of these names is as if it had not been, and is read once more.
    private func takeBack(_ names: Set<String>, of batch: Batch) {
        for name in names {
            if let book = batch.before[name] { known.insert(book, for: name) }
        }
        unlearned.keep(batch.readings.filter { names.contains($0.reading.name) })
    }

    private func note(_ error: StoreError, _ doing: StaticString) {
        guard error != .closed, let others = silence.end(at: clock()) else { return }
        log.event(
            .error,
            LogLine("store-failed").with("doing", "\(doing)").with("reason", "\(error)")
                .with("others", others == 0 ? nil : others))
    }
}

/// What is done now and then.
extension History {
    /// Ends alarms whose time is over, and forgets what is too old.
    func keepHouse() async {
        let now = clock()
        do throws(StoreError) {
            for alarm in try await store.standingAlarms() {
                if let words = FactRules.clearing(of: alarm, at: now) {
                    alarms.clear(alarm.kind, of: alarm.subject, because: words)
                }
            }
            try await store.forgetFacts(before: now.advanced(by: -Self.kept))
        } catch {
            note(error, "forgetting what was known of hosts")
        }
    }
}
