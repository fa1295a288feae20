import DNS
import FlyingFox
import Mail
import Net
import Store
import TLS

/// `relayctl simulate`: what another configuration would change, tried without sending anything.
extension Service {
    public func simulate(_ query: SimulationQuery) async throws -> SimulationPage {
        guard ground.simulations.begin() else {
            throw ControlRefusal(
                .serviceUnavailable, "busy", "another configuration is being tried", "Ask again in a minute")
        }
        defer { ground.simulations.end() }
        let tried: TriedConfiguration
        switch await TriedConfiguration.read(query) {
        case .success(let read): tried = read
        case .failure(let error):
            return SimulationPage(faults: error.faults.map(FaultView.init), days: query.days)
        }
        let settings = current.value.settings
        let change = ConfigurationChange(from: settings.written, to: tried.configuration)
        let (seen, isLast, unread) = try await SimulationReading(store: store, now: Self.clock()).page(query)
        let loop = loops.next()
        let simulation = Simulation(
            now: side(
                configuration, trust: settings.trust, settings.identities, on: loop, routes: decisions.routes),
            then: side(tried.configuration, trust: tried.trust, tried.identities, on: loop), policies: policies,
            exception: decisions.exception)
        guard let destinations = await loop.run(within: Simulation.limit, { await simulation.run(seen) }) else {
            throw ControlRefusal(
                .serviceUnavailable, "too-slow",
                "the domains behind \(query.after ?? "the first") did not answer within "
                    + "\(Simulation.limit.components.seconds) s", "Try again: what was looked up is known then")
        }
        let keys = change.changed + change.restartNeeded
        return SimulationPage(
            notSimulated: keys.filter { !Self.isSimulated($0, beside: configuration) }, days: query.days,
            destinations: destinations, unread: unread, next: isLast ? nil : seen.last?.name)
    }

    /// True for a key that decides what a host must show, or where mail goes, and that is tried.
    /// - Parameter configuration: the one in force.
    static func isSimulated(_ key: String, beside configuration: Configuration) -> Bool {
        // Policies are found by the daemon as it is: where it looks for none there are none to try.
        if key == "sts.enabled" { return configuration.sts.enabled }
        let keys: Set = [
            RuleReader.name, "delivery.port", "delivery.ipv6", "delivery.source_ipv4", "delivery.source_ipv6",
            "delivery.loopback", "delivery.host_limit",
        ]
        return keys.contains(key) || key.hasPrefix("tls.") || key.hasPrefix("dane.")
    }

    func side(
        _ configuration: Configuration, trust: TrustStores, _ identities: ClientIdentities, on loop: Loop,
        routes: RouteFinder? = nil
    ) -> Simulation.Side {
        let terms = Simulation.Terms(configuration)
        let security = ClientWire.Security(
            contexts: ClientContexts(unverified: ground.opportunistic, dane: ground.dane), trust: trust,
            identities: identities)
        let hostname = hostname
        return Simulation.Side(
            terms: terms,
            routes: routes
                ?? RouteFinder(settings: ServiceParts.routeSettings(configuration, hostname: hostname)) {
                    [resolver = ground.resolver] question in await resolver.value.resolve(question)
                },
            rehearsal: { [ground] isImplicitTLS in
                Rehearsal(
                    terms: ProbeConnection.Terms(
                        hostname: hostname, tls: security, fallback: terms.fallback,
                        security: isImplicitTLS ? .implicitTLS : .startTLS, step: Simulation.step),
                    limits: terms.limits,
                    source: { configuration.delivery.sourceAddress($0.source, for: $0.address.family) },
                    open: ground.open, stopping: ground.stopping, rests: nil,
                    connectionLimit: Simulation.connections, loop: loop)
            })
    }
}

/// A configuration that is only tried, with the files that hosts are judged by.
struct TriedConfiguration: Sendable {
    let configuration: Configuration
    let trust = TrustStores()
    let identities = ClientIdentities()

    private init(_ query: SimulationQuery) throws(ConfigurationError) {
        configuration = try Configuration.parse(text: query.configuration, file: query.file)
        let files = FileSurvey.loading(into: trust, identities)
        let faults = configuration.checkProofs(
            files: FileSurvey { path, use in
                switch use {
                case .trustAnchors, .certificate, .readableFile, .workerFile: files.problem(path, use)
                // No password is shown, and nothing is written.
                case .credentials, .users, .writableDirectory, .socket, .ownSocket, .program: nil
                }
            })
        guard faults.isEmpty else { throw ConfigurationError(faults: faults) }
        // Where there are none, the looks that want them say so.
        try? trust.load(.system)
    }

    /// Detached: a megabyte of text and the files it names are nothing for a loop.
    static func read(_ query: SimulationQuery) async -> Result<TriedConfiguration, ConfigurationError> {
        await Task.detached {
            do throws(ConfigurationError) {
                return .success(try TriedConfiguration(query))
            } catch {
                return .failure(error)
            }
        }.value
    }
}
