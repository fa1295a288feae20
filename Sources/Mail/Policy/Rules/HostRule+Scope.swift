/// How far the name of an MX host can be trusted to choose a rule.
///
/// MX records that DNSSEC does not secure come from whoever answers first. He may write the name of any host into them, also
/// of one that the operator made an exception for, and would have the exception hold for a domain it was never meant for.
public enum HostNameTrust: Hashable, Sendable {
    /// DNSSEC, the operator, the domain's name itself or an MTA-STS policy in mode enforce says that this is the domain's host.
    case vouchedFor
    /// It stands in an unsigned MX record, and nowhere else.
    case claimed

    init(_ host: HostFacts, _ inputs: PolicyInputs) {
        guard case .records = inputs.facts.mx.lookup, inputs.facts.mx.security != .secure else {
            self = .vouchedFor
            return
        }
        let policy = inputs.sts.held?.policy
        let isListed = policy?.mode == .enforce && host.host.name.flatMap { policy?.pattern(matching: $0) } != nil
        self = isListed ? .vouchedFor : .claimed
    }
}

extension HostRule {
    /// Takes what is stricter from a rule for a host alone, whose name nobody vouches for; the rest is set aside, and
    /// ``setAside`` says so. What an exception could not lower anyway is taken as it is: `dane`, which holds for the host's own
    /// signed zone, the client certificate and the source address.
    ///
    /// - Parameter minimum: `tls.minimum_level`, which holds where no rule sets a level.
    mutating func raise(by other: HostRule, over minimum: TLSRequirement.Level) {
        var stricter = other
        if let theirs = other.demand, theirs.level <= demand?.level ?? max(minimum, .opportunistic) {
            stricter.demand = nil
        }
        if let theirs = other.minimumVersion, let mine = minimumVersion, theirs <= mine {
            stricter.minimumVersion = nil
        }
        if other.requireTLS == false { stricter.requireTLS = nil }
        if other.honoursOptionalTLS == true { stricter.honoursOptionalTLS = nil }
        stricter.mtaSTS = nil
        if stricter != other {
            setAside.append(Origin(label: other.labels.joined(separator: ", "), words: other.words))
        }
        // What is stricter goes before what is there.
        if stricter.demand != nil { demand = nil }
        if stricter.minimumVersion != nil { minimumVersion = nil }
        if stricter.requireTLS != nil { requireTLS = nil }
        if stricter.honoursOptionalTLS != nil { honoursOptionalTLS = nil }
        fill(from: stricter)
    }
}
