import DequeModule
import Mail
import Net

/// The daemon's book of lookups: who waits for what, what the worker was asked, what it said. A value without a socket or
/// a clock; ``Resolver`` moves its octets and resumes its waiters.
///
/// `Waiter` is whatever is resumed with a finding.
struct Lookups<Waiter> {
    /// What becomes of a question.
    enum Asking {
        /// Known already, or refused: the waiter was not kept.
        case answered(Finding)
        /// The waiter is kept. `ring`: the one who sends must be woken.
        case waits(ring: Bool)
    }

    /// Waiters to resume with this finding.
    struct Settled {
        let finding: Finding
        let waiters: [Waiter]
    }

    private struct Lookup {
        let asked: Asked
        let began: Deadline
        var waiters: [Waiter]
        /// When it was put into ``unsent``; nil while it waits for a place.
        var sent: Deadline?
    }

    /// What a worker is for the book.
    private enum Worker {
        /// None now, one soon: questions wait for it.
        case absent
        case serving
        /// None, and none soon: questions fail at once with this reason.
        case missing(String)
    }

    private(set) var counters = ResolverCounters()
    private(set) var cache: AnswerCache
    /// Octets for the worker, taken by the one who sends.
    private var unsent: [UInt8] = []
    private var worker = Worker.absent
    private var lookups: [UInt64: Lookup] = [:]
    private var idByQuestion: [Asked: UInt64] = [:]
    private var waiting: Deque<UInt64> = []
    /// Every lookup takes equally long, so the order of beginning is the order of ending.
    private var deadlines: Deque<(end: Deadline, id: UInt64)> = []
    private var inFlight = 0
    private var lastID: UInt64 = 0
    /// When the worker last said something.
    private var lastHeard = Deadline(nanoseconds: 0)
    private var probe: (id: UInt64, end: Deadline)?

    private let timeout: Duration
    private let inFlightLimit: Int
    private let waitingLimit: Int

    init(
        timeout: Duration, inFlightLimit: Int = Resolver.inFlightLimit, waitingLimit: Int = Resolver.waitingLimit,
        cache: AnswerCache = AnswerCache()
    ) {
        self.timeout = timeout
        self.inFlightLimit = inFlightLimit
        self.waitingLimit = waitingLimit
        self.cache = cache
    }

    /// Lookups sent or waiting, each once.
    var openCount: Int { lookups.count }
    /// Ends kept, those of answered lookups included; for tests.
    var deadlineCount: Int { deadlines.count }

    // MARK: Asking

    /// A warm answer, counted; nil where the worker must be asked.
    mutating func cached(_ asked: Asked, at now: Deadline) -> Finding? {
        guard let finding = cache.finding(for: asked, at: now) else { return nil }
        counters.questions += 1
        counters.cacheHits += 1
        return finding
    }

    /// Keeps `waiter` for `asked`; joins the lookup that is under way where there is one.
    mutating func ask(_ asked: Asked, _ waiter: Waiter, at now: Deadline) -> Asking {
        if let finding = cached(asked, at: now) { return .answered(finding) }
        counters.questions += 1
        if let id = idByQuestion[asked] {
            counters.coalesced += 1
            lookups[id]?.waiters.append(waiter)
            return .waits(ring: false)
        }
        if case .missing(let reason) = worker {
            counters.failed += 1
            counters.failedLookups += 1
            return .answered(.failed(reason))
        }
        if waiting.count >= waitingLimit {
            counters.failed += 1
            counters.failedLookups += 1
            counters.overloaded += 1
            return .answered(.failed("resolver overloaded: \(lookups.count) lookups are under way"))
        }
        lastID &+= 1
        lookups[lastID] = Lookup(asked: asked, began: now, waiters: [waiter])
        idByQuestion[asked] = lastID
        waiting.append(lastID)
        let wasIdle = unsent.isEmpty && inFlight == 0
        let isFirst = deadlines.isEmpty
        let hadUnsent = !unsent.isEmpty
        deadlines.append((now.advanced(by: timeout), lastID))
        send(at: now)
        return .waits(ring: wasIdle || isFirst || (!hadUnsent && !unsent.isEmpty))
    }

    /// Moves lookups from waiting to sent while there is room.
    private mutating func send(at now: Deadline) {
        guard case .serving = worker else { return }
        while inFlight < inFlightLimit, let id = waiting.popFirst() {
            guard let lookup = lookups[id] else { continue }
            lookups[id]?.sent = now
            inFlight += 1
            counters.lookups += 1
            unsent.append(contentsOf: DaemonMessage.ask(id: id, lookup.asked).frame)
        }
    }

    // MARK: The one who sends

    /// Takes the octets to send; empty where there are none.
    mutating func takeUnsent() -> [UInt8] {
        defer { unsent = [] }
        return unsent
    }

    var hasUnsent: Bool { !unsent.isEmpty }

    /// When ``expire(at:)`` has work.
    var nextDeadline: Deadline {
        min(deadlines.first?.end ?? .never, probe?.end ?? .never)
    }

    /// The worker let a probe go unanswered: it hangs and must be replaced. True once.
    mutating func takeHung(at now: Deadline) -> Bool {
        guard let probe, probe.end <= now else { return false }
        self.probe = nil
        return true
    }

    /// Seconds a probe may take; it needs no network.
    static var probeTimeout: Duration { .seconds(5) }

    /// Settles the lookups whose time is over. Where the worker has said nothing since they were sent, it is asked whether
    /// it lives at all.
    mutating func expire(at now: Deadline) -> [Settled] {
        var settled: [Settled] = []
        var isSuspect = false
        while let first = deadlines.first, first.end <= now {
            deadlines.removeFirst()
            guard let lookup = remove(first.id) else { continue }
            counters.timedOut += 1
            counters.failedLookups += 1
            counters.failed += lookup.waiters.count
            if let sent = lookup.sent {
                unsent.append(contentsOf: DaemonMessage.cancel(id: first.id).frame)
                if lastHeard <= sent { isSuspect = true }
            }
            let what = lookup.sent == nil ? "no place in the resolver" : "no answer"
            settled.append(Settled(finding: .failed("\(what) within \(timeout.seconds) s"), waiters: lookup.waiters))
        }
        waiting.removeAll { lookups[$0] == nil }
        if isSuspect, probe == nil, case .serving = worker { sendProbe(at: now) }
        send(at: now)
        return settled
    }

    private mutating func sendProbe(at now: Deadline) {
        guard let asked = Asked.probe else { return }
        lastID &+= 1
        probe = (lastID, now.advanced(by: Self.probeTimeout))
        unsent.append(contentsOf: DaemonMessage.ask(id: lastID, asked).frame)
    }

    private mutating func remove(_ id: UInt64) -> Lookup? {
        guard let lookup = lookups.removeValue(forKey: id) else { return nil }
        idByQuestion[lookup.asked] = nil
        if lookup.sent != nil { inFlight -= 1 }
        return lookup
    }

    // MARK: The worker

    /// Takes one message of a serving worker. Nil where it concerns nobody any more.
    mutating func received(_ message: WorkerMessage, at now: Deadline) throws(WorkerFault) -> Settled? {
        guard case .answer(let id, let asked, let finding) = message else { throw .outOfTurn }
        lastHeard = now
        if let probe, probe.id == id {
            self.probe = nil
            return nil
        }
        guard let lookup = lookups[id] else {
            // Late: its time was over before the cancellation arrived. An id never given out is a lie.
            if id == 0 || id > lastID { throw .unknownID(id) }
            return nil
        }
        // The answer to one question must never pass for the answer to another (CVE-2019-16791).
        guard lookup.sent != nil, lookup.asked == asked else { throw .wrongQuestion }
        _ = remove(id)
        counters.note(finding)
        switch finding.security {
        case .failed: counters.failed += lookup.waiters.count
        case .bogus: counters.bogus += lookup.waiters.count
        case .secure, .insecure: break
        }
        cache.insert(finding, for: asked, at: now)
        dropSettledDeadlines()
        send(at: now)
        return Settled(finding: finding, waiters: lookup.waiters)
    }

    /// Ends of lookups that were answered are dropped from the front, and all at once where they are most of the row.
    private mutating func dropSettledDeadlines() {
        while let first = deadlines.first, lookups[first.id] == nil { deadlines.removeFirst() }
        if deadlines.count > 64, deadlines.count > 4 * lookups.count {
            deadlines.removeAll { lookups[$0.id] == nil }
        }
    }

    mutating func workerServes(at now: Deadline) {
        worker = .serving
        lastHeard = now
        unsent = []
        send(at: now)
    }

    /// What was sent comes back failed; what was not waits for the next worker, or fails too where none comes soon.
    mutating func workerDied(_ reason: String, willReturnSoon: Bool) -> [Settled] {
        if case .serving = worker {
            counters.workerDeaths += 1
            counters.lastDeath = reason
        }
        worker = willReturnSoon ? .absent : .missing(reason)
        unsent = []
        probe = nil
        let lost = lookups.filter { $0.value.sent != nil || !willReturnSoon }.map(\.key)
        let settled = lost.compactMap { id -> Settled? in
            guard let lookup = remove(id) else { return nil }
            counters.failed += lookup.waiters.count
            counters.failedLookups += 1
            return Settled(finding: .failed(reason), waiters: lookup.waiters)
        }
        waiting.removeAll { lookups[$0] == nil }
        dropSettledDeadlines()
        return settled
    }

    mutating func clearCache() { cache.clear() }
}

/// A worker that does not keep to the protocol. It is killed and replaced.
enum WorkerFault: Error, Hashable {
    case malformed(WireError)
    case outOfTurn
    case unknownID(UInt64)
    case wrongQuestion
}

extension Asked {
    /// The question the worker answers without network.
    static var probe: Asked? {
        guard let name = try? DomainName(UnboundDefaults.probeName) else { return nil }
        return Asked(Question(name, .a))
    }
}

extension Duration {
    /// Whole seconds or with a fraction, for a reason.
    fileprivate var seconds: String {
        let (whole, attoseconds) = components
        return attoseconds == 0 ? "\(whole)" : "\(Double(whole) + Double(attoseconds) / 1e18)"
    }
}
