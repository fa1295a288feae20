import DNS
import HTTPS
public import Logging
import Mail
import Net
import Store
import Synchronization
import TLS

/// The relay as a whole: builds its parts, starts them in order, stops them in reverse.
///
/// The folders beside this file are the stations of a message's way, in this order:
/// 1. `Intake/` accepts connections, receives content, commits it to the `Store`, and only then answers 250.
/// 2. `Dispatch/` chooses what is due and keeps each destination to its window of connections.
/// 3. `Route/` finds MX hosts, addresses and TLSA records through the resolver's own process.
/// 4. `Delivery/` connects, secures, judges what the host showed, and hands the message over.
/// 5. `Outcome/` writes down what became of each recipient, with the bounce it may cause. A bounce is a message in the
///    queue like any other: there is one way out.
/// 6. `Operations/` is what the operator sees: configuration, log, control socket.
public final class Service: Sendable {
    /// What stays whatever the configuration becomes.
    let ground: Ground
    /// What follows from the configuration as it is now.
    let current: Current<Stations>
    /// Where the configuration was read; nil where it came from no file.
    let path: String?
    let program: String
    let workerArguments: [String]
    let lifetime = Mutex(Lifetime(from: Service.clock(), uptime: ClockWatch.Reading.now.uptime))
    let dispatcher: Dispatcher
    let intake: IntakeServer
    let inherited: InheritedSockets
    /// Started as root, and a user for good: ``Rights``.
    let wasRoot: Bool
    /// Nil where no service manager listens.
    let notices: ServiceNotices?
    let validation = ValidationWatch()
    /// One reload at a time.
    let reloads = ReloadTurn()
    let errands = Errands()
    /// By which terms reports are made; nil where reporting is off.
    let reporting: Current<ReportRun.Terms?>
    let observed = ObservationCounters()
    let observing = Mutex<Observing?>(nil)
    /// End the rests of what goes on in the background: at the end, and for new settings.
    let bells = Mutex<[Alarm]>([])
    /// The same at the end alone.
    let endBells = Mutex<[Alarm]>([])
    let glances: Glances
    let monitoring = Mutex(Monitoring.off)
    /// What is known of domains and hosts.
    let history: History
    private let loader: QueueLoader
    private let loaderAlarm: Alarm
    private let loaderLoop: Loop
    private let running = Mutex<Running?>(nil)

    /// What the start began and the end must end.
    private struct Running: Sendable {
        let control: [ControlServer]
        let tasks: [Task<Void, Never>]
    }

    /// This executable, whatever it was started as.
    public static let ownProgram = "/proc/self/exe"
    /// How it becomes the resolver's worker.
    public static let workerArguments = ["--resolver-worker"]

    /// What time it is: the one place where the daemon reads a wall clock.
    static let clock: @Sendable () -> WallTime = { JudgedClock.shared.now }

    init(_ parts: ServiceParts, _ inherited: InheritedSockets = .none, _ notices: ServiceNotices? = nil) {
        ground = Ground(parts)
        glances = Glances(patience: parts.diskPatience)
        self.inherited = inherited
        wasRoot = parts.wasRoot
        self.notices = notices
        path = parts.path
        program = parts.program
        workerArguments = parts.workerArguments
        let stations = ground.stations(parts.settings)
        current = Current(stations)
        history = History(
            store: ground.store, alarms: ground.alarms, log: ground.log, clock: Self.clock,
            alarmsAreWritten: { [alarms = ground.alarms] in await alarms.written(within: History.alarmPatience) })
        reporting = Current(nil)
        // An alarm is waited for on its own loop: the loader runs there.
        loaderLoop = ground.loops.next()
        loaderAlarm = Alarm(on: loaderLoop)
        dispatcher = Dispatcher(
            parts: ground.deliveryParts(stations), loops: ground.loops, recorder: ground.recorder(parts.settings),
            loader: loaderAlarm, log: ground.log)
        loader = QueueLoader(
            store: ground.store, dispatcher: dispatcher, alarm: loaderAlarm, log: ground.log,
            terms: { [ground, current] in ground.queueTerms(current.value.settings) }, clock: Self.clock)
        intake = IntakeServer(parts: ground.intakeParts(stations, current, dispatcher), loops: ground.loops)
        reporting.replace(with: reportTerms(stations))
    }

    /// Runs the relay until it is told to stop by SIGTERM or SIGINT; SIGHUP has it read its configuration again.
    /// - Parameters:
    ///   - path: where `configuration` was read.
    ///   - program: started with `workerArguments` as the resolver's worker.
    public static func run(
        _ configuration: Configuration, from path: String? = nil, program: String = ownProgram,
        workerArguments: [String] = workerArguments, log: Logger
    ) async throws(ServiceError) {
        Signals.ignoreBrokenPipe()
        CoreFiles.forbid()
        CoreFiles.fallAtOnce()
        // Before there are threads: it changes the environment.
        let notices = ServiceNotices.take()
        let inherited: InheritedSockets
        do throws(InheritedSocketError) {
            inherited = try InheritedSockets.take()
        } catch {
            throw ServiceError.system("\(error)")
        }
        let parts = try await ServiceParts.make(
            configuration, path: path, program: program, workerArguments: workerArguments, inherited, log: log)
        let service = Service(parts, inherited, notices)
        let loop = service.loops.next()
        let signals: Signals
        do throws(Errno) {
            signals = try Signals(on: loop, [.terminate, .interrupt, .hangup])
        } catch {
            throw ServiceError.system("signals cannot be received: \(error)")
        }
        do throws(ServiceError) {
            try Rights.makeFolders(configuration)
            try await service.start()
        } catch {
            // An orderly end: the next start need not look for what a crash leaves behind.
            signals.close()
            await service.endMonitoring()
            await service.close()
            throw error
        }
        _ = await loop.task { await service.waitForStop(signals) }.value
        await service.stop()
        signals.close()
    }

    /// From the queue on disk to clients that are let in.
    func start() async throws(ServiceError) {
        let loop = loops.next()
        do throws(StoreError) { try await ground.exceptions.load() } catch {
            throw ServiceError.store("the exceptions of the operator could not be read: \(error)")
        }
        await measureRoom()
        await recountQueue()
        try await reroute()
        JudgedClock.shared.adopt(patience: configuration.queue.clockPatience)
        try await leaveOutAbsence()
        do throws(StoreError) { try await renewOrders() } catch {
            throw ServiceError.store("what was ordered about the queue could not be read: \(error)")
        }
        let stations = current.value
        let opened: IntakeServer.Opened
        do throws(IntakeServer.ListenError) {
            opened = try await intake.open(stations.settings.entrances, inherited)
        } catch {
            throw ServiceError.listen(configuration.fault(error))
        }
        await ground.alarms.load()
        ground.alarms.hook.adopt(alarmHook(configuration))
        await holdBackSuspects()
        // Before the control socket: who sees that one finds all of them.
        startMonitoring(on: loop)
        let control = try openControl(on: loop)
        observe(configuration.tlsrpt.socket)
        let tasks = [
            Task(executorPreference: loaderLoop) { await self.loader.run() },
            Task(executorPreference: loop) { await self.keepHouse(on: loop) },
            Task(executorPreference: loop) { await self.watchValidation(on: loop) },
            Task(executorPreference: loop) { await self.refreshPolicies(on: loop) },
            Task(executorPreference: loop) { await self.sendReports(on: loop) },
            Task(executorPreference: loop) { await self.watchKeys(on: loop) },
            Task(executorPreference: loop) { await self.ground.sightings.run(on: loop) },
            Task(executorPreference: loop) { await self.watchOwn(on: loop) },
            Task(executorPreference: loop) { await self.keepHistory(on: loop) },
            Task(executorPreference: loop) { await self.watchExpiry(on: loop) },
            Task(executorPreference: loop) { await self.watchRepairs(on: loop) },
            Task(executorPreference: loop) { await self.flyCanaries(on: loop) },
            Task(executorPreference: loop) { await self.tellLife() },
        ]
        let controlTasks = control.map { server in Task(executorPreference: loop) { await server.run() } }
        await intake.adopt(
            ground.intakeParts(stations, current, dispatcher), stations.settings.entrances, opened)
        announce(opened.addresses)
        notices?.send(.ready)
        let status = Task(executorPreference: loop) { await self.tellHow() }
        running.withLock {
            $0 = Running(control: control, tasks: tasks + controlTasks + alarmTasks(on: loop) + [status])
        }
    }

    private func waitForStop(_ signals: Signals) async {
        while true {
            do throws(SocketError) {
                switch try await signals.next() {
                case .hangup:
                    // Not waited for: SIGTERM must be heard meanwhile.
                    Task { await self.readAgain() }
                case .interrupt, .terminate:
                    return
                }
            } catch {
                return
            }
        }
    }

    /// The end, in order: no reload, no new connections, transactions under way, deliveries under way, the store.
    func stop() async {
        await reloads.close()
        let limit = configuration.delivery.shutdownTimeout
        log.event(.notice, LogLine("stopping").with("within", "\(limit.components.seconds)s"))
        let running = running.withLock { $0 }
        for task in running?.tasks ?? [] { task.cancel() }
        notices?.send(.stopping)
        ringLoader()
        validation.alarm.withLock { $0 }?.ring()
        for bell in bells.withLock({ $0 }) + endBells.withLock({ $0 }) { bell.ring() }
        // One deadline for both: the operator was promised one.
        let deadline = Deadline.after(limit)
        async let noClients: Void = intake.stop(until: deadline, on: loops.next())
        async let noDeliveries: Void = dispatcher.drain(until: deadline, on: loops.next())
        _ = await (noClients, noDeliveries)
        for server in running?.control ?? [] { server.close() }
        await endObserving()
        for task in running?.tasks ?? [] { await task.value }
        // What the last deliveries saw came after those who keep it had ended.
        await ground.sightings.handOver()
        _ = await ground.alarms.written(within: Self.lastWords)
        await endMonitoring()
        store.inFlight?.stopWatching()
        await close()
        log.event(.notice, LogLine("stopped"))
        loops.shutdown()
    }

    /// How long the end waits for alarms to be on disk. Ours.
    private static let lastWords: Duration = .seconds(2)

    func ringLoader() { loaderAlarm.ring() }

    /// Closes what is no longer in use: the network, and then the store.
    func close() async {
        await errands.close()
        // The deliveries' end let go of what they look up, and did not wait for what they write.
        await policies.close()
        await ground.https.value.close()
        await resolver.close()
        await ground.trace?.close()
        await store.close()
    }
}

/// Of the ground, and of what stands on it now.
extension Service {
    var hostname: DomainName { ground.hostname }
    var log: Logger { ground.log }
    var store: SQLiteStore { ground.store }
    var loops: LoopGroup { ground.loops }
    var resolver: Resolver { ground.resolver.value }
    var counters: Counters { ground.counters }
    var room: Room { ground.room }
    var configuration: Configuration { current.value.settings.configuration }
    var routing: Routing { current.value.settings.routing }
    var terms: QueueTerms { ground.queueTerms(current.value.settings) }
    var traces: TraceStore? { configuration.trace.isOn ? ground.trace : nil }
    /// Nil where reporting is off.
    var reports: ReportSettings? { current.value.settings.reports }
    var decisions: DecisionFinder { current.value.decisions }
    var policies: PolicyFinder { current.value.decisions.policies }
    var signer: Signer { current.value.signer }
    var gate: IntakeGate { current.value.gate }
}
