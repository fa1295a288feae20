/// What an exception leaves of all that was demanded.
extension RequirementMaker {
    /// Lowers what DANE, MTA-STS, `[tls]` and rules demand, `requiretls` of a rule among them, to what the exception allows.
    /// What is checked stays. Never raises.
    mutating func lower(under exception: PolicyException, _ finding: STSFinding) {
        // Which name is asked for is no demand: another could bring up another certificate than the true policy would see.
        demandsBefore = demands
        let floor = exception.allow.level
        let words = Explanation.exception(exception)
        reasons.append(words)
        if skipped != nil || level > floor {
            skipped = nil
            level = floor
            basis = floor > .opportunistic ? .local : nil
            demands = []
            reason = words
        }
        requireTLS = .no
        versionLimit = (floor, inputs.settings.opportunisticMinimumVersion)
        // A rule that says to whom the password may be shown is the password's guard.
        guard hasCredentials, let demand = rule.demand, demand.level == .authenticated else { return }
        let guarding = Explanation(
            "the exception does not lower what \(demand.label) demands: the next hop is shown a password",
            source: "RFC 4954 §9")
        reasons.append(guarding)
        take { (maker) throws(Skip) in try maker.demandProof(demand, guarding, finding) }
    }
}

extension Explanation {
    static func exception(_ exception: PolicyException) -> Explanation {
        let allowed =
            switch exception.allow {
            case .encrypted: "TLS with any certificate is enough"
            case .opportunistic: "TLS where it is offered is enough, and cleartext where it is not"
            }
        return Explanation(
            "the operator's exception for \(exception.domain) (allow \(exception.allow.rawValue)) holds \(exception.span): "
                + "\(allowed). His reason: \(exception.reason)")
    }

    static func exceptionLowersNothing(_ exception: PolicyException) -> Explanation {
        Explanation(
            "the operator's exception for \(exception.domain) (allow \(exception.allow.rawValue)) holds \(exception.span) "
                + "and lowers nothing here: no more is demanded without it. His reason: \(exception.reason)")
    }

    static let exceptionIsNotForRequireTLS = Explanation(
        "the operator's exception is not for this mail: REQUIRETLS is its sender's demand", source: "RFC 8689 §4.2.1")

    static func withoutException(_ decision: HostDecision) -> Explanation {
        let source: String? = if case .use(let requirement) = decision { requirement.reason.source } else { nil }
        return Explanation("without the exception \(decision.inWords)", source: source)
    }

    /// - Parameter other: what would hold; nil where it is the same.
    static func observed(_ label: String, _ other: HostDecision?) -> Explanation {
        guard let other else { return Explanation("\(label) in mode observe: enforced it would change nothing here") }
        return Explanation("\(label) in mode observe: enforced, \(other.inWords)")
    }
}

extension PolicyException {
    /// `from 2026-08-01T12:00:00Z until 2026-08-08T12:00:00Z`
    var span: String {
        "from \(since.rfc3339) until \(until.rfc3339)" + (isUntilFixed ? " or until the true policy is met again" : "")
    }
}

extension HostDecision {
    /// What it comes to, for the middle of a sentence.
    var inWords: String {
        switch self {
        case .skip(let reason, _):
            return "the host would get no mail: \(reason.detail)"
        case .use(let requirement):
            let demanded: String
            switch requirement.level {
            case .none: demanded = "TLS would not even be tried"
            case .opportunistic: demanded = "TLS would be taken where it is offered"
            case .encrypted: demanded = "TLS would be demanded, with any certificate"
            case .authenticated:
                let groups = requirement.demands.map { group in
                    TLSRequirement.Proof.allCases.filter(group.contains).map(\.rawValue).joined(separator: " or ")
                }
                demanded = "the host would have to prove who it is by \(groups.joined(separator: ", and by "))"
            }
            let version =
                requirement.minimumVersion > .tls12 ? ", with TLS \(requirement.minimumVersion.rawValue) or later" : ""
            let requireTLS = requirement.requireTLS == .demanded ? ", and to offer REQUIRETLS" : ""
            return "\(demanded)\(version)\(requireTLS) (\(requirement.reason.text))"
        }
    }
}
