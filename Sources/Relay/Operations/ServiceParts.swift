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
    let configuration: Configuration
    let hostname: DomainName
    let log: Logger
    let store: SQLiteStore
    let loops: LoopGroup
    let resolver: Resolver
    let https: HTTPSClient
    /// Of all routes, by the path of their file.
    let credentials: [String: Credentials]
    let opportunistic: ClientContext
    let dane: ClientContext
    let trust: TrustStores
    let identities: ClientIdentities
    let entrances: [Entrance]
    /// Who may log in; nil where nobody can.
    let users: Users?
    let keys: KeyRing

    static func make(
        _ configuration: Configuration, program: String, workerArguments: [String], log: Logger
    ) async throws(ServiceError) -> ServiceParts {
        // Before anything else takes descriptors.
        let configuration = Descriptors.raised().fitting(configuration, log: log)
        let hostname = try Self.hostname(configuration)
        let (opportunistic, dane) = try contexts()
        let entrances = try Entrance.all(configuration, hostname: hostname)
        let users = try users(configuration, log)
        let (trust, identities) = try proofs(configuration)
        let credentials: [String: Credentials]
        let keys: KeyRing
        do throws(ConfigurationError) {
            credentials = try configuration.loadCredentials()
            keys = try KeyRing(loading: configuration)
        } catch {
            throw ServiceError.files(error.faults)
        }
        warnOfLibraries(log)
        if let missing = missingAnchors(configuration, trust) {
            log.event(.warning, LogLine("trust-anchors-missing").with("reason", missing).with("cure", Self.anchorsCure))
        }
        let store: SQLiteStore
        do throws(StoreOpenError) {
            store = try SQLiteStore.open(directory: configuration.store.directory, now: Service.clock())
        } catch {
            throw ServiceError.store("\(error)")
        }
        let report = store.openingReport
        log.event(
            report.messagesQuarantined > 0 || report.filesSetAside > 0 ? .warning : .notice,
            LogLine("store-opened").with("directory", configuration.store.directory)
                .with("clean", !report.wasUnclean).with("set_aside", report.filesSetAside)
                .with("quarantined", report.messagesQuarantined).with("sqlite", report.library))
        do throws(ServiceError) {
            let (loops, resolver, https) = try await network(configuration, program, workerArguments)
            return ServiceParts(
                configuration: configuration, hostname: hostname, log: log, store: store, loops: loops,
                resolver: resolver, https: https, credentials: credentials,
                opportunistic: opportunistic, dane: dane, trust: trust, identities: identities, entrances: entrances,
                users: users,
                keys: keys)
        } catch {
            await store.close()
            throw error
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

    /// Loads every file of trust anchors and every certificate of ours that the configuration names, so that none is found bad
    /// at the first delivery that needs it. In the words of `relayd --check`, for it asks the same question.
    static func proofs(_ configuration: Configuration) throws(ServiceError) -> (TrustStores, ClientIdentities) {
        let (trust, identities) = (TrustStores(), ClientIdentities())
        let faults = configuration.checkProofs(files: .loading(into: trust, identities))
        guard faults.isEmpty else { throw ServiceError.files(faults) }
        return (trust, identities)
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

    /// What finds MTA-STS policies: the same for the daemon and for `relayctl policy --local`, which has no store.
    static func policyFinder(
        _ configuration: Configuration, resolver: Resolver, https: HTTPSClient, trust: TrustStores = TrustStores(),
        store: (any PolicyStore & ReportStore)?, log: Logger?, metrics: Metrics? = nil
    ) -> PolicyFinder {
        PolicyFinder(
            fetcher: PolicyFetcher(
                resolver: resolver, client: https, timeout: configuration.sts.fetchTimeout,
                trust: configuration.tls.trust, anchors: trust, loopbackAllowed: configuration.delivery.loopback),
            store: store, reports: store, settings: STSSettings(configuration), isEnabled: configuration.sts.enabled,
            firstWait: configuration.sts.firstWait, clock: Service.clock, log: log, metrics: metrics)
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

    static func users(_ configuration: Configuration, _ log: Logger) throws(ServiceError) -> Users? {
        guard let path = configuration.intake.usersFile else { return nil }
        do throws(UsersFileFault) {
            return try Users(path: path, log: log)
        } catch {
            throw ServiceError.users("\(error)")
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

    /// Says once, by version, which linked library is known to be unsafe.
    private static func warnOfLibraries(_ log: Logger) {
        if let version = UnboundVersion.linked, version.isKnownUnsafe {
            log.event(
                .warning,
                LogLine("library-unsafe").with("library", "libunbound \(version)")
                    .with("known", version.knownFaults.joined(separator: " "))
                    .with(
                        "cure",
                        "upgrade to 1.25.2 or later where the system has it; it runs confined in a process of its own"))
        }
        if let why = OpenSSLLibrary.knownUnsafe {
            log.event(.warning, LogLine("library-unsafe").with("library", OpenSSLLibrary.version).with("known", why))
        }
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
