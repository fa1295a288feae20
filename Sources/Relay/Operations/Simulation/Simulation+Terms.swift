import Mail

extension Simulation {
    /// What of one configuration decides where mail goes, what a host must show, and how it is reached.
    struct Terms: Sendable {
        let policy: PolicySettings
        let routing: Routing
        let usesSTS: Bool
        let fallback: OpportunisticFallback
        let limits: PlanLimits
        /// Where connections come from, where no rule says so.
        let sources: [IPAddress?]

        init(_ configuration: Configuration) {
            policy = PolicySettings(configuration)
            routing = Routing(rules: policy.rules, port: configuration.delivery.port)
            usesSTS = configuration.sts.enabled
            fallback = configuration.tls.opportunisticFallback
            limits = PlanLimits(
                addresses: configuration.delivery.hostLimit,
                families: configuration.delivery.ipv6 ? [.ipv4, .ipv6] : [.ipv4])
            sources = [configuration.delivery.sourceIPv4, configuration.delivery.sourceIPv6]
        }

        /// True where a delivery by the other ones would go to the same hosts in the same way, and ask the same of them:
        /// nothing need be tried.
        func comesToTheSame(_ decision: PolicyDecision, as other: Terms, _ theirs: PolicyDecision) -> Bool {
            decision.demandsTheSame(as: theirs) && fallback == other.fallback && limits == other.limits
                && sources == other.sources && isImplicitTLS(decision) == other.isImplicitTLS(theirs)
        }

        func isImplicitTLS(_ decision: PolicyDecision) -> Bool {
            routing.route(to: decision.inputs.facts.nextHop)?.implicitTLS == true
        }

        /// - Parameter name: of recipients' domain, as deliveries are counted, or of a destination that is no route, as the queue
        ///   has it.
        /// - Returns: nil where the name is none that mail is sent to.
        func nextHop(named name: String) -> NextHop? {
            // As a mailbox has it (RFC 5321 §4.1.3); a destination has no such tag.
            let tag = "[IPv6:"
            let name = name.hasPrefix(tag) ? "[" + name.dropFirst(tag.count) : name
            return NextHop(destination: name).flatMap { hop in
                // Of a route each recipient's domain is asked for.
                if hop.isConfigured { return nil }
                return switch hop.target {
                case .domain(let domain), .host(let domain): routing.nextHop(for: .name(domain))
                case .address(let address): routing.nextHop(for: .literal(address))
                }
            }
        }
    }
}
