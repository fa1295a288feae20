import DNS
public import Mail
import Net

/// The decision for one domain without a daemon: the same search, the same rules, a resolver of its own.
public enum LocalPolicy {
    /// Starts a resolver by `program` with `workerArguments`, asks, and ends it.
    public static func document(
        for domain: DomainName, configuration: Configuration, program: String = Service.ownProgram,
        workerArguments: [String]
    ) async throws(ServiceError) -> PolicyDocument {
        let loop: Loop
        do throws(Errno) {
            loop = try Loop(name: "policy")
            try loop.start()
        } catch {
            throw ServiceError.system("no event loop can be started: \(error)")
        }
        defer { loop.shutdown() }
        let resolver = try await ServiceParts.makeResolver(
            configuration, program: program, arguments: workerArguments, on: loop)
        let routes = RouteFinder(
            resolver: resolver,
            settings: ServiceParts.routeSettings(configuration, hostname: try? ServiceParts.hostname(configuration)))
        let nextHop = NextHop(.domain(domain), port: configuration.delivery.port)
        let facts = await loop.task { await routes.facts(for: nextHop) }.value
        await resolver.close()
        return PolicyDocument(facts, settings: PolicySettings(daneForInsecureMX: configuration.dane.insecureMX))
    }
}
