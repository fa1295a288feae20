import Mail

/// What an operator can do about what a policy document says.
enum PolicyAdvice {
    static func text(_ document: PolicyDocument) -> String {
        let causes = Set(document.hosts.compactMap(\.skipped?.cause).compactMap(Reason.Cause.init))
        if document.hosts.contains(where: { $0.attempts != nil }) { return probe(document) }
        switch document.outcome {
        case .authenticated: return authenticated(document, causes)
        case .unauthenticated: return unauthenticated(document)
        case .undeliverable: return undeliverable(document, causes)
        }
    }

    private static func authenticated(_ document: PolicyDocument, _ causes: Set<Reason.Cause>) -> String {
        if causes.contains(.stsMXMismatch) {
            return
                "tell the domain's postmaster that its MTA-STS policy does not list all of its MX hosts: those it does not "
                + "list get no mail. The others take it."
        }
        if !causes.isEmpty {
            return "nothing at once: the other hosts take the mail. Tell the domain's postmaster of the skipped ones."
        }
        if let sts = document.mtaSTS, sts.policy != nil, let error = sts.error {
            return
                "mail is safe as long as the cached policy lasts. Find out whether the fault lies with the domain or on the "
                + "way to it, for it could be a downgrade: \(error)."
        }
        return "nothing."
    }

    private static func unauthenticated(_ document: PolicyDocument) -> String {
        if document.stsUnknown {
            return
                "find out whether this machine can reach the policy host by HTTPS and look up TXT records; if it can, the "
                + "fault is the domain's. Until its policy is known, mail goes on without it (RFC 8461 §3.3)."
        }
        if document.mtaSTS?.policy?.mode == STSPolicy.Mode.testing.rawValue {
            return
                "nothing on this side. The domain tests its MTA-STS policy: once all is well, its operator can set mode "
                + "enforce (RFC 8461 §5)."
        }
        if document.hosts.contains(where: { $0.requirement?.by == "dane-host" }) {
            return "nothing on this side. The hosts publish TLSA records, but the domain's own zone is not signed: "
                + "its operator can sign it (RFC 7672 §2.2.1) or publish an MTA-STS policy (RFC 8461)."
        }
        return
            "nothing need be done here. The domain's operator can publish an MTA-STS policy (RFC 8461), or sign its zone and "
            + "publish TLSA records for its hosts (RFC 7672); you can demand more with a [[rule]] for it."
    }

    private static func undeliverable(_ document: PolicyDocument, _ causes: Set<Reason.Cause>) -> String {
        let bogus = document.mx.security == Security.bogus.rawValue || causes.contains(.dnsBogus)
        switch document.mx.lookup {
        case "no-such-domain": return "check the spelling. Mail to this domain is returned to its sender."
        case "null": return "check the address: this domain takes no mail, so the mail is returned."
        case "failed" where !bogus:
            return "wait: the name could not be looked up. `relayctl status` says how this resolver is."
        default: break
        }
        if causes.contains(.tlsaLookupFailed) {
            return "wait, and tell the domain's operator that looking up the TLSA records fails. Mail stays queued; "
                + "sending it without the check is what an attacker who blocks the lookup would want."
        }
        if bogus {
            return "wait, and tell the domain's operator that its DNSSEC signatures do not validate. Mail stays queued."
        }
        if causes.contains(.stsMXMismatch) {
            return
                "tell the domain's postmaster that its MTA-STS policy lists none of its MX hosts. Mail stays queued until the "
                + "policy or the MX records are mended; to send it all the same is what an attacker who forges MX records "
                + "would want."
        }
        if !causes.isDisjoint(with: [.daneRequired, .stsRequired, .policyUnknown, .requireTLSUnvalidated]) {
            return
                "see the rule that demands it: it asks for more than the domain offers now. Mail stays queued until one of "
                + "the two changes."
        }
        return "see the reasons above; try again later."
    }

    private static func probe(_ document: PolicyDocument) -> String {
        let attempts = document.hosts.flatMap { $0.attempts ?? [] }
        if attempts.contains(where: { $0.verdict == "refuse" }) {
            return
                "see what the refused addresses showed, and tell the domain's postmaster. Mail does not go there until it is "
                + "mended."
        }
        if document.outcome == .authenticated { return "nothing." }
        if !attempts.isEmpty, attempts.allSatisfy({ $0.verdict == "unreachable" }) {
            return "find out whether this machine may connect to port 25 of others: many networks forbid it."
        }
        return "see the reasons above."
    }
}
