import DNS
import HTTPS
public import Mail
import Net

/// The decision for one domain without a daemon: the same search, the same rules, a resolver of its own. Nothing is cached,
/// so an MTA-STS policy is fetched each time.
public struct LocalPolicy: Sendable {
    public let domain: DomainName
    /// Where the operator sends mail for the domain; nil where its MX records decide.
    public let route: Route?
    public let decision: PolicyDecision
    /// nil where the next hop is no domain.
    public let tlsrpt: RecordReading<TLSRPTRecord>?

    public var document: PolicyDocument {
        PolicyDocument(decision, domain: domain, route: route, tlsrpt: tlsrpt)
    }

    /// Finds out, and ends what it needed for it.
    ///
    /// - Parameters:
    ///   - port: instead of `delivery.port`; a route has its own.
    ///   - program: started with `workerArguments` as the resolver's worker.
    public static func find(
        for domain: DomainName, port: UInt16? = nil, configuration: Configuration,
        program: String = Service.ownProgram, workerArguments: [String]
    ) async throws(ServiceError) -> LocalPolicy {
        let parts = try await LocalParts.make(configuration, program: program, workerArguments: workerArguments)
        let found = await parts.find(domain, port: port)
        await parts.close()
        return found
    }
}

/// What `relayctl` needs to do a daemon's work itself.
private struct LocalParts: Sendable {
    let configuration: Configuration
    let loop: Loop
    let resolver: Resolver
    let https: HTTPSClient

    static func make(
        _ configuration: Configuration, program: String, workerArguments: [String]
    ) async throws(ServiceError) -> LocalParts {
        let loop: Loop
        do throws(Errno) {
            loop = try Loop(name: "policy")
            try loop.start()
        } catch {
            throw ServiceError.system("no event loop can be started: \(error)")
        }
        do throws(ServiceError) {
            let https = try ServiceParts.makeHTTPS(configuration)
            let resolver = try await ServiceParts.makeResolver(
                configuration, program: program, arguments: workerArguments, on: loop)
            return LocalParts(configuration: configuration, loop: loop, resolver: resolver, https: https)
        } catch {
            loop.shutdown()
            throw error
        }
    }

    func find(_ domain: DomainName, port: UInt16?) async -> LocalPolicy {
        let settings = PolicySettings(configuration)
        let routing = Routing(rules: settings.rules, port: port ?? configuration.delivery.port)
        let nextHop = routing.nextHop(for: .name(domain))
        let decisions = DecisionFinder(
            routes: RouteFinder(
                settings: ServiceParts.routeSettings(
                    configuration, hostname: try? ServiceParts.hostname(configuration))
            ) { await resolver.resolve($0) },
            policies: PolicyFinder(
                ServiceParts.policyTerms(configuration, https: https) { await resolver.resolve($0) }, store: nil,
                log: nil),
            settings: settings)
        return await loop.task {
            async let decision = decisions.decision(for: nextHop, demand: .ordinary)
            async let tlsrpt = resolver.tlsrpt(of: nextHop)
            return LocalPolicy(
                domain: domain, route: routing.route(to: nextHop), decision: await decision, tlsrpt: await tlsrpt)
        }.value
    }

    func close() async {
        await https.close()
        await resolver.close()
        loop.shutdown()
    }
}
