public import Mail

extension Configuration {
    /// What follows from ``rules``: settings for hosts, and routes.
    ///
    /// The keys of a rule with `next_hop` that say how a host is met are for that next hop, whatever the mail is for: they
    /// become a rule for its name, for the next hop is the policy domain (MX-17).
    public var ruleTable: RuleTable {
        var table: [Rule] = []
        var met: Set<RulePattern> = []
        for rule in rules {
            guard let nextHop = rule.nextHop else {
                table.append(
                    Rule(
                        destination: rule.destination, host: rule.mx, settings: rule.settings,
                        isObserved: rule.isObserved))
                continue
            }
            table.append(
                Rule(
                    destination: rule.destination, host: nil, settings: HostRule(), route: route(of: rule, to: nextHop))
            )
            if rule.hasSettings, met.insert(nextHop.pattern).inserted {
                table.append(Rule(for: nextHop, settings: rule.settings))
            }
        }
        return RuleTable(table)
    }

    private func route(of rule: WrittenRule, to nextHop: WrittenNextHop) -> Route {
        let implicitTLS = rule.implicitTLS ?? false
        let port = nextHop.port ?? (implicitTLS ? Self.implicitTLSPort : delivery.port)
        return Route(
            nextHop: NextHop(nextHop.target, port: port, isConfigured: true), implicitTLS: implicitTLS,
            credentialsFile: rule.credentials, label: rule.label + (rule.reason.map { " (\($0))" } ?? ""))
    }

    /// What is wrong between rules, each of them right by itself.
    func ruleContradictions() -> [ConfigurationFault] {
        var faults: [ConfigurationFault] = []
        // By next hop: how it is met, and the rule that says so.
        var met: [RulePattern: (settings: HostRule, path: String)] = [:]
        var routes: [NextHop: (route: Route, path: String)] = [:]
        for (path, rule) in locatedRules where rule.nextHop == nil && rule.hasSettings && !rule.isObserved {
            guard let pattern = rule.solePattern else { continue }
            met[pattern] = (rule.bareSettings, path)
        }
        for (path, rule) in locatedRules {
            if !delivery.ipv6, rule.sourceIPv6 != nil {
                faults.append(
                    fault(
                        "\(path).source_ipv6", "is set while delivery.ipv6 is false",
                        "Remove it, or switch delivery.ipv6 on"))
            }
            guard let nextHop = rule.nextHop else { continue }
            let route = route(of: rule, to: nextHop)
            if let (other, path: otherPath) = routes[route.nextHop] {
                if other.credentialsFile != route.credentialsFile || other.implicitTLS != route.implicitTLS {
                    // Connections and backoff are shared by all mail for a next hop.
                    faults.append(
                        fault(
                            "\(path).next_hop",
                            "has other credentials or another implicit_tls than in \(ruleText(at: otherPath))",
                            "Give all rules for one next hop and port the same credentials and implicit_tls"))
                }
            } else {
                routes[route.nextHop] = (route, path)
            }
            guard rule.hasSettings else { continue }
            guard let other = met[nextHop.pattern] else {
                met[nextHop.pattern] = (rule.bareSettings, path)
                continue
            }
            guard other.settings != rule.bareSettings else { continue }
            let key = nextHop.isAddress ? "mx" : "destination"
            faults.append(
                fault(
                    "\(path).next_hop", "is met in another way by \(ruleText(at: other.path))",
                    "Put the demands in a rule of their own for the next hop: "
                        + "\(key) = \(TOMLText.quoted(nextHop.pattern.description))"))
        }
        return faults
    }

    private func ruleText(at path: String) -> String {
        places.key(path).map { "the rule in line \($0.line)" } ?? "another rule"
    }

    /// Each rule with its path, by which its place is found.
    var locatedRules: [(path: String, rule: WrittenRule)] {
        rules.enumerated().map { (ConfigurationPlaces.path(RuleReader.name, $0.offset), $0.element) }
    }
}

extension Rule {
    fileprivate init(for nextHop: Configuration.WrittenNextHop, settings: HostRule) {
        let (pattern, isAddress) = (nextHop.pattern, nextHop.isAddress)
        self.init(destination: isAddress ? nil : pattern, host: isAddress ? pattern : nil, settings: settings)
    }
}

extension Configuration.WrittenNextHop {
    /// A rule for this next hop alone.
    var pattern: RulePattern {
        switch target {
        case .domain(let name), .host(let name): .exactly(name)
        case .address(let address): .address(address)
        }
    }

    var isAddress: Bool {
        if case .address = target { true } else { false }
    }

    /// `[127.0.0.1]`: written so that no DNS answer can make it another machine.
    var isLoopback: Bool {
        if case .address(let address) = target { address.isLoopback } else { false }
    }

    var domain: DomainName? {
        switch target {
        case .domain(let name), .host(let name): name
        case .address: nil
        }
    }
}

extension Configuration.WrittenRule {
    /// How the hosts are met: all keys but those for the route.
    var settings: HostRule {
        var settings = bareSettings
        settings.labels = [label]
        settings.demand?.label = label
        settings.words = reason
        return settings
    }

    var isObserved: Bool { mode == .observe }

    /// True where a key says how hosts are met.
    var hasSettings: Bool { bareSettings != HostRule() }

    /// ``settings`` without the words of this rule.
    var bareSettings: HostRule {
        var settings = HostRule()
        settings.demand = level.map {
            HostRule.Demand(
                level: $0, proofs: by, names: names, trust: caFile.map(TrustStore.file), fingerprints: fingerprints,
                label: "")
        }
        settings.minimumVersion = minimumVersion
        if let clientCertificate, let clientKey {
            settings.clientIdentity = ClientIdentity(certificateFile: clientCertificate, keyFile: clientKey)
        }
        settings.sourceIPv4 = sourceIPv4
        settings.sourceIPv6 = sourceIPv6
        settings.requireTLS = requireTLS
        settings.honoursOptionalTLS = tlsRequiredNo.map { $0 == .honour }
        settings.dane = dane
        settings.mtaSTS = mtaSTS
        return settings
    }

    /// `rule "example.org"`, `rule mx "mx1.example.net"`.
    var label: String {
        let parts = [
            destination.map { TOMLText.quoted($0.description) }, mx.map { "mx \(TOMLText.quoted($0.description))" },
        ]
        return (["rule"] + parts.compactMap { $0 }).joined(separator: " ")
    }

    /// The pattern, where the rule is for a next hop of that name or address whatever the host, as rules for a
    /// ``Configuration/WrittenNextHop`` are.
    fileprivate var solePattern: RulePattern? {
        switch (destination, mx) {
        case (let pattern?, nil): pattern
        case (nil, .address(let address)?): .address(address)
        default: nil
        }
    }
}
