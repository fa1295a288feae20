/// What the operator's rules have to do with the outcome, for explanations and advice.
extension HostPolicy {
    /// What the rules set aside of what the domain offers; empty where they set nothing aside.
    func setAside(_ inputs: PolicyInputs) -> [Explanation] {
        // A host that cannot be used at all is no better off without the rule.
        guard decision.requirement != nil else { return [] }
        var words: [Explanation] = []
        if host.tlsa.lookup == .found, host.tlsa.security == .secure {
            switch rule.dane {
            case .off?:
                words.append(
                    Explanation("\(rule.origin(of: .dane)) has the host's DNSSEC-secure TLSA records ignored"))
            case .observe?:
                words.append(
                    Explanation(
                        "\(rule.origin(of: .dane)) has the host's DNSSEC-secure TLSA records only observed: what fails on "
                            + "them is recorded, and the mail goes on"))
            case .on?, nil: break
            }
        }
        if let domain = inputs.sts.domain, let held = inputs.sts.held, held.policy.mode != .none {
            let policy = "the MTA-STS policy of \(domain) (mode \(held.policy.mode.rawValue))"
            switch rule.mtaSTS {
            case .off?:
                words.append(Explanation("\(rule.origin(of: .mtaSTS)) has \(policy) ignored"))
            case .observe? where held.policy.mode == .enforce:
                words.append(
                    Explanation(
                        "\(rule.origin(of: .mtaSTS)) has \(policy) only observed: what fails on it is recorded, and the "
                            + "mail goes on"))
            case .observe?, .on?, nil: break
            }
        }
        return words
    }

    /// Does what is demanded prove that the host is one of the domain's own? An unsigned MX record can name any host, and
    /// whoever owns that host can prove its name: so neither its TLSA records (D1, RFC 7672 §2.2.1) nor a certificate for its
    /// own name says anything of the domain then.
    func provesDomain(_ requirement: TLSRequirement, _ mx: MXFacts) -> Bool {
        guard requirement.level == .authenticated, requirement.by != .daneHost else { return false }
        guard case .records = mx.lookup, mx.security != .secure else { return true }
        return requirement.demands.contains { group in
            // Any one of a group will do, so each must be good.
            group.allSatisfy { proof in
                switch proof {
                case .dane: false
                case .webPKI, .fingerprint: true
                case .pkix: !isPKIXForHostNameAlone
                }
            }
        }
    }

    /// A rule's `by = ["pkix"]` without `names`: then the name is the one that the MX record gave.
    var isPKIXForHostNameAlone: Bool {
        guard let demand = rule.demand, demand.level == .authenticated else { return false }
        return demand.proofs.contains(.pkix) && demand.names.isEmpty
    }
}

extension HostRule {
    /// What is set of the keys that bear on the outcome, each with the rule that set it.
    var decisiveSettings: [PolicyDocument.Setting] {
        let values: [(key: String, value: String?, origin: Key)] = [
            ("level", demand?.level.rawValue, .demand), ("dane", dane?.rawValue, .dane),
            ("mta_sts", mtaSTS?.rawValue, .mtaSTS), ("requiretls", requireTLS.map { "\($0)" }, .requireTLS),
        ]
        return values.compactMap { setting in
            setting.value.map { .init(key: setting.key, value: $0, rule: "\(origin(of: setting.origin))") }
        }
    }
}
