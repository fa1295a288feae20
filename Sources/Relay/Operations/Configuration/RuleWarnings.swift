import Mail

/// Rules that are allowed and yet give something up, or come to nothing. Said by `--check`, which ends well all the same.
extension Configuration {
    /// Warnings of one kind at most; of more, their number is said.
    static let ruleWarningLimit = 20

    func ruleWarnings() -> [ConfigurationFault] {
        guard !rules.isEmpty else { return [] }
        let table = ruleTable
        let routed = RoutedNames(table)
        // What is only tried gives nothing up.
        let located = locatedRules.filter { !$0.rule.isObserved }
        let kinds: [(what: String, find: (WrittenRule) -> Warning?)] = [
            ("lower what would be demanded", lowering), ("give way to senders", yielding),
            ("hold reports back", holding),
            ("take the name of an MX host for a proof", anybodys), ("never apply", { routed.idle($0) }),
            ("show a password", { exposing($0, in: table) }),
        ]
        return kinds.flatMap { kind in
            let found = located.lazy.compactMap { path, rule in
                kind.find(rule).map { fault("\(path).\($0.key)", $0.problem, $0.cure) }
            }
            let all = Array(found)
            let rest = all.count - Self.ruleWarningLimit
            guard rest > 0 else { return all }
            let more = ConfigurationFault(
                file: places.file, place: nil, key: RuleReader.name,
                problem: "\(rest) more rules \(kind.what)", cure: "")
            return all.prefix(Self.ruleWarningLimit) + [more]
        }
    }

    struct Warning {
        let key: String
        let problem: String
        let cure: String
    }

    private func lowering(_ rule: WrittenRule) -> Warning? {
        var ways: [(key: String, words: String)] = []
        if let level = rule.level {
            if level == .none {
                ways.append(("level", "TLS is not even tried"))
            } else if level < tls.minimumLevel {
                ways.append(("level", "less is demanded than tls.minimum_level"))
            }
        }
        if rule.minimumVersion == .tls12, tls.minimumVersion == .tls13 {
            ways.append(("minimum_version", "older TLS is spoken than tls.minimum_version"))
        }
        switch rule.dane {
        case .off?: ways.append(("dane", "TLSA records are ignored"))
        case .observe?: ways.append(("dane", "nothing fails on TLSA records"))
        case .on?, nil: break
        }
        switch rule.mtaSTS {
        case .off?: ways.append(("mta_sts", "MTA-STS is ignored"))
        case .observe?: ways.append(("mta_sts", "nothing fails on MTA-STS"))
        case .on?, nil: break
        }
        guard let first = ways.first else { return nil }
        let words = ways.map(\.words).joined(separator: ", ")
        return Warning(
            key: first.key,
            problem: "\(rule.label) lowers what would be demanded: \(words)"
                + (rule.reason.map { " (\($0))" } ?? ""),
            cure: rule.reason == nil ? "Say why, for those who come after you: reason = \"…\"" : "")
    }

    private func yielding(_ rule: WrittenRule) -> Warning? {
        guard rule.tlsRequiredNo == .honour else { return nil }
        return Warning(
            key: "tls_required_no",
            problem: "any sender can set the demands of \(rule.label) aside with TLS-Required: No (RFC 8689 §3)",
            cure: "")
    }

    /// D15: a report yields to nothing but an explicit rule.
    private func holding(_ rule: WrittenRule) -> Warning? {
        guard rule.tlsRequiredNo != .honour else { return nil }
        let key: String
        if rule.requireTLS == true {
            key = "requiretls"
        } else if let level = rule.level, level > .opportunistic {
            key = "level"
        } else {
            return nil
        }
        let namesSomebody = (rule.destination ?? .any) != .any || (rule.mx ?? .any) != .any
        let reports = namesSomebody ? ", and our own reports of TLS failures there (RFC 8460 §5.3)" : ""
        return Warning(
            key: key, problem: "\(rule.label) also holds back mail with TLS-Required: No\(reports)", cure: "")
    }

    /// A certificate for a name that whoever forges an MX record may choose. Whether the records are signed only DNS can say.
    private func anybodys(_ rule: WrittenRule) -> Warning? {
        guard rule.by.contains(.pkix), rule.names.isEmpty, let destination = rule.destination else { return nil }
        switch rule.nextHop?.target {
        case .host, .address: return nil
        case .domain, nil: break
        }
        // The demands on a next hop in brackets may stand in a rule of its own, and no MX record has a say there.
        let isNextHop = rules.contains {
            if case .host(let name)? = $0.nextHop?.target { destination == .exactly(name) } else { false }
        }
        guard !isNextHop else { return nil }
        return Warning(
            key: "by",
            problem:
                "\(rule.label) takes a certificate for the MX host's own name: where the MX records are not signed, that "
                + "may be anybody's host, and proves nothing about the domain",
            cure: "Add names = [\"…\"], or next_hop = \"[host]\"")
    }

    /// A password for whoever answers, where a rule says so itself: TLS alone does not tell who that is. Without a level of its
    /// own the next hop must prove who it is (CLI-27), which an address without names cannot.
    private func exposing(_ rule: WrittenRule, in table: RuleTable) -> Warning? {
        guard rule.credentials != nil, let nextHop = rule.nextHop else { return nil }
        let settings = table.settings(destination: nextHop.domain, host: nextHop.host)
        let problem: String
        switch settings.demand?.level {
        case .some(.authenticated): return nil
        case .some(.none) where nextHop.isLoopback: return nil
        case .some(.encrypted), .some(.opportunistic):
            problem =
                "nothing makes \(nextHop) prove who it is before the password is shown, unless it has DANE or MTA-STS"
        case .some(.none), nil:
            guard nextHop.isAddress else { return nil }
            problem =
                "no mail can go to \(nextHop): before the password it must prove who it is, and an address has no name"
        }
        return Warning(
            key: "credentials", problem: problem,
            cure: "Add level = \"authenticated\" with by = [\"pkix\"] or another proof"
                + (nextHop.isAddress ? ", and names" : ""))
    }
}

/// Which destinations are routed elsewhere, so that rules for them alone never apply (MX-17).
private struct RoutedNames {
    private let table: RuleTable
    private let patterns: Set<RulePattern>
    private let nextHops: Set<DomainName>
    /// All names above a next hop, for wildcards.
    private let parents: Set<DomainName>

    init(_ table: RuleTable) {
        self.table = table
        let routes = table.rules.filter { $0.route != nil }
        patterns = Set(routes.compactMap(\.destination))
        nextHops = Set(routes.compactMap { $0.route?.nextHop.domain })
        parents = Set(nextHops.flatMap(Self.above))
    }

    /// A warning for a rule whose destinations all have another next hop.
    func idle(_ rule: Configuration.WrittenRule) -> Configuration.Warning? {
        guard rule.nextHop == nil, rule.hasSettings, let destination = rule.destination else { return nil }
        let route: Route?
        switch destination {
        case .exactly(let name): route = nextHops.contains(name) ? nil : table.route(for: name)
        case .below(let parent): route = parents.contains(parent) ? nil : self.route(forAllBelow: parent)
        // The next hops are among all.
        case .any, .address: route = nil
        }
        guard let route else { return nil }
        return Configuration.Warning(
            key: "destination",
            problem: "\(rule.label) never applies: mail there goes to \(route.nextHop) by \(route.label), "
                + "and the next hop is what policies are for",
            cure: "Put the demands in the rule with next_hop, or in one for the next hop")
    }

    /// A route that takes every name below `parent`, whatever more exact routes there are.
    private func route(forAllBelow parent: DomainName) -> Route? {
        let covering = [.below(parent)] + Self.above(parent).map(RulePattern.below) + [.any]
        guard let pattern = covering.first(where: patterns.contains) else { return nil }
        return table.rules.first { $0.destination == pattern && $0.route != nil }?.route
    }

    /// `b.c` and `c` for `a.b.c`.
    private static func above(_ name: DomainName) -> [DomainName] {
        let labels = name.labels
        return labels.indices.dropFirst().compactMap { try? DomainName(labels[$0...].joined(separator: ".")) }
    }
}

extension Configuration.WrittenNextHop {
    fileprivate var host: MXHost {
        switch target {
        case .domain(let name), .host(let name): .name(name)
        case .address(let address): .address(address)
        }
    }
}
