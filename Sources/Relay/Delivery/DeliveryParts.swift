import DNS
import Mail
import Net
import Store
import TLS

/// What all deliveries share: values and parts that are safe from any loop.
struct DeliveryParts: Sendable {
    let configuration: Configuration
    let hostname: DomainName
    let store: any QueueStore
    let decisions: DecisionFinder
    /// By which rules mail waits, and where it goes.
    let terms: QueueTerms
    /// Of routes, by the path of their file.
    let credentials: [String: Credentials]
    let resolver: Resolver
    let opportunistic: ClientContext
    let dane: ClientContext
    let trust: TrustStores
    let signer: Signer
    let identities: ClientIdentities
    let sessions: SessionCache
    let counters: Counters
    let open: OpenStreams
    /// Addresses that took no connection lately, whatever destination found that out.
    let rests: HostRests
    /// Where those who watch learn what hosts show.
    let sightings: Sightings
    /// Where it is written down by what each attempt was decided.
    let records: AttemptRecords
    /// Where it is noted what is under way, for the start behind a crash.
    let inFlight: InFlight?
    /// Set once the daemon stops: from then on no host and no lookup is to blame for what does not end.
    let stopping: Flag
    /// Settlements that the store does not take now: while there are any, nothing new is delivered that might not be written
    /// down either.
    let unsettled: Unsettled
    /// The wall clock; the core never reads it.
    let clock: @Sendable () -> WallTime

    /// How long a TLS session may be resumed at most (RFC 8446 §4.6.1 allows seven days). Facts that change before end it
    /// sooner: the requirement they lead to is part of its key (DANE-47).
    static let resumptionLimit: Duration = .seconds(3600)

    /// What `[[queue.rule]]` says of a destination, and `[delivery]` where no rule does.
    func limits(of destination: String) -> (connections: Int, rate: Rate?) {
        let limits = terms.rules.limits(destination: NextHop.domain(of: destination))
        return (limits.connections ?? configuration.delivery.destinationConnections, limits.rate)
    }

    /// Which site a decision leads to.
    func site(of decision: PolicyDecision) -> SiteTerms? {
        SiteTerms(decision, rules: terms.rules, connections: configuration.delivery.siteConnections)
    }

    /// For a destination nothing is known of.
    func newWindow(limit: Int) -> DestinationWindow {
        DestinationWindow(
            limit: limit,
            firstProbe: configuration.retry.minimum.components.seconds,
            lastProbe: configuration.retry.maximum.components.seconds)
    }

    func planLimits(preferring family: AddressFamily?) -> PlanLimits {
        PlanLimits(
            addresses: configuration.delivery.hostLimit,
            families: configuration.delivery.ipv6 ? [.ipv4, .ipv6] : [.ipv4], preferredFamily: family)
    }

    /// The decision for `nextHop` as things stand: DNS facts and MTA-STS found at the same time, both from memory where
    /// they are warm.
    func decision(for job: Job) async -> PolicyDecision {
        await decisions.decision(for: job.nextHop, demand: job.message.demand, isCounted: job.isCounted)
    }

    /// Why a report of ours is not taken to this address; nil where it may be, and for all other mail. Who wants reports is a
    /// stranger's wish, and must not have this machine talk to its own network (reliability: `rua` as SSRF).
    func refusal(of candidate: DeliveryPlan.Candidate, for job: Job) -> Reason? {
        guard job.message.kind == .report, !job.nextHop.isConfigured else { return nil }
        let why = candidate.address.refusedForReports(
            privateAllowed: configuration.tlsrpt.privateAddresses, loopbackAllowed: configuration.delivery.loopback)
        return why.map {
            Reason(
                .connectFailed,
                "no report is sent to \(candidate.host.host) [\(candidate.address)]: \($0) (tlsrpt.private_addresses)")
        }
    }

    var policies: PolicyFinder { decisions.policies }
    var policy: PolicySettings { decisions.settings }

    /// May `kept` carry another job, now that `decision` holds? Only where the decision would open it again as it is (INT-06),
    /// and within its bounds of age and use.
    func mayReuse(_ kept: ClientConnection, for decision: PolicyDecision) -> Bool {
        kept.transactions < configuration.delivery.messagesPerConnection
            && !kept.opened.advanced(by: configuration.delivery.connectionAge).hasPassed
            && decision.allowsReuse(of: kept.candidate)
    }

    /// The terms of a connection to `candidate` in the attempt that stands at `attempt`.
    func terms(
        for candidate: DeliveryPlan.Candidate, to nextHop: NextHop, attempt: AttemptState
    ) -> ClientConnection.Terms {
        let route = terms.routing.route(to: nextHop)
        return terms(for: candidate, route, attempt: attempt)
    }

    private func terms(
        for candidate: DeliveryPlan.Candidate, _ route: Route?, attempt: AttemptState
    ) -> ClientConnection.Terms {
        var end: (@Sendable () -> Reason?)?
        if candidate.beside.exception != nil { end = { exceptionEnd(of: candidate) } }
        return ClientConnection.Terms(
            configuration: configuration.delivery, fallback: configuration.tls.opportunisticFallback,
            attempt: attempt,
            tls: ClientWire.Security(
                contexts: ClientContexts(unverified: opportunistic, dane: dane), trust: trust, identities: identities,
                resumption: candidate.host.host.name.map { name in
                    Resumption(
                        cache: sessions, host: name, address: candidate.address, port: candidate.port,
                        now: .now, expires: .now.advanced(by: Self.resumptionLimit))
                }), security: route?.implicitTLS == true ? .implicitTLS : .startTLS,
            credentials: route?.credentialsFile.flatMap { credentials[$0] },
            exceptionEnd: end)
    }

    /// Why nothing may begin any more under the exception that `candidate` was decided by: its time is over, or it was removed
    /// or replaced. nil where it holds as it did, and where there is none.
    func exceptionEnd(of candidate: DeliveryPlan.Candidate) -> Reason? {
        guard let exception = candidate.beside.exception, decisions.exception(exception.domain) != exception else {
            return nil
        }
        return Reason(
            .policyUnknown,
            "the operator's exception for \(exception.domain) ended meanwhile: what its policies demand is to be decided anew"
        )
    }

    func sourceAddress(of candidate: DeliveryPlan.Candidate) -> SocketAddress? {
        configuration.delivery.sourceAddress(candidate.source, for: candidate.address.family)
    }
}

extension Configuration.Delivery {
    /// The address to connect from: the rule's, else `delivery.source_ipv4` or `source_ipv6`; nil leaves it to the system.
    func sourceAddress(_ ruled: IPAddress?, for family: AddressFamily) -> SocketAddress? {
        let own: IPAddress? =
            switch family {
            case .ipv4: sourceIPv4
            case .ipv6: sourceIPv6
            }
        return (ruled ?? own).flatMap { SocketAddress(octets: $0.octets, port: 0) }
    }
}
