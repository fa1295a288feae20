/// What is to be done with one host, before connecting.
public enum HostDecision: Hashable, Sendable {
    case use(TLSRequirement)
    /// The host counts as unreachable in this attempt, in its place (MX-10). The results are what TLS-RPT counts, once per
    /// attempt (D3); empty where it counts nothing.
    case skip(Reason, [PolicyResult])

    /// The requirement of a host that may be used; nil for a skipped one.
    public var requirement: TLSRequirement? {
        if case .use(let requirement) = self { requirement } else { nil }
    }

    /// What two decisions have in common that come to the same, whatever their words are.
    public enum Terms: Hashable, Sendable {
        case use(TLSRequirement.Terms)
        case skip(Reason.Cause)
    }

    public var terms: Terms {
        switch self {
        case .use(let requirement): .use(requirement.terms)
        case .skip(let reason, _): .skip(reason.cause)
        }
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
