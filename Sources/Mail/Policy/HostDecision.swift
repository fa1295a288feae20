/// What is to be done with one host, before connecting.
public enum HostDecision: Hashable, Sendable {
    case use(TLSRequirement)
    /// The host counts as unreachable in this attempt, in its place (MX-10). The result type is set where TLS-RPT
    /// counts the skip, once per attempt (D3).
    case skip(Reason, ResultType?)

    /// Decides for `host`, one of `facts.hosts`: may it be used, and what must it show?
    public static func decide(
        for host: HostFacts, in facts: DestinationFacts, settings: PolicySettings
    ) -> HostDecision {
        if let reason = host.obstacle { return .skip(reason, reason.cause.resultType) }
        // RFC 7672 §2.2.1: without a secure MX the host may be an attacker's choice. DANE with it is our option (DANE-19).
        let basis: TLSRequirement.Basis = facts.mx.security == .insecure ? .daneHost : .dane
        if basis == .daneHost && !settings.daneForInsecureMX {
            return .use(.opportunistic(host, Explanation.daneOff))
        }
        switch (host.tlsa.lookup, host.tlsa.security) {
        case (.failed(let words), let security):
            // RFC 7672 §2.1.2: unknown is not absent. The host is unreachable for this attempt (DANE-11, INT-01).
            let kind = security == .bogus ? "DNSSEC validation of the TLSA records of" : "the TLSA lookup for"
            let reason = Reason(.tlsaLookupFailed, "\(kind) \(host.host) failed: \(words)")
            return .skip(reason, reason.cause.resultType)
        case (.found, .secure):
            let usable = settings.digestOrder.strongest(of: host.tlsa.records.filter(\.isUsable))
            // RFC 7672 §2.2: with a usable record, TLS and authentication; with none, TLS alone (DANE-14, DANE-15).
            return .use(usable.isEmpty ? .encrypted(host, basis) : .authenticated(host, basis, usable, facts))
        case (.found, _):
            return .use(.opportunistic(host, Explanation.tlsaInsecure))  // RFC 7672 §2.2.3 (DANE-10)
        case (.absent, _):
            return .use(.opportunistic(host, Explanation.tlsaAbsent))  // RFC 7672 §2.2 (DANE-16)
        case (.notQueried(let why), _):
            // RFC 7672 §2.2.2 (DANE-02, DANE-06), or an address literal (MX-14)
            return .use(.opportunistic(host, Explanation("DANE does not apply: \(why)", source: "RFC 7672 §2.2.2")))
        }
    }
}

/// The operator's part in the decision. Rules for single destinations, MTA-STS and REQUIRETLS will be further members.
public struct PolicySettings: Hashable, Sendable {
    /// `dane.insecure_mx`: DANE for hosts known only through an insecure MX (RFC 7672 §2.2.1, D1).
    public var daneForInsecureMX: Bool
    /// Strongest first (DANE-44).
    public var digestOrder: DigestOrder

    public init(daneForInsecureMX: Bool = true, digestOrder: DigestOrder = .standard) {
        self.daneForInsecureMX = daneForInsecureMX
        self.digestOrder = digestOrder
    }
}

extension HostFacts {
    /// Why no connection to this host can be made at all; nil where one can.
    public var obstacle: Reason? {
        switch exclusion {
        case .notAHostName:
            return Reason(.noHostAddress, "the MX record names \(host), which is not a host name")
        case .ourselves:
            return Reason(.loop, "\(host) is this machine")
        case .behindOurselves:
            return Reason(.loop, "\(host) is no better than this machine's own place in the MX list")
        case nil:
            break
        }
        if case .failed(let words) = addresses.lookup {
            let cause: Reason.Cause = addresses.security == .bogus ? .dnsBogus : .dnsTemporary
            return Reason(cause, "the address lookup for \(host) failed: \(words)")
        }
        guard addresses.addresses.isEmpty else { return nil }
        if let refused = addresses.refused.first {
            // Half an answer does not make it certain that there is no other address (MX-07).
            if let failure = addresses.partialFailure {
                return Reason(.dnsTemporary, "the address lookup for \(host) failed in part: \(failure)")
            }
            let why = refused.unreachable(loopbackAllowed: false) ?? "not allowed"
            return Reason(.noHostAddress, "\(host) has no address but \(refused), \(why)")
        }
        return Reason(.noHostAddress, "\(host) has neither IPv4 nor IPv6 address")
    }
}
