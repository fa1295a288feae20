import Logging
import Mail
import Net
import TLS

/// Whether the records of our keys are published as they should be (DKIM-23): looked up before a key is used, and again
/// every `dkim.check_interval`. A key that was seen stays good while its record cannot be looked up.
actor KeyWatch {
    /// What `name` TXT says now.
    typealias Lookup = @concurrent @Sendable (DomainName) async -> DKIMKeyLookup

    /// What is known of one key.
    struct Known: Sendable {
        var publication: DKIMPublication
        var checkedAt: WallTime
        /// Set while a lookup is under way.
        var lookup: Latch<DKIMPublication>?
        /// Whether the log tells of the obstacle already.
        var isTold = false
    }

    let ring: KeyRing
    private let lookup: Lookup
    private let interval: Int64
    private let clock: @Sendable () -> WallTime
    private let log: Logger
    private var known: [Int: Known]

    /// - Parameter known: what was seen already, by places in the ring.
    init(
        ring: KeyRing, interval: Duration, clock: @escaping @Sendable () -> WallTime, log: Logger,
        lookup: @escaping Lookup, known: [Int: Known] = [:]
    ) {
        self.known = known
        self.ring = ring
        self.interval = interval.components.seconds
        self.clock = clock
        self.log = log
        self.lookup = lookup
    }

    /// One that watches the keys of another ring. Of those that it knew it remembers what was seen, and what was told.
    func successor(ring: KeyRing, interval: Duration) -> KeyWatch {
        var seen: [String: Known] = [:]
        for (index, known) in known { seen[Self.identity(ring: self.ring, index)] = known }
        var inherited: [Int: Known] = [:]
        for index in ring.keys.indices {
            guard var known = seen[Self.identity(ring: ring, index)] else { continue }
            // Not what is being looked up for the first time.
            if known.lookup != nil, known.publication != .published { continue }
            known.lookup = nil
            inherited[index] = known
        }
        return KeyWatch(ring: ring, interval: interval, clock: clock, log: log, lookup: lookup, known: inherited)
    }

    /// The record's name and what must stand in it.
    private static func identity(ring: KeyRing, _ index: Int) -> String {
        "\(ring.keys[index].recordName) \(ring.privateKeys[index].publicKey)"
    }

    /// All of these keys may sign, so that what they signed a while ago still verifies.
    func allPublished(_ indices: [Int]) async -> Bool {
        for index in indices where await publication(index) != .published { return false }
        return true
    }

    /// Which of ``DKIMKeyChoice/candidates(_:author:isReport:at:)`` sign, as their records stand now. The candidates are places
    /// in `near`, which are places in the ring.
    func choice(_ candidates: [[[Int]]], of near: [Int]) async -> DKIMKeyChoice {
        var publications: [Int: DKIMPublication] = [:]
        for index in candidates.joined().joined() { publications[index] = await publication(near[index]) }
        return DKIMKeyChoice(candidates, keys: near.map { ring.keys[$0] }, unpublished: ring.unpublished) { index in
            publications[index] ?? .unknown("was not looked up")
        }
    }

    /// What was seen of each key at the last look, without another one.
    var publicationsSeen: [Int: DKIMPublication] { known.mapValues(\.publication) }

    func publication(_ index: Int) async -> DKIMPublication {
        let now = clock()
        if let known = known[index] {
            let age = now.seconds - known.checkedAt.seconds
            // A clock that was set back does not keep a key from being checked.
            let wait = known.publication == .published ? interval : min(interval, Self.retry)
            if age >= 0, age < wait, known.lookup == nil { return known.publication }
            if let lookup = known.lookup {
                return await lookup.wait() ?? known.publication
            }
        }
        return await look(index, at: now)
    }

    /// Seconds after which a key that may not sign is looked up again: the operator is about to publish it.
    static let retry: Int64 = 10

    private func look(_ index: Int, at now: WallTime) async -> DKIMPublication {
        let latch = Latch<DKIMPublication>()
        let before = known[index]
        known[index, default: Known(publication: .unknown("was not looked up yet"), checkedAt: now)].lookup = latch
        let key = ring.keys[index]
        let fresh: DKIMPublication
        if let name = try? DomainName(key.recordName) {
            fresh = DKIMPublication(await lookup(name), of: ring.privateKeys[index].publicKey, key)
        } else {
            fresh = .unfit("is too long for DNS")
        }
        var publication = fresh
        // Not to be had just now says nothing against a record that was there.
        if case .unknown = fresh, before?.publication == .published { publication = .published }
        let wasTold = before?.isTold ?? false
        let isFit = publication == .published
        if isFit == wasTold { tell(key, publication, now) }
        known[index] = Known(publication: publication, checkedAt: now, isTold: !isFit)
        latch.open(publication)
        return publication
    }

    private func tell(_ key: DKIMKey, _ publication: DKIMPublication, _ now: WallTime) {
        let name = key.recordName
        guard let obstacle = publication.obstacle else {
            log.event(.notice, LogLine("dkim-key-published").with("record", name))
            return
        }
        let isStaged = key.notBefore.map { $0 > now } ?? false
        log.event(
            isStaged ? .warning : .error,
            LogLine("dkim-key-unpublished").with("record", name).with("reason", obstacle)
                .with("not_before", key.notBefore?.rfc3339)
                .with("consequence", "the key does not sign, see dkim.unpublished")
                .with("cure", "publish the record that relayctl dkim record prints"))
    }
}
