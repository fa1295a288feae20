/// What the operator's route to a next hop demands, behind what rules say of the host.
extension RequirementMaker {
    private var route: Route? { inputs.settings.rules.route(to: inputs.facts.nextHop) }

    /// Is the next hop to be shown a password?
    var hasCredentials: Bool { route?.credentialsFile != nil }

    /// Implicit TLS has no clear form, and a password is for the next hop alone: without a level of the operator's own it must
    /// prove who it is first (CLI-27). Whatever the message says: the password is not its sender's.
    mutating func applyRoute(_ finding: STSFinding) throws(Skip) {
        guard let route else { return }
        if route.implicitTLS {
            reasons.append(.implicitTLS)
            raise(to: .encrypted, by: .local, .implicitTLS)
        }
        guard hasCredentials else { return }
        switch rule.demand?.level {
        case .some(.none) where level == .none && host.isLoopback:
            reasons.append(
                Explanation("\(rule.origin(of: .demand)) has the password shown without TLS: it stays on this machine"))
        case .some(.none), nil:
            try demandProofForPassword(route, finding)
        case .some(.opportunistic), .some(.encrypted), .some(.authenticated):
            let words = Explanation(
                "\(route.label) has the next hop shown a password, so TLS is demanded", source: "RFC 4954 §4")
            reasons.append(words)
            raise(to: .encrypted, by: .local, words)
        }
    }

    /// By DANE, by MTA-STS, or by a trusted certificate for a name that the operator or DNSSEC vouches for: one that an unsigned
    /// MX record gave could be anybody's, and then it must be the name that the operator wrote.
    private mutating func demandProofForPassword(_ route: Route, _ finding: STSFinding) throws(Skip) {
        let isNameVouchedFor = inputs.facts.mx.lookup == .notQueried || inputs.facts.mx.security == .secure
        let name = isNameVouchedFor ? host.host.name : inputs.facts.nextHop.domain
        guard let name else {
            throw later(
                .certificateInvalid,
                "\(route.label) has \(host.host) shown a password, and an address has no name to prove: add names or "
                    + "fingerprints to a rule for it")
        }
        let words = Explanation(
            "\(route.label) has the next hop shown a password, so it must prove that it is \(name)",
            source: "RFC 4954 §9")
        reasons.append(words)
        let demand = HostRule.Demand(
            level: .authenticated, proofs: [.dane, .mtaSTS, .pkix], names: [name], label: route.label)
        try demandProof(demand, words, finding)
    }
}

extension HostFacts {
    /// True where no connection to this host leaves the machine.
    var isLoopback: Bool {
        !addresses.addresses.isEmpty && addresses.addresses.allSatisfy(\.isLoopback)
    }
}
