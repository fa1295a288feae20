import DNS
import Logging
import Mail
import Net
import Store
import Synchronization

/// What the daemon does once a second and once in a while, off the way of any message.
extension Service {
    /// Between two looks at the disk, and at idle connections.
    static let housekeepingPause: Duration = .seconds(1)
    /// Between two counts of the queue. One reads an index with an entry for each message.
    static let recountPause: Duration = .seconds(10)
    /// Between two looks at what of the trace is too old.
    static let forgettingPause: Duration = .seconds(600)
    /// Between two self-tests of the resolver where the last one could tell nothing or found fault.
    static let retestPause: Duration = .seconds(60)
    /// Between two self-tests where the last one was good.
    static let validPause: Duration = .seconds(3600)

    func keepHouse(on loop: Loop) async {
        var forgotten: ReportDay?
        var told: Room.Shortage?
        var sinceCount = Duration.zero
        var sinceForgetting = Self.forgettingPause
        var crowd = MemoryTrim()
        var journalTrouble: String?
        var clock = ClockTurn()
        var deaths = 0
        var sinceTimeNote = Duration.zero
        while !Task.isCancelled {
            let reports = ReportKeeping(
                store: store, keep: configuration.tlsrpt.keep.components.seconds, log: log, clock: Self.clock)
            // Once a day, and at start.
            if forgotten != reports.oldest {
                forgotten = reports.oldest
                await reports.forget()
                await forgetDeliveries()
            }
            await dispatcher.expireIdle()
            if sinceForgetting >= Self.forgettingPause {
                sinceForgetting = .zero
                await ground.trace?.forget(at: Self.clock())
            }
            sinceForgetting += Self.housekeepingPause
            await watchClock(&clock)
            sinceTimeNote += Self.housekeepingPause
            if sinceTimeNote >= Self.timeNotePause {
                sinceTimeNote = .zero
                await noteTime()
            }
            await endSuspensions()
            await ground.exceptions.endOver()
            await crowd.note(
                counters.intakeConnections.load(ordering: .relaxed),
                most: counters.intakePeak.exchange(0, ordering: .relaxed))
            journalTrouble = tellJournal(before: journalTrouble)
            deaths = tellWorkerDeaths(before: deaths)
            await watchWriting()
            await measureRoom()
            sinceCount += Self.housekeepingPause
            if sinceCount >= Self.recountPause {
                await recountQueue()
                sinceCount = .zero
            }
            told = tellRoom(before: told)
            guard await loop.pause(Self.housekeepingPause) else { return }
        }
    }

    /// Mail that waits goes where the routes of today send it (`next_hop`), whatever they were when it came.
    func reroute() async throws(ServiceError) {
        do throws(StoreError) {
            let settings = current.value.settings
            let changed = try await store.reroute(fingerprint: settings.routeFingerprint) { domain, _ in
                settings.routing.nextHop(for: domain).destination
            }
            if changed > 0 { log.event(.notice, LogLine("rerouted").with("recipients", changed)) }
        } catch {
            throw ServiceError.store("the queue could not be given its routes: \(error)")
        }
    }

    /// Says that the resolver's worker had to be replaced: what it was asked has failed, and such mail waits.
    /// - Parameter before: deaths that were told; those of a new resolver begin with none.
    /// - Returns: deaths that are told now.
    func tellWorkerDeaths(before: Int) -> Int {
        let counters = resolver.counters
        if counters.workerDeaths > before, !ground.stopping.isSet {
            log.event(
                .warning,
                LogLine("resolver").with("state", "worker-died").with("deaths", counters.workerDeaths)
                    .with("reason", counters.lastDeath))
        }
        return counters.workerDeaths
    }

    /// MTA-STS policies before they run out.
    func refreshPolicies(on loop: Loop) async {
        let bell = bell(on: loop, isForReload: true)
        while !Task.isCancelled {
            let configuration = configuration
            if configuration.sts.enabled {
                await PolicyRefresh(
                    policies: policies, store: store, settings: STSSettings(configuration), log: log, clock: Self.clock
                ).pass()
            }
            guard (try? await bell.wait(until: .after(PolicyRefresh.pause))) != nil else { return }
        }
    }

    /// How much may still be accepted: space and inodes above their floors. Unknown counts as none: a disk that cannot be asked
    /// is not to be written to.
    func measureRoom() async {
        do throws(StoreError) {
            let free = try await store.freeSpace()
            // A file system that makes inodes as it goes counts none, and never has too few.
            let hasInodes = free.inodes.map { $0 >= UInt64(clamping: configuration.store.minimumFreeInodes) } ?? true
            let disk = DiskRoom(
                free: Int(clamping: free.bytes &+ free.promised), journal: Int(clamping: free.promised),
                floor: configuration.store.minimumFree)
            room.update(disk, hasInodes: hasInodes)
        } catch {
            room.update(octets: 0, hasInodes: true)
        }
    }

    /// How many messages the queue holds: read from the store, since what enters and leaves is counted only in part.
    func recountQueue() async {
        let flow = counters.queueFlow.load(ordering: .relaxed)
        // A store that does not answer is told elsewhere: the last count stands.
        guard let counts = try? await store.counts() else { return }
        room.recount(counts.messages, at: flow)
    }

    /// Says once when mail that was acknowledged does not get from the journal into the tables, and when it does again.
    /// - Returns: what was told.
    func tellJournal(before: String?) -> String? {
        let now = store.journalTrouble
        if now != nil, before == nil {
            log.event(
                .error,
                LogLine("journal-stuck").with("reason", now).with("messages", store.stuckMessages)
                    .with(
                        "cure",
                        "what was accepted is safe in the journal, and tried again; see to the disk of the store"))
        } else if now == nil, before != nil {
            log.event(.notice, LogLine("journal-goes-on"))
        }
        return now
    }

    /// Says once when mail begins to be refused, and when that is over.
    /// - Returns: what was told.
    func tellRoom(before: Room.Shortage?) -> Room.Shortage? {
        let now = room.shortage
        guard now != before else { return now }
        if let now {
            log.event(
                .error,
                LogLine("room-short").with("of", now.rawValue).with(
                    "reason", "\(room.words(of: now)): mail is refused with 452"))
        } else {
            log.event(.notice, LogLine("room-back").with("queued", room.queued))
        }
        return now
    }

    /// Does the resolver validate? Asked at start and when `[dns]` is another, and again while the answer is not yes.
    func watchValidation(on loop: Loop) async {
        let alarm = Alarm(on: loop)
        validation.alarm.withLock { $0 = alarm }
        while !Task.isCancelled {
            let configuration = configuration
            let secure = configuration.dns.selfTestSecure.flatMap { $0 == "." ? nil : try? DomainName($0) }
            let status =
                configuration.dns.selfTestSecure == nil
                ? nil : await resolver.selfTest(secure: secure, bogus: configuration.dns.selfTestBogus)
            if Task.isCancelled { return }
            let isNew = validation.status != status
            validation.set(status)
            tellAlarms(of: status)
            var next = Deadline.after(Self.retestPause)
            switch status {
            case nil:
                next = .never
            case .validates:
                next = .after(Self.validPause)
                guard isNew else { break }
                log.event(.notice, LogLine("resolver").with("state", "validates"))
                await checkOwnName()
            case .doesNotValidate(let why):
                log.event(
                    .error,
                    LogLine("resolver").with("state", "does-not-validate").with("reason", why)
                        .with(
                            "cure",
                            "DANE is without effect until this is mended: check dns.root_trust_anchor and dns.forward"))
            case .noNetwork(let why):
                log.event(
                    .warning,
                    LogLine("resolver").with("state", "no-network").with("reason", why)
                        .with("cure", "mail is accepted and queued; delivery starts when DNS answers"))
            }
            guard (try? await alarm.wait(until: next)) != nil else { return }
        }
    }

    /// What an operator wants to read at start.
    func announce(_ addresses: [SocketAddress]) {
        log.event(
            .notice,
            LogLine("started").with("version", Version.text).with("hostname", hostname)
                .with("listening", addresses.map(\.description).joined(separator: " "))
                .with("store", configuration.store.directory).with("control", configuration.control.socket))
    }
}

/// The last outcome of the resolver's self-test. Safe from any thread.
final class ValidationWatch: Sendable {
    private struct State {
        var status: ValidationStatus?
        var failingSince: WallTime?
    }

    private let last = Mutex(State())
    let alarm = Mutex<Alarm?>(nil)

    var status: ValidationStatus? { last.withLock(\.status) }

    /// Since when no outcome was good; nil where the last one was, or there is none.
    var failingSince: WallTime? { last.withLock(\.failingSince) }

    func set(_ status: ValidationStatus?, at time: WallTime = Service.clock()) {
        last.withLock { last in
            last.status = status
            switch status {
            case nil, .validates: last.failingSince = nil
            case .doesNotValidate, .noNetwork: last.failingSince = last.failingSince ?? time
            }
        }
    }
}
