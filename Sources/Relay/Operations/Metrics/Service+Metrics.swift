import DNS
import Logging
import Mail
import Net
import Store
import Synchronization
import TLS

/// What monitoring sees of the service.
extension Service: MetricsSource {
    func metricsText() async -> String {
        counters.metrics.text(with: await numbers())
    }

    /// The same on the control socket.
    public func metrics() async -> String { await metricsText() }

    private func numbers() async -> MetricsNumbers {
        let now = Self.clock()
        var numbers = MetricsNumbers()
        numbers.queue = await gauges().value ?? QueueGauges()
        // Not of the walk through the queue, and as it is now.
        let destinations = await dispatcher.summary
        numbers.queue.activeDestinations = destinations.active
        numbers.queue.downDestinations = destinations.backedOff
        numbers.queue.suspendedDestinations = terms.orders.suspensions(at: now).count
        numbers.store = await storeGauges()
        numbers.resolver = resolverGauges
        numbers.policies = await policies.policyCounts(at: now)
        numbers.intakeConnections = counters.intakeConnections.load(ordering: .relaxed)
        numbers.deliveryConnections = counters.deliveryConnections.load(ordering: .relaxed)
        numbers.certificates = current.value.settings.entrances.compactMap { entrance in
            entrance.tls?.notAfter.map { (entrance.listener.name, $0) }
        }
        if configuration.tlsrpt.socket != nil {
            numbers.observations = (
                observed.taken.load(ordering: .relaxed), observed.dropped.load(ordering: .relaxed)
            )
        }
        numbers.alarms = Dictionary(ground.alarms.standing.map { ($0.kind, 1) }, uniquingKeysWith: +)
        numbers.process = .read(started: age.started.seconds)
        numbers.version = Version.text
        numbers.hostname = hostname.text
        return numbers
    }

    /// Costs a walk through an index of the store: for ``gauges()`` only, which asks seldom and, as every ``Glance``, once for all.
    func readGauges() async -> QueueGauges? {
        do throws(StoreError) {
            let counts = try await Self.counts(of: store)
            let now = Self.clock()
            var gauges = QueueGauges(
                messages: counts.messages, quarantinedMessages: counts.quarantinedMessages, held: counts.heldRecipients)
            gauges.restingMessages = counts.restingMessages
            let deferred = try await store.deferred(at: now)
            gauges.deferred = deferred
            gauges.due = max(0, counts.dueRecipients - deferred)
            let first = try await store.nextDue(after: WallTime(seconds: .min))
            gauges.oldestDue = first.map { max(0, now.seconds - $0.seconds) } ?? 0
            return gauges
        } catch {
            return nil
        }
    }

    private func storeGauges() async -> StoreGauges {
        var gauges = StoreGauges()
        let free = await space().value
        gauges.freeBytes = free?.bytes
        gauges.freeInodes = free?.inodes
        gauges.floorBytes = configuration.store.minimumFree
        gauges.commits = store.commits.committed
        gauges.failedCommits = store.commits.failed
        gauges.isJournalStuck = store.journalTrouble != nil
        gauges.unsettled = ground.unsettled.waiting
        gauges.shortage = shortage
        if let traces {
            let state = await traces.state
            gauges.traceDropped = UInt64(clamping: state.dropped)
            gauges.traceRecords = Int(clamping: state.rows)
            gauges.traceBytes = state.octets
        }
        return gauges
    }

    private var shortage: IntakeCapacity.Shortage? { room.shortage ?? (gate.memory.isFull ? .memory : nil) }

    private var resolverGauges: ResolverGauges {
        var gauges = ResolverGauges()
        gauges.counters = resolver.counters
        gauges.openLookups = resolver.openLookups
        gauges.isRunning = isResolverRunning
        gauges.selfTest = validation.status
        gauges.isSelfTestWanted = configuration.dns.selfTestSecure != nil
        return gauges
    }

    private var isResolverRunning: Bool {
        if case .running = resolver.state { true } else { false }
    }

    // MARK: Health

    /// What a balancer or an orchestrator must know: mail sent here now would be refused, or would not go on as its policies
    /// want it.
    func obstacles() async -> [String] {
        var obstacles: [String] = []
        if ground.intakeStopping.isSet { obstacles.append("relayd is stopping") }
        if let shortage = room.shortage { obstacles.append("\(room.words(of: shortage)): mail is refused with 452") }
        let (state, detail) = resolver.state.words
        if !isResolverRunning {
            obstacles.append("the resolver is \(state)" + (detail.map { ": \($0)" } ?? ""))
        }
        if configuration.dns.selfTestSecure != nil {
            switch validation.status {
            case .validates: break
            case .doesNotValidate(let why):
                obstacles.append("the resolver's self-test failed: it does not validate DNSSEC: \(why)")
            case .noNetwork(let why): obstacles.append("the resolver's self-test could tell nothing: \(why)")
            case nil: obstacles.append("the resolver's self-test has not ended yet")
            }
        }
        if let trouble = unsettledTrouble { obstacles.append("\(trouble): see the log") }
        if let trouble = writingTrouble { obstacles.append(trouble) }
        if let trouble = hangingTrouble { obstacles.append(trouble) }
        let space = await space()
        if space.isLate || space.value == nil { obstacles.append("the store does not answer") }
        return obstacles
    }

    /// How long a loop may take to come to what it is given: its longest work takes milliseconds.
    static let pulseLimit: Duration = .seconds(5)

    func isAlive() async -> Bool {
        guard let own = Loop.current else { return false }
        let alarm = Alarm(on: own)
        let beats = Beats()
        for loop in loops.loops {
            Task(executorPreference: loop) { [count = loops.loops.count] in
                if beats.count.add(1, ordering: .relaxed).newValue == count { alarm.ring() }
            }
        }
        return (try? await alarm.wait(until: .after(Self.pulseLimit))) == true
    }

    private final class Beats: Sendable {
        let count = Atomic<Int>(0)
    }

    // MARK: The port

    /// Opens the port of `metrics.listen`. Where it cannot be had, mail goes on without it: the log and the status say so.
    func startMonitoring(on loop: Loop) {
        guard let address = configuration.metrics.listen else { return }
        do throws(Errno) {
            let server = try MetricsServer(on: loop, address: address, source: self, log: log)
            let task = Task(executorPreference: loop) { await server.run() }
            monitoring.withLock { $0 = .serving(server, task) }
        } catch {
            let reason = "\(address): \(error)"
            let cure =
                "\(error.cure(listeningAt: address) ?? "Set metrics.listen"). Restart relayd then; "
                + "relayctl metrics works meanwhile"
            monitoring.withLock { $0 = .failed(reason: reason, cure: cure) }
            log.event(.error, LogLine("metrics-failed").with("reason", reason).with("cure", cure))
        }
    }

    /// Answers until here, so that /ready says that the daemon stops.
    func endMonitoring() async {
        guard case .serving(let server, let task) = monitoring.withLock({ $0 }) else { return }
        server.close()
        task.cancel()
        await task.value
    }

    /// For the status: a sentence without its full stop.
    var monitoringWarnings: [String] {
        guard case .failed(let reason, _) = monitoring.withLock({ $0 }) else { return [] }
        return ["metrics.listen cannot be served: \(reason)"]
    }

    /// For the doctor; nil where no port is asked for.
    func checkMonitoring() -> DoctorCheckView? {
        switch monitoring.withLock({ $0 }) {
        case .off: nil
        case .serving(let server, _): DoctorCheckView("metrics", .ok, "metrics are served at \(server.address)")
        case .failed(let reason, let cure):
            DoctorCheckView("metrics", .warning, "metrics.listen cannot be served: \(reason)", cure: cure)
        }
    }

    /// What became of the port.
    enum Monitoring {
        /// Not asked for, or not yet opened.
        case off
        case serving(MetricsServer, Task<Void, Never>)
        case failed(reason: String, cure: String)
    }
}
