import CLinux
import DNS
import Glibc
import HTTPS
import Logging
import Mail
import Net
import Store
import TLS

/// Everything of the service that can fail to be made, made in the order in which an operator wants to hear of it.
struct ServiceParts: Sendable {
    let settings: Settings
    /// Where the configuration was read, for a reload; nil where it came from no file.
    let path: String?
    let log: Logger
    let store: SQLiteStore
    /// Nil where it cannot be opened: mail goes on without it.
    let trace: TraceStore?
    let loops: LoopGroup
    let resolver: Resolver
    /// How the resolver's worker is started.
    let program: String
    let workerArguments: [String]
    let https: HTTPSClient
    let opportunistic: ClientContext
    let dane: ClientContext
    /// This process was root when it started, and cannot be again.
    var wasRoot = false
    /// How long a question about how it goes waits for the disk (``Glance``). Ours: well below the ten seconds that `relayctl` and
    /// Prometheus wait.
    var diskPatience: Duration = .seconds(2)

    static func make(
        _ configuration: Configuration, path: String? = nil, program: String, workerArguments: [String],
        _ inherited: InheritedSockets = .none, log: Logger
    ) async throws(ServiceError) -> ServiceParts {
        // Before anything else takes descriptors.
        _ = Descriptors.raised().fitting(configuration, log: log)
        let hostname = try Self.hostname(configuration)
        let (opportunistic, dane) = try contexts()
        let settings: Settings
        do throws(ConfigurationError) {
            settings = try Settings(configuration, hostname: hostname, log: log)
        } catch {
            throw ServiceError.files(error.faults)
        }
        tellMissingAnchors(settings, log)
        for warning in Service.rightsWarnings(configuration) {
            log.event(.warning, LogLine("rights-too-wide").with("reason", warning))
        }
        let wasRoot = try Rights.giveUp(configuration, inherited, log)
        let store: SQLiteStore
        do throws(StoreOpenError) {
            store = try SQLiteStore.open(directory: configuration.store.directory, now: Service.clock())
        } catch {
            // No fault of the configuration: the next start may find room.
            if case .full = error { throw ServiceError.system("\(error)") }
            throw ServiceError.store("\(error)")
        }
        let trace = openTrace(configuration, log)
        tell(store.openingReport, of: configuration.store.directory, log)
        tell(LibraryFault.all(store.openingReport.sqlite), log)
        do throws(ServiceError) {
            let (loops, resolver, https) = try await network(configuration, program, workerArguments)
            return ServiceParts(
                settings: settings, path: path, log: log, store: store, trace: trace, loops: loops, resolver: resolver,
                program: program, workerArguments: workerArguments, https: https, opportunistic: opportunistic,
                dane: dane, wasRoot: wasRoot)
        } catch {
            await trace?.close()
            await store.close()
            throw error
        }
    }

    private static func openTrace(_ configuration: Configuration, _ log: Logger) -> TraceStore? {
        do throws(StoreOpenError) {
            let trace = try TraceStore.open(
                directory: configuration.store.directory, limits: TraceLimits(configuration.trace),
                now: Service.clock())
            if let aside = trace.openingReport.setAside {
                log.event(.warning, LogLine("trace-set-aside").with("reason", aside))
            }
            return trace
        } catch {
            log.event(
                .error,
                LogLine("trace-off").with("reason", "\(error)")
                    .with("cure", "mail goes on without a trace: mend or move the file away, then restart relayd"))
            return nil
        }
    }

    /// What must be ended where it was made: where one fails to be, none of it is left. The resolver, a process, comes last.
    private static func network(
        _ configuration: Configuration, _ program: String, _ arguments: [String]
    ) async throws(ServiceError) -> (LoopGroup, Resolver, HTTPSClient) {
        let https = try makeHTTPS(configuration)
        do throws(ServiceError) {
            let loops = try makeLoops()
            do throws(ServiceError) {
                let resolver = try await makeResolver(
                    configuration, program: program, arguments: arguments, on: loops.next())
                return (loops, resolver, https)
            } catch {
                loops.shutdown()
                // Which option it is is worth another try.
                if case .resolverSettings = error,
                    let fault = await Service.checkResolver(configuration, program: program, workerArguments: arguments)
                {
                    throw ServiceError.files([fault])
                }
                throw error
            }
        } catch {
            await https.close()
            throw error
        }
    }

    static func makeLoops() throws(ServiceError) -> LoopGroup {
        do throws(Errno) { return try LoopGroup(name: "loop") } catch {
            throw ServiceError.system("the event loops cannot be started: \(error)")
        }
    }

    static func makeResolver(
        _ configuration: Configuration, program: String, arguments: [String], on loop: Loop
    ) async throws(ServiceError) -> Resolver {
        do throws(ResolverError) {
            return try await Resolver.start(
                program: program, arguments: arguments, settings: ResolverSettings(configuration.dns), on: loop)
        } catch {
            if case .settingsRefused(let why) = error { throw ServiceError.resolverSettings(why) }
            throw ServiceError.resolver("\(error)")
        }
    }

    static func tellMissingAnchors(_ settings: Settings, _ log: Logger) {
        guard let missing = missingAnchors(settings.configuration, settings.trust) else { return }
        log.event(.warning, LogLine("trust-anchors-missing").with("reason", missing).with("cure", anchorsCure))
    }

    /// What a machine without certification authorities cannot do; nil where it has some, or needs none. No ground not to
    /// start: DANE needs none, and they may be installed while the daemon runs.
    static func missingAnchors(_ configuration: Configuration, _ trust: TrustStores) -> String? {
        guard configuration.tls.trust == .system else { return nil }
        do throws(TLSError) {
            try trust.load(.system)
            return nil
        } catch {
            return
                "\(error.text): no certificate can be trusted that MTA-STS, REQUIRETLS or a rule demands, and no MTA-STS "
                + "policy be fetched"
        }
    }

    static let anchorsCure = "install the Debian package ca-certificates, or set tls.ca_file"

    static func makeHTTPS(_ configuration: Configuration) throws(ServiceError) -> HTTPSClient {
        do throws(HTTPSFailure) { return try HTTPSClient(transfersLimit: configuration.sts.fetches) } catch {
            throw ServiceError.system("policies cannot be fetched: \(error.words)")
        }
    }

    /// By which terms MTA-STS policies are found: the same for the daemon and for `relayctl policy --local`.
    static func policyTerms(
        _ configuration: Configuration, https: HTTPSClient, trust: TrustStores = TrustStores(),
        resolve: @escaping RouteFinder.Lookup
    ) -> PolicyFinder.Terms {
        PolicyFinder.Terms(
            fetcher: PolicyFetcher(
                resolve: resolve, client: https, timeout: configuration.sts.fetchTimeout,
                trust: configuration.tls.trust, anchors: trust, loopbackAllowed: configuration.delivery.loopback),
            settings: STSSettings(configuration), isEnabled: configuration.sts.enabled,
            firstWait: configuration.sts.firstWait)
    }

    /// `server.hostname`, else the machine's own name.
    static func hostname(_ configuration: Configuration) throws(ServiceError) -> DomainName {
        if let name = configuration.server.hostname { return name }
        var bytes = [CChar](repeating: 0, count: Int(HOST_NAME_MAX) + 1)
        guard gethostname(&bytes, bytes.count - 1) == 0,
            let name = try? DomainName(parsing: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) })
        else {
            throw ServiceError.hostname
        }
        return name
    }

    static func contexts() throws(ServiceError) -> (ClientContext, ClientContext) {
        do throws(TLSError) {
            return (try ClientContext(.unverified), try ClientContext(.dane))
        } catch {
            throw ServiceError.tls(error.text)
        }
    }

    /// The addresses we send from are ours; those we listen on too, unless they mean "any" or lie on loopback (MX-09).
    static func ownAddresses(_ configuration: Configuration) -> Set<IPAddress> {
        let configured =
            configuration.intake.addresses.compactMap { IPAddress(octets: $0.octets) }
            + [configuration.delivery.sourceIPv4, configuration.delivery.sourceIPv6].compactMap { $0 }
        return Set(configured.filter { $0 != .v4(0) && $0 != .v6(high: 0, low: 0) && !$0.isLoopback })
    }

    /// What the search for routes must know of this machine: the same for the daemon and for `relayctl policy --local`.
    static func routeSettings(_ configuration: Configuration, hostname: DomainName?) -> RouteSettings {
        RouteSettings(
            ourNames: hostname.map { [$0] } ?? [], ourAddresses: ownAddresses(configuration),
            loopbackAllowed: configuration.delivery.loopback, daneForInsecureMX: configuration.dane.insecureMX)
    }

    /// Says once, by version, of which linked library something is known.
    private static func tell(_ faults: [LibraryFault], _ log: Logger) {
        for fault in faults {
            log.event(
                fault.isLikely ? .warning : .notice,
                LogLine("library-unsafe").with("library", fault.library).with("known", fault.known)
                    .with("reason", fault.reason).with("cure", fault.cure))
        }
    }
}

extension PolicyFinder {
    init(_ terms: Terms, store: (any PolicyStore & ReportStore)?, log: Logger?, metrics: Metrics? = nil) {
        self.init(
            fetcher: terms.fetcher, store: store, reports: store, settings: terms.settings,
            isEnabled: terms.isEnabled, firstWait: terms.firstWait, clock: Service.clock, log: log,
            metrics: metrics)
    }
}

extension ResolverSettings {
    init(_ configuration: Configuration.DNS) {
        self.init(
            trustAnchorFile: configuration.rootTrustAnchor, rootHintsFile: configuration.rootHints ?? "",
            forwarders: configuration.forward.map(\.description),
            options: configuration.unbound.sorted { $0.key < $1.key }.map { UnboundOption($0.key, $0.value) },
            lookupTimeout: configuration.lookupTimeout)
    }
}

extension WallTime {
    /// The system's civil time.
    static var now: WallTime { WallTime(seconds: Int64(time(nil))) }
}

extension TraceLimits {
    init(_ configuration: Configuration.Trace) {
        self.init(keep: configuration.keep.components.seconds, octets: Int64(configuration.size))
    }
}
