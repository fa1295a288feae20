import Mail

/// What an operator can do about what a policy document says.
enum PolicyAdvice {
    static func text(_ document: PolicyDocument) -> String {
        let causes = Set(document.hosts.compactMap(\.skipped?.cause).compactMap(Reason.Cause.init))
        if let advice = probe(document) { return advice }
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
        if let advice = PolicyRuleAdvice.unauthenticated(document) { return advice }
        if let advice = PolicyRuleAdvice.addressed(document) { return advice }
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
        if document.permanent { return permanent(document, causes) }
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
                "see \(PolicyRuleAdvice.demanding(document)): it asks for more than the domain offers now. Mail stays queued "
                + "until one of the two changes."
        }
        return "see the reasons above; try again later."
    }

    /// Of causes that no waiting mends.
    private static func permanent(_ document: PolicyDocument, _ causes: Set<Reason.Cause>) -> String {
        if causes.contains(.requireTLSUnvalidated) || causes.contains(.requireTLSUnsupported) {
            return
                "see \(PolicyRuleAdvice.demanding(document)): it has mail go only where DNSSEC or an MTA-STS policy in mode "
                + "enforce vouches for the host, and where the host offers REQUIRETLS. Until the domain's operator sees to "
                + "that, or the rule is gone, mail there is returned at once (RFC 8689 §4.2.1)."
        }
        if causes.contains(.loop) {
            return
                "if this machine is not to be the domain's MX host, mend the MX records. If the mail belongs on another "
                + "server behind it, name that one with next_hop in a [[rule]]. Until then mail is returned at once."
        }
        if causes.contains(.noHostAddress) {
            return
                "tell the domain's operator that none of its mail servers has an address that can be used. Mail is returned "
                + "at once, for no waiting mends that."
        }
        return "see the reasons above. Mail is returned at once, for no waiting mends them."
    }

    /// What a probe found that the policy alone does not tell; nil where it is no more than that.
    private static func probe(_ document: PolicyDocument) -> String? {
        let attempts = document.hosts.filter { $0.skipped == nil }.flatMap { $0.attempts ?? [] }
        guard !attempts.isEmpty else { return nil }
        if attempts.contains(where: { $0.verdict == "refuse" }) {
            if let advice = PolicyRuleAdvice.refused(document) { return advice }
            return
                "see what the refused addresses showed, and tell the domain's postmaster. Mail does not go there until it "
                + "is mended."
        }
        let silent = attempts.count { $0.verdict == "unreachable" }
        if silent == attempts.count {
            return
                "find out whether this machine may connect to the port of others at all: many networks forbid it. If it "
                + "may, the domain's servers are down, and mail waits."
        }
        if silent > 0 {
            return
                "nothing at once: \(silent) of \(attempts.count) addresses gave no answer, and the others take the mail. Try "
                + "again later, and tell the domain's postmaster if it lasts."
        }
        return nil
    }
}
