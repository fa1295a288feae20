import Mail

extension PolicyDecision {
    /// True where a delivery by the other one would go to the same hosts and ask the same of them.
    func demandsTheSame(as other: PolicyDecision) -> Bool {
        inputs.facts.nextHop == other.inputs.facts.nextHop
            && inputs.facts.obstacle?.cause == other.inputs.facts.obstacle?.cause
            && hosts.elementsEqual(other.hosts) { left, right in
                // Of its addresses DNS may give some now and others then; those of this machine come and go with a key.
                guard left.host.host == right.host.host, left.loopbackAddresses == right.loopbackAddresses else {
                    return false
                }
                switch (left.decision, right.decision) {
                case (.use(let mine), .use(let theirs)):
                    return mine.terms == theirs.terms && left.rule.sourceIPv4 == right.rule.sourceIPv4
                        && left.rule.sourceIPv6 == right.rule.sourceIPv6
                case (.skip(let mine, _), .skip(let theirs, _)): return mine.cause == theirs.cause
                case (.use, .skip), (.skip, .use): return false
                }
            }
    }

    /// What it demands that the other one does not, or no longer, in the words of the first host that differs.
    func why(beside other: PolicyDecision) -> String? {
        let mine = inputs.facts.nextHop
        if mine != other.inputs.facts.nextHop { return "mail would go to \(mine.destination)" }
        for host in hosts {
            let before = other.hosts.first { $0.host.host == host.host.host }
            switch (host.decision, before?.decision) {
            case (.use(let requirement), .use(let old)?) where requirement.terms == old.terms: continue
            case (.skip(let reason, _), .skip(let old, _)?) where reason.cause == old.cause: continue
            case (.use(let requirement), _): return requirement.reason.text
            case (.skip(let reason, _), _): return reason.detail
            }
        }
        return nil
    }

    /// The least that any host that may be used must show; nil where none may be.
    var leastDemand: TLSRequirement.Level? { hosts.compactMap(\.decision.requirement?.level).min() }
}

extension HostPolicy {
    fileprivate var loopbackAddresses: Set<IPAddress> { Set(host.addresses.addresses.filter(\.isLoopback)) }
}

extension SimulatedEnd {
    /// Before anything was tried.
    init(_ decision: PolicyDecision) {
        self.init(
            outcome: "not-tried", nextHop: decision.inputs.facts.nextHop.destination,
            required: decision.leastDemand?.rawValue ?? "unusable")
    }

    mutating func note(_ end: Rehearsal.End) {
        switch end {
        case .delivered(let host, let level):
            outcome = "delivered"
            verified = level.rawValue
            self.host = host.description
        case .refused(let failure):
            outcome = failure.isPermanent ? "bounced" : "deferred"
            cause = failure.reason.cause.rawValue
            detail = failure.reason.detail
        }
    }
}

extension SimulatedChange {
    init(from before: Rehearsal.End, to after: Rehearsal.End) {
        switch (before, after) {
        case (.delivered, .refused): self = .refused
        case (.refused, .delivered): self = .freed
        case (.refused(let old), .refused(let new)):
            self = new.isPermanent && !old.isPermanent ? .returned : .other
        case (.delivered(_, let old), .delivered(_, let new)):
            self = new.strength > old.strength ? .stricter : new.strength < old.strength ? .weaker : .other
        }
    }
}

extension VerifiedLevel {
    /// How much it proves: a host proved without its domain proves less than one that belongs to it.
    fileprivate var strength: Int {
        switch self {
        case .none: 0
        case .encrypted: 1
        case .daneHost: 2
        case .webPKI, .fingerprint, .dane: 3
        }
    }
}
