import Logging
import Mail
import Store
import Synchronization

/// Keeps the operator's exceptions: on disk, and in memory, where decisions look them up. One begins on disk first and ends
/// in memory first: whatever the disk does, nothing is lowered that the operator does not know of. Learns from what
/// deliveries see whether they are needed still.
final class ExceptionBook: Sendable {
    /// Why one is there no longer: the word of the log.
    enum End: String, Hashable, Sendable {
        /// Its time is over.
        case expired
        /// The true policy is met again, and it was added until then.
        case fixed
        /// By the operator's order.
        case removed
    }

    let table: Exceptions
    private let store: any WatchStore
    private let log: Logger
    private let clock: @Sendable () -> WallTime
    private let turn = ExceptionTurn()
    private let alarms = Mutex<(any AlarmSink)?>(nil)
    /// Those that hold no more, and are on disk still: a start would bring them back.
    private let left = Mutex<[DomainName: PolicyException]>([:])

    init(
        store: any WatchStore, log: Logger, table: Exceptions = Exceptions(),
        clock: @escaping @Sendable () -> WallTime
    ) {
        self.table = table
        self.store = store
        self.log = log
        self.clock = clock
    }

    /// From now on alarms are raised there.
    func raiseAlarms(through sink: any AlarmSink) { alarms.withLock { $0 = sink } }

    /// Reads what is on disk. Nothing may be delivered before: without its exceptions the relay would do what nobody wants.
    func load() async throws(StoreError) {
        try await turn.run { [self] () throws(StoreError) in
            let (sound, damaged) = try await store.exceptions()
            table.replace(with: sound, at: clock())
            for words in damaged { log.event(.error, LogLine("exception-damaged").with("reason", words)) }
        }
    }

    /// Adds one from now on, in place of the one the domain has.
    func add(
        _ domain: DomainName, allow: PolicyException.Allowed, seconds: Int64, reason: String, isUntilFixed: Bool
    ) async throws(StoreError) -> (exception: PolicyException, replaced: PolicyException?) {
        try await turn.run { [self] () throws(StoreError) in
            let now = clock()
            let exception = PolicyException(
                domain: domain, allow: allow, since: now, until: now.advanced(by: seconds), reason: reason,
                isUntilFixed: isUntilFixed)
            try await store.putException(exception)
            let replaced = table.standing(of: domain)?.exception
            table.put(exception, at: now)
            left.withLock { $0[domain] = nil }
            log.event(
                .notice,
                LogLine("exception-added").with("domain", domain).with("allow", allow.rawValue)
                    .with("until", exception.until.rfc3339).with("until_fixed", isUntilFixed ? "yes" : nil)
                    .with("reason", reason))
            clearAlarm(domain, "another exception took its place")
            return (exception, replaced)
        }
    }

    /// It holds no more once this returns, or throws.
    /// - Returns: nil where the domain has none, in memory or on disk.
    /// - Throws: where it is on disk still; ``endOver()`` goes on trying.
    func remove(_ domain: DomainName) async throws(StoreError) -> PolicyException? {
        try await turn.run { [self] () throws(StoreError) in
            if let exception = table.standing(of: domain)?.exception {
                try await end(exception, .removed)
                return exception
            }
            let known = left.withLock { $0[domain] }
            // A damaged one lies on disk alone.
            _ = try await store.removeException(of: domain)
            left.withLock { $0[domain] = nil }
            return known
        }
    }

    /// Removes those whose time is over, and what the disk did not take before. Decisions do not know them any more since
    /// that very second. Called about once a second.
    func endOver() async {
        for exception in table.over(at: clock()) { await endLater(exception, .expired) }
        for exception in left.withLock({ Array($0.values) }) {
            try? await turn.run { [self] () throws(StoreError) in
                // Another may have taken its place meanwhile.
                guard left.withLock({ $0[exception.domain] }) == exception else { return }
                _ = try await store.removeException(of: exception.domain)
                left.withLock { $0[exception.domain] = nil }
            }
        }
    }

    /// What the true policy came to for the domain as a whole, tried without sending mail: nil where it is met.
    func noteTrueVerdict(_ domain: DomainName, refusal: Reason?) async {
        guard let change = table.note(domain, trueVerdict: refusal, at: clock()) else { return }
        await tell(change, because: refusal)
    }

    private func tell(_ change: Exceptions.Change, because refusal: Reason?) async {
        switch change {
        case .unneeded(let exception):
            let domain = exception.domain
            log.event(
                .notice,
                LogLine("exception-unneeded").with("domain", domain).with("until", exception.until.rfc3339)
                    .with("cure", exception.isUntilFixed ? nil : "relayctl exception remove \(domain)"))
            if exception.isUntilFixed {
                await endLater(exception, .fixed)
            } else {
                alarms.withLock { $0 }?.raise(
                    .exceptionUnneeded, of: domain.text,
                    "the policy of \(domain) is met: its exception is not needed any more, and lowers what is "
                        + "demanded until \(exception.until.rfc3339)")
            }
        case .neededAgain(let exception):
            log.event(
                .notice,
                LogLine("exception-needed").with("domain", exception.domain).with("cause", refusal?.cause.rawValue)
                    .with("reason", refusal?.detail))
            clearAlarm(exception.domain, "the policy of \(exception.domain) is not met")
        }
    }

    /// One that ends by itself.
    private func endLater(_ exception: PolicyException, _ end: End) async {
        // Where the disk does not take it now, that is said, and tried again within a second.
        try? await turn.run { [self] () throws(StoreError) in
            // Another may have taken its place meanwhile.
            guard table.standing(of: exception.domain)?.exception == exception else { return }
            try await self.end(exception, end)
        }
    }

    /// From memory first: without it no more is allowed than the policies do, whatever becomes of the disk.
    private func end(_ exception: PolicyException, _ end: End) async throws(StoreError) {
        let standing = table.remove(exception.domain)
        log.event(
            .notice,
            LogLine("exception-ended").with("domain", exception.domain).with("because", end.rawValue)
                .with("allow", exception.allow.rawValue).with("since", exception.since.rfc3339)
                .with("connections", standing?.connections).with("reason", exception.reason))
        clearAlarm(exception.domain, "the exception ended (\(end.rawValue))")
        do throws(StoreError) {
            _ = try await store.removeException(of: exception.domain)
        } catch {
            left.withLock { $0[exception.domain] = exception }
            log.event(
                .error,
                LogLine("exception-store-failed").with("domain", exception.domain).with("because", end.rawValue)
                    .with("reason", "\(error)")
                    .with("cure", "it holds no more; a restart before the disk takes that brings it back"))
            throw error
        }
    }

    private func clearAlarm(_ domain: DomainName, _ words: String) {
        alarms.withLock { $0 }?.clear(.exceptionUnneeded, of: domain.text, because: words)
    }
}

extension ExceptionBook: SightingReader {
    func learn(from sightings: [HostSighting], _ decisions: [SeenDecision]) async {
        for sighting in sightings {
            guard let domain = sighting.domain,
                let finding = sighting.shadows.first(where: { $0.kind == .withoutException })
            else { continue }
            let change = table.note(
                domain, sighting.host, refusal: finding.refusal, hasGone: sighting.verified != nil, at: sighting.time)
            if let change { await tell(change, because: finding.refusal) }
        }
    }
}
