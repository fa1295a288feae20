package import Mail

/// The decision for one next hop: what DNS and MTA-STS say of it, found at the same time and from memory where they are
/// warm, and what follows from it under the operator's settings.
package struct DecisionFinder: Sendable {
    let routes: RouteFinder
    let policies: PolicyFinder
    let settings: PolicySettings
    /// The operator's exception for a next-hop domain, if one holds now.
    let exception: @Sendable (DomainName?) -> PolicyException?

    package init(
        routes: RouteFinder, policies: PolicyFinder, settings: PolicySettings,
        exception: @escaping @Sendable (DomainName?) -> PolicyException? = { _ in nil }
    ) {
        self.routes = routes
        self.policies = policies
        self.settings = settings
        self.exception = exception
    }

    /// By the true policies alone.
    var withoutExceptions: DecisionFinder { DecisionFinder(routes: routes, policies: policies, settings: settings) }

    /// As things stand now. `isCounted`: TLS-RPT counts what comes of it, see ``PolicyFinder/facts(for:isCounted:)``.
    package func decision(
        for nextHop: NextHop, demand: MessageDemand, isCounted: Bool = true
    ) async -> PolicyDecision {
        // A task for the other is worth its cost only where somebody has to be asked.
        if let warm = await policies.warmFacts(for: nextHop, isCounted: isCounted) {
            return decision(await routes.facts(for: nextHop), warm, demand)
        }
        async let sts = policies.facts(for: nextHop, isCounted: isCounted)
        let facts = await routes.facts(for: nextHop)
        return decision(facts, await sts, demand)
    }

    /// The exception is asked for last: what was found may have taken longer than it lasts.
    private func decision(_ facts: DestinationFacts, _ sts: STSFacts, _ demand: MessageDemand) -> PolicyDecision {
        PolicyDecision(
            PolicyInputs(
                facts: facts, sts: sts, demand: demand, settings: settings, exception: exception(facts.nextHop.domain)))
    }
}
