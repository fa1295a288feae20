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
    let configuration: Configuration
    let hostname: DomainName
    let started: WallTime
    let log: Logger
    let store: SQLiteStore
    let loops: LoopGroup
    let resolver: Resolver
    let decisions: DecisionFinder
    let routing: Routing
    let https: HTTPSClient
    let signer: Signer
    let dispatcher: Dispatcher
    let intake: IntakeServer
    let entrances: [Entrance]
    let gate: IntakeGate
    let counters: Counters
    let room: Room
    let validation: ValidationWatch
    /// Ends the rest between two refreshes of policies.
    let refreshBell = Mutex<Alarm?>(nil)
    /// Nil where reporting is off.
    let reports: ReportSettings?
    let observed = ObservationCounters()
    /// Ends the rests of ``ReportRun`` and ``KeyWatch``.
    let reportBells = Mutex<[Alarm]>([])
    /// How the queue stands, for monitoring.
    let queueLook = Paced<QueueGauges>(every: MetricsPace.scan)
    let monitoring = Mutex(Monitoring.off)
    let unsettled: Unsettled
    private let loader: QueueLoader
    private let loaderAlarm: Alarm
    private let loaderLoop: Loop
    let intakeStopping: Flag

    /// This executable, whatever it was started as.
    public static let ownProgram = "/proc/self/exe"
    /// How it becomes the resolver's worker.
    public static let workerArguments = ["--resolver-worker"]

    /// Reads the wall clock: the one place where the daemon does.
    static let clock: @Sendable () -> WallTime = { WallTime.now }

    init(_ parts: ServiceParts) {
        configuration = parts.configuration
        hostname = parts.hostname
        started = Self.clock()
        log = parts.log
        store = parts.store
        loops = parts.loops
        resolver = parts.resolver
        counters = Counters(listeners: parts.entrances.map(\.listener.name))
        room = Room(queueLimit: parts.configuration.intake.queueLimit, counters: counters)
        intakeStopping = Flag()
        validation = ValidationWatch()
        let configuration = parts.configuration
        let policy = PolicySettings(configuration)
        https = parts.https
        reports = ReportSettings(configuration)
        decisions = DecisionFinder(
            routes: RouteFinder(
                resolver: resolver, settings: ServiceParts.routeSettings(configuration, hostname: hostname),
                metrics: counters.metrics),
            policies: ServiceParts.policyFinder(
                configuration, resolver: resolver, https: https, trust: parts.trust, store: store, log: log,
                metrics: counters.metrics),
            settings: policy)
        let schedule = Schedule(configuration.retry)
        routing = Routing(rules: policy.rules, port: configuration.delivery.port)
        let resolver = parts.resolver
        signer = Signer(
            watch: KeyWatch(
                ring: parts.keys, interval: configuration.dkim.checkInterval, clock: Self.clock, log: parts.log,
                lookup: { name in DKIMKeyLookup(await resolver.resolve(Question(name, .txt))) }),
            store: store, unsignable: configuration.dkim.unsignable, clock: Self.clock, log: parts.log)
        let stopping = Flag()
        let unsettled = Unsettled()
        self.unsettled = unsettled
        let deliveries = DeliveryParts(
            configuration: configuration, hostname: hostname, store: store, decisions: decisions,
            routing: routing, credentials: parts.credentials, resolver: resolver, opportunistic: parts.opportunistic,
            dane: parts.dane, trust: parts.trust, signer: signer, identities: parts.identities,
            sessions: SessionCache(), counters: counters, stopping: stopping, unsettled: unsettled, clock: Self.clock)
        let recorder = OutcomeRecorder(
            store: store, schedule: schedule,
            bouncer: Bouncer(
                hostname: hostname, from: configuration.dsn.from ?? .postmaster(at: hostname), schedule: schedule,
                store: store, routing: routing, log: log),
            counters: counters, log: log, routing: routing, clock: Self.clock, stopping: stopping, unsettled: unsettled)
        // An alarm is waited for on its own loop: the loader runs there.
        loaderLoop = loops.next()
        loaderAlarm = Alarm(on: loaderLoop)
        dispatcher = Dispatcher(parts: deliveries, loops: loops, recorder: recorder, loader: loaderAlarm)
        loader = QueueLoader(
            store: store, dispatcher: dispatcher, alarm: loaderAlarm, log: log, routing: routing, clock: Self.clock)
        entrances = parts.entrances
        gate = IntakeGate(configuration.intake, room: room)
        intake = IntakeServer(
            parts: IntakeParts(
                configuration: configuration.intake, store: store, dispatcher: dispatcher, schedule: schedule,
                gate: gate,
                users: parts.users, counters: counters, stopping: intakeStopping, log: log, routing: routing,
                toASCII: { try? DomainName(idna: $0) }, clock: Self.clock),
            loops: loops)
    }

    /// Runs the relay until it is told to stop by SIGTERM or SIGINT.
    /// - Parameters: `program` with `workerArguments` is started as the resolver's worker.
    public static func run(
        _ configuration: Configuration, program: String = ownProgram, workerArguments: [String] = workerArguments,
        log: Logger
    ) async throws(ServiceError) {
        Signals.ignoreBrokenPipe()
        // Before there are threads: it changes the environment.
        let inherited: InheritedSockets
        do throws(InheritedSocketError) {
            inherited = try InheritedSockets.take()
        } catch {
            throw ServiceError.system("\(error)")
        }
        let parts = try await ServiceParts.make(
            configuration, program: program, workerArguments: workerArguments, log: log)
        let service = Service(parts)
        try await service.serve(inherited)
    }

    private func serve(_ inherited: InheritedSockets) async throws(ServiceError) {
        let loop = loops.next()
        let signals: Signals
        do throws(Errno) {
            signals = try Signals(on: loop, [.terminate, .interrupt, .hangup])
        } catch {
            throw ServiceError.system("signals cannot be received: \(error)")
        }
        await measureRoom()
        await recountQueue()
        try await reroute()
        let addresses: [SocketAddress]
        do throws(IntakeServer.ListenError) {
            addresses = try await intake.listen(by: entrances, inherited)
        } catch {
            throw ServiceError.listen("\(error.point)", error.reason)
        }
        let control: ControlServer
        do throws(ControlServerError) {
            control = try ControlServer(on: loop, path: configuration.control.socket, source: self, log: log)
        } catch {
            throw ServiceError.control(configuration.control.socket, "\(error)")
        }
        startMonitoring(on: loop)
        let observations = listenForObservations(on: loop)
        let controlTask = Task(executorPreference: loop) { await control.run() }
        let loading = Task(executorPreference: loaderLoop) { await self.loader.run() }
        let keeping = Task(executorPreference: loop) { await self.keepHouse(on: loop) }
        let testing = Task(executorPreference: loop) { await self.watchValidation(on: loop) }
        let refreshing = Task(executorPreference: loop) { await self.refreshPolicies(on: loop) }
        let observing = Task(executorPreference: loop) { if let observations { await observations.run() } }
        let reporting = Task(executorPreference: loop) { await self.sendReports(on: loop) }
        let watching = Task(executorPreference: loop) { await self.watchKeys(on: loop) }
        await intake.start()
        announce(addresses)
        _ = await loop.task { await self.waitForStop(signals) }.value
        await stop(
            control, [loading, keeping, testing, refreshing, reporting, watching, observing, controlTask],
            observations?.socket)
        signals.close()
    }

    private func waitForStop(_ signals: Signals) async {
        while true {
            do throws(SocketError) {
                switch try await signals.next() {
                case .hangup:
                    log.event(
                        .notice, LogLine("reload-refused").with("cure", "restart relayd to apply a new configuration"))
                case .interrupt, .terminate:
                    return
                }
            } catch {
                return
            }
        }
    }

    /// The end, in order: no new connections, transactions under way, deliveries under way, the store.
    private func stop(_ control: ControlServer, _ tasks: [Task<Void, Never>], _ observations: DatagramSocket?) async {
        let limit = configuration.delivery.shutdownTimeout
        log.event(.notice, LogLine("stopping").with("within", "\(limit.components.seconds)s"))
        for task in tasks { task.cancel() }
        loaderAlarm.ring()
        validation.alarm.withLock { $0 }?.ring()
        refreshBell.withLock { $0 }?.ring()
        for bell in reportBells.withLock({ $0 }) { bell.ring() }
        // One deadline for both: the operator was promised one.
        let deadline = Deadline.after(limit)
        async let noClients: Void = intake.stop(until: deadline, on: loops.next())
        async let noDeliveries: Void = dispatcher.drain(until: deadline, on: loops.next())
        _ = await (noClients, noDeliveries)
        control.close()
        observations?.close()
        for task in tasks { await task.value }
        await endMonitoring()
        await close()
        log.event(.notice, LogLine("stopped"))
        loops.shutdown()
    }

    var policies: PolicyFinder { decisions.policies }

    /// Closes what is no longer in use: the network, and then the store.
    func close() async {
        // The deliveries' end closed them too, but only what came up until then is written.
        await policies.close()
        await https.close()
        await resolver.close()
        await store.close()
    }
}
