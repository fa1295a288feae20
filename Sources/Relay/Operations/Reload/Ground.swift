import DNS
import HTTPS
import Logging
import Mail
import Net
import Store
import TLS

/// What stays for as long as the daemon runs, whatever its configuration becomes; and how the stations are made upon it.
struct Ground: Sendable {
    let hostname: DomainName
    let log: Logger
    let store: SQLiteStore
    let loops: LoopGroup
    /// Replaced where `[dns]` changes: asked for by each lookup.
    let resolver: Current<Resolver>
    /// Replaced where `sts.fetches` changes.
    let https: Current<HTTPSClient>
    let opportunistic: ClientContext
    let dane: ClientContext
    let counters: Counters
    let room: Room
    let open = OpenStreams()
    /// Deliveries stop.
    let stopping = Flag()
    let intakeStopping = Flag()
    let unsettled = Unsettled()
    /// What the operator ordered about the queue, beside the configuration.
    let orders = StandingOrders()
    /// Lives of messages that left the queue.
    let trace: TraceStore?
    let rests = HostRests()
    /// What deliveries see, for those who learn from it.
    let sightings = Sightings()
    /// Which decision each next hop had last.
    let decisionMemory: DecisionMemory
    /// What each address showed last.
    let evidenceMemory = EvidenceMemory()
    /// Faults on this side that stand.
    let faults = LocalFaults()
    /// What the operator should know.
    let alarms: AlarmBook
    let alarmWatch: AlarmWatch
    /// Destinations whose mail waits until what keeps it back is mended.
    let repairs = Repairs()
    /// Read from the disk by the start, before anything is delivered.
    let exceptions: ExceptionBook
    let canaries: CanaryWatch
    let letters = Desk(places: Desk.letters)
    let simulations = Desk(places: Desk.simulations)

    init(_ parts: ServiceParts) {
        hostname = parts.settings.hostname
        log = parts.log
        store = parts.store
        loops = parts.loops
        resolver = Current(parts.resolver)
        https = Current(parts.https)
        opportunistic = parts.opportunistic
        dane = parts.dane
        counters = Counters(listeners: parts.settings.entrances.map(\.listener.name))
        trace = parts.trace
        decisionMemory = DecisionMemory(sightings: sightings)
        let alarm = parts.settings.configuration.alarm
        alarms = AlarmBook(
            store: parts.store, terms: AlarmBook.Terms(alarm), faults: faults,
            metrics: counters.metrics, log: log, clock: Service.clock)
        alarmWatch = AlarmWatch(
            port: parts.settings.configuration.delivery.port, thresholds: AlarmThresholds(alarm), alarms: alarms,
            clock: Service.clock)
        exceptions = ExceptionBook(store: parts.store, log: parts.log, clock: Service.clock)
        exceptions.raiseAlarms(through: alarms)
        sightings.add(alarmWatch)
        sightings.add(exceptions)
        sightings.add(ObservedTally(store: parts.store, counter: counters.metrics.observed, log: parts.log))
        canaries = CanaryWatch(alarms: alarms, log: log)
        room = Room(queueLimit: parts.settings.configuration.intake.queueLimit, counters: counters)
    }

    /// The stations of a start.
    func stations(_ settings: Settings) -> Stations {
        Stations(
            settings: settings,
            decisions: DecisionFinder(
                routes: routes(settings),
                policies: PolicyFinder(policyTerms(settings), store: store, log: log, metrics: counters.metrics),
                settings: settings.policy, exception: exception),
            signer: signer(
                settings,
                KeyWatch(
                    ring: settings.keys, interval: settings.configuration.dkim.checkInterval, clock: Service.clock,
                    log: log, lookup: keyLookup)),
            gate: IntakeGate(settings.configuration.intake, room: room))
    }

    /// Those of a reload.
    /// - Parameter isResolverNew: what the old one said is not remembered.
    func stations(_ settings: Settings, succeeding old: Stations, isResolverNew: Bool) async -> Stations {
        let keepsRoutes = !isResolverNew && routeSettings(settings) == routeSettings(old.settings)
        return Stations(
            settings: settings,
            decisions: DecisionFinder(
                routes: keepsRoutes ? old.decisions.routes : routes(settings), policies: old.decisions.policies,
                settings: settings.policy, exception: exception),
            signer: signer(
                settings,
                await old.signer.watch.successor(
                    ring: settings.keys, interval: settings.configuration.dkim.checkInterval)),
            gate: IntakeGate(settings.configuration.intake, succeeding: old.gate))
    }

    private var exception: @Sendable (DomainName?) -> PolicyException? {
        { [table = exceptions.table] domain in table.exception(for: domain, at: Service.clock()) }
    }

    private func routeSettings(_ settings: Settings) -> RouteSettings {
        ServiceParts.routeSettings(settings.configuration, hostname: hostname)
    }

    private func routes(_ settings: Settings) -> RouteFinder {
        RouteFinder(settings: routeSettings(settings), metrics: counters.metrics, resolve: resolve)
    }

    private func signer(_ settings: Settings, _ watch: KeyWatch) -> Signer {
        Signer(
            watch: watch, store: store, unsignable: settings.configuration.dkim.unsignable, clock: Service.clock,
            log: log)
    }

    private var resolve: RouteFinder.Lookup {
        { [resolver] question in await resolver.value.resolve(question) }
    }

    private var keyLookup: KeyWatch.Lookup {
        { [resolver] name in DKIMKeyLookup(await resolver.value.resolve(Question(name, .txt))) }
    }

    /// By which rules mail waits.
    func queueTerms(_ settings: Settings) -> QueueTerms {
        QueueTerms(schedule: settings.schedule, rules: settings.queueRules, routing: settings.routing, orders: orders)
    }

    func policyTerms(_ settings: Settings) -> PolicyFinder.Terms {
        ServiceParts.policyTerms(
            settings.configuration, https: https.value, trust: settings.trust, resolve: resolve)
    }
}

extension Ground {
    /// What deliveries share. The cache of TLS sessions is a new one: they were proved under the settings of before.
    func deliveryParts(_ stations: Stations) -> DeliveryParts {
        let settings = stations.settings
        return DeliveryParts(
            configuration: settings.configuration, hostname: hostname, store: store, decisions: stations.decisions,
            terms: queueTerms(settings), credentials: settings.credentials, resolver: resolver.value,
            opportunistic: opportunistic, dane: dane, trust: settings.trust, signer: stations.signer,
            identities: settings.identities, sessions: SessionCache(), counters: counters, open: open,
            rests: rests, sightings: sightings, records: records(settings), inFlight: store.inFlight,
            stopping: stopping, unsettled: unsettled,
            clock: Service.clock)
    }

    private func records(_ settings: Settings) -> AttemptRecords {
        AttemptRecords(
            trace: settings.configuration.trace.isOn ? trace : nil, decisions: decisionMemory, evidence: evidenceMemory)
    }

    func recorder(_ settings: Settings) -> OutcomeRecorder {
        OutcomeRecorder(
            store: store, terms: queueTerms(settings),
            bouncer: Bouncer(
                hostname: hostname, from: settings.configuration.dsn.from ?? .postmaster(at: hostname), store: store,
                terms: queueTerms(settings), log: log),
            trace: settings.configuration.trace.isOn ? trace : nil, counters: counters, log: log, clock: Service.clock,
            stopping: stopping, unsettled: unsettled, faults: faults, repairs: repairs, canaries: canaries)
    }

    /// What intake sessions share.
    func intakeParts(_ stations: Stations, _ current: Current<Stations>, _ dispatcher: Dispatcher) -> IntakeParts {
        let settings = stations.settings
        return IntakeParts(
            configuration: settings.configuration.intake, store: store, dispatcher: dispatcher,
            gate: stations.gate, users: settings.users, counters: counters,
            stopping: intakeStopping, log: log, currentTerms: { queueTerms(current.value.settings) },
            toASCII: { try? DomainName(idna: $0) },
            clock: Service.clock)
    }
}
