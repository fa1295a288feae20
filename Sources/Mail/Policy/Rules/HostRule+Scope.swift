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
    /// - Parameter floor: what holds where no rule says anything.
    mutating func raise(by other: HostRule, over floor: Floor) {
        var stricter = other
        var lowers = false
        if let theirs = other.demand {
            let mine = demand?.level ?? max(floor.level, .opportunistic)
            if theirs.level <= mine {
                stricter.demand = nil
                // At the same level other proofs may be weaker ones.
                lowers = theirs.level < mine || mine == .authenticated
            }
        }
        if let theirs = other.minimumVersion {
            let mine = minimumVersion ?? floor.version
            if theirs <= mine { stricter.minimumVersion = nil }
            lowers = lowers || theirs < mine
        }
        if other.requireTLS == false {
            stricter.requireTLS = nil
            lowers = lowers || requireTLS == true
        }
        if other.honoursOptionalTLS == true {
            stricter.honoursOptionalTLS = nil
            lowers = true
        }
        if let theirs = other.mtaSTS, theirs != .on {
            stricter.mtaSTS = nil
            lowers = true
        }
        if lowers { setAside.append(Origin(label: other.labels.joined(separator: ", "), words: other.words)) }
        // What is stricter goes before what is there.
        if stricter.demand != nil { demand = nil }
        if stricter.minimumVersion != nil { minimumVersion = nil }
        if stricter.requireTLS != nil { requireTLS = nil }
        if stricter.honoursOptionalTLS != nil { honoursOptionalTLS = nil }
        if stricter.mtaSTS != nil { mtaSTS = nil }
        fill(from: stricter)
    }

    /// `tls.minimum_level` and `tls.minimum_version`.
    public struct Floor: Hashable, Sendable {
        public let level: TLSRequirement.Level
        public let version: TLSVersionFloor

        public init(level: TLSRequirement.Level = .opportunistic, version: TLSVersionFloor = .tls12) {
            self.level = level
            self.version = version
        }
    }
}
