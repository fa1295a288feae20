/// The requirements that DANE, or its absence, leads to. The sentences are the same for all hosts of a kind, because a
/// requirement is also the key of connections and sessions (INT-06).
extension TLSRequirement {
    /// TLS where offered (RFC 7672 §2.2, INT-05).
    static func opportunistic(_ host: HostFacts, _ reason: Explanation) -> TLSRequirement {
        // RFC 8461 §7.1 and TLS-04: without DANE the name is the MX host's own; never an address (RFC 6066 §3).
        TLSRequirement(level: .opportunistic, by: nil, dane: nil, serverName: host.host.name, reason: reason)
    }

    /// TLS with any certificate: the TLSA records are secure, and none is usable (RFC 7672 §2.2, DANE-15).
    static func encrypted(_ host: HostFacts, _ basis: Basis) -> TLSRequirement {
        TLSRequirement(
            level: .encrypted, by: basis, dane: nil, serverName: host.tlsa.baseDomain ?? host.host.name,
            reason: .onlyUnusable)
    }

    /// TLS, and one of `usable` must match (RFC 7672 §2.2, DANE-14).
    static func authenticated(
        _ host: HostFacts, _ basis: Basis, _ usable: [TLSARecord], _ facts: DestinationFacts
    ) -> TLSRequirement {
        // A found RRset always has a base domain; without one nothing can be verified, so nothing is claimed.
        guard let base = host.tlsa.baseDomain ?? host.host.name else { return encrypted(host, basis) }
        let reference = DANEReference(
            baseDomain: base, records: usable, referenceIdentifiers: referenceIdentifiers(base, facts))
        return TLSRequirement(
            level: .authenticated, by: basis, dane: reference,
            serverName: base,  // RFC 7672 §8.1 (DANE-45)
            reason: basis == .dane ? .secureTLSA : .secureTLSABehindInsecureMX)
    }

    /// Names accepted in a DANE-TA chain (RFC 7672 §3.2.2), the base domain first.
    private static func referenceIdentifiers(_ base: DomainName, _ facts: DestinationFacts) -> [DomainName] {
        var names = [base]
        switch (facts.mx.lookup, facts.mx.security) {
        case (.records, .secure):
            // The next-hop domain led here securely, and so did what it is an alias of (DANE-37).
            names += [facts.nextHop.domain, facts.mx.expandedDomain].compactMap { $0 }
        case (.implicit, .secure), (.notQueried, _):
            // No MX was used: the name we began with, where the base domain is what it is an alias of (DANE-39).
            names += [facts.nextHop.domain].compactMap { $0 }
        case (.records, _), (.implicit, _):
            break  // RFC 7672 §3.2.2 (erratum 6283): the base domain alone (DANE-38)
        case (.null, _), (.noSuchDomain, _), (.failed, _):
            break  // No host, nothing to name.
        }
        var seen: Set<DomainName> = []
        return names.filter { seen.insert($0).inserted }
    }
}

extension Explanation {
    static let secureTLSA = Explanation(
        "DNSSEC-secure TLSA records say which certificate this host must show", source: "RFC 7672 §2.2")
    static let secureTLSABehindInsecureMX = Explanation(
        "DNSSEC-secure TLSA records say which certificate this host must show; the MX records that name the host are not "
            + "secure, so this does not prove the way to the domain", source: "RFC 7672 §2.2.1")
    static let onlyUnusable = Explanation(
        "DNSSEC-secure TLSA records exist, none of a kind that can be checked: TLS is demanded, with any certificate",
        source: "RFC 7672 §2.2")
    static let tlsaInsecure = Explanation(
        "the TLSA records are not DNSSEC-secure and bind nobody: TLS where offered", source: "RFC 7672 §2.2.3")
    static let tlsaAbsent = Explanation(
        "the host publishes no TLSA records: TLS where offered", source: "RFC 7672 §2.2")
    static let daneOff = Explanation(
        "the MX records are not DNSSEC-secure and dane.insecure_mx is off: TLS where offered", source: "RFC 7672 §2.2.1"
    )
}
