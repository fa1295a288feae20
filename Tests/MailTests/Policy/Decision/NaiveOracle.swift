@testable import Mail

/// The decision once more, written from the RFCs and the decisions of the design alone, without any of the code under
/// test: a list of plain sentences, for one world. Slow, flat and dull on purpose.
struct NaiveOracle {
    let world: DecisionWorld

    /// What stands before a connection is made.
    enum Before: Equatable {
        /// Not to be used now: cause, and what TLS-RPT counts.
        case skip(Reason.Cause, [String])
        /// Cleartext without trying anything else: the operator's exception.
        case neverTLS
        /// `needs`: of each set one proof. Without any, `mustTLS` says whether TLS is needed at all.
        case use(needs: [Set<TLSRequirement.Proof>], mustTLS: Bool)
    }

    private var rule: HostRule { world.rule ?? HostRule() }
    /// RFC 8689 §3: policies are followed and do not fail the message. INT-17: the operator may overrule it.
    var sayIsNo: Bool { (world.demand == .optionalTLS || isReport) && rule.requireTLS != true }
    /// RFC 8460 §3, D15: as such mail, and of what the operator demands only a rule for the domain or host holds it back.
    /// All rules of these worlds are for one.
    private var isReport: Bool { world.demand == .report }
    private var asksRequireTLS: Bool { world.demand == .requireTLS || rule.requireTLS == true }
    private var isNotice: Bool { world.demand == .requireTLSNotice && !asksRequireTLS }

    // DANE: RFC 7672 §2.2.1 (DANE-19) and the operator's switches (DANE-22).
    var isDANEUsed: Bool {
        if rule.dane == .off { return false }
        return isWayTrusted || world.settings.daneForInsecureMX
    }
    /// The way to the host's name is authentic: by DNSSEC, or because the operator named it.
    var isWayTrusted: Bool { world.way == .configured || world.isMXSecure }
    var tlsa: DecisionWorld.Records { isDANEUsed ? world.tlsa : .absent }
    var doesDANEBind: Bool { !sayIsNo && rule.dane != .observe }

    // MTA-STS: RFC 8461 §4, §5.
    var sts: DecisionWorld.Policy { rule.mtaSTS == .off ? .absent : world.sts }
    var doesSTSBind: Bool { !sayIsNo && rule.mtaSTS != .observe }
    var isListed: Bool { sts == .testingListed || sts == .enforceListed }
    var isSTSInForce: Bool { isListed || sts == .testingUnlisted || sts == .enforceUnlisted }

    var before: Before {
        // DANE-11, INT-01: a lookup error makes the host unreachable, whatever else is known.
        if tlsa == .failed, doesDANEBind { return .skip(.tlsaLookupFailed, ["tlsa:dnssec-invalid/tlsa-lookup-failed"]) }
        // A policy that may be in force and cannot be read: mail waits.
        if sts == .lost, doesSTSBind { return .skip(.policyUnknown, []) }
        // STS-33, EDGE-15: not in the list, not used, whatever DANE says.
        if sts == .enforceUnlisted, doesSTSBind {
            return .skip(.stsMXMismatch, ["sts:validation-failure/mx-mismatch"])
        }
        var needs: [Set<TLSRequirement.Proof>] = []
        // DANE-14.
        if tlsa == .usable, doesDANEBind { needs.append([.dane]) }
        // STS-33; D1: DANE's verdict is enough behind a secure MX, unless the operator wants both.
        let isWaived = tlsa == .usable && doesDANEBind && isWayTrusted && !world.settings.demandsBoth
        if sts == .enforceListed, doesSTSBind, !isWaived { needs.append([.webPKI]) }
        if asksRequireTLS {
            if let cause = unvalidated { return .skip(cause, []) }
            // INT-11: WebPKI or DANE; a host that need not prove anything yet needs the former.
            if needs.isEmpty { needs.append([.webPKI]) }
        }
        if let local = localNeed {
            guard !local.isEmpty else { return .skip(localCause, localResults) }
            // What must be shown anyhow may be proof enough for the operator.
            if !needs.contains(where: { $0.isSubset(of: local) }) { needs.append(local) }
        }
        let mustTLS =
            !needs.isEmpty || isNotice || localLevel == .encrypted
            || (tlsa == .unusable && doesDANEBind)  // DANE-15
        if localLevel == .none, !mustTLS, ![.usable, .unusable].contains(tlsa), !isSTSInForce { return .neverTLS }
        return .use(needs: needs, mustTLS: mustTLS)
    }

    /// INT-10, D9, D10: nil where the MX name is vouched for, or needs no voucher.
    private var unvalidated: Reason.Cause? {
        if world.way != .records || world.isMXSecure { return nil }
        if sts == .enforceListed { return nil }
        if sts == .testingListed, world.settings.testingValidatesRequireTLS { return nil }
        // D10: only what is certain ends a message.
        if rule.mtaSTS == .off { return .requireTLSUnvalidated }
        if sts == .unknown || sts == .lost || world.hasFetchFault { return .policyUnknown }
        return .requireTLSUnvalidated
    }

    /// D15, EDGE-23: the operator's minimum; a rule that honours TLS-Required: No gives way.
    private var localLevel: TLSRequirement.Level {
        if sayIsNo, rule.honoursOptionalTLS == true { return .opportunistic }
        return rule.demand?.level ?? (isReport ? .opportunistic : world.settings.minimumLevel)
    }

    /// What the operator's rule accepts and the host can offer; nil where the rule wants no proof.
    private var localNeed: Set<TLSRequirement.Proof>? {
        guard localLevel == .authenticated else { return nil }
        var found: Set<TLSRequirement.Proof> = []
        for way in localWays {
            switch way {
            // DANE-21: an insecure MX will not do, nor will unusable records.
            case .dane: if tlsa == .usable, isWayTrusted { found.insert(.dane) }
            case .mtaSTS: if sts == .enforceListed, rule.mtaSTS != .observe { found.insert(.webPKI) }
            case .pkix: found.insert(.pkix)
            case .fingerprint: found.insert(.fingerprint)
            }
        }
        return found
    }

    private var localWays: [HostRule.Proof] {
        let named = rule.demand?.proofs ?? []
        return named.isEmpty ? [.dane, .mtaSTS] : named
    }

    private var localCause: Reason.Cause {
        if localWays.contains(.mtaSTS), sts == .unknown || sts == .lost { return .policyUnknown }
        if localWays.contains(.dane), tlsa == .failed { return .policyUnknown }
        return localWays.contains(.dane) ? .daneRequired : .stsRequired
    }

    /// RPTC-15: `dane-required` only where DANE, and nothing else, is demanded; `tlsa-invalid` where there are secure records.
    private var localResults: [String] {
        guard localCause == .daneRequired, localWays == [.dane] else { return [] }
        return [tlsa == .unusable ? "tlsa:tlsa-invalid" : "tlsa:dane-required"]
    }

    // MARK: - After STARTTLS

    /// `proceed dane`, `clear here`, `clear again`, `refuse CAUSE`; several where the texts leave a choice.
    func outcome(
        _ evidence: PeerEvidence, _ fallback: OpportunisticFallback, _ attempt: AttemptState
    ) -> (words: Set<String>, results: [String]) {
        switch before {
        case .skip: return (["skipped"], [])
        case .neverTLS:
            switch evidence {
            case .startTLSNotOffered, .startTLSRefused: return (["proceed none"], [])
            case .established: return (["proceed encrypted"], [])
            case .cleartextAfterStartTLS: return (["refuse tls-handshake-failed"], [])
            case .handshakeFailed(let failure):
                if failure.kind == .ours { return (["refuse local-failure"], []) }
                if case .verification = failure.kind { return (["refuse certificate-invalid"], []) }
                return (["refuse tls-handshake-failed"], [])
            }
        case .use(let needs, let mustTLS):
            switch evidence {
            case .startTLSNotOffered:
                return ([mustTLS ? "refuse starttls-missing" : "clear here"], met("starttls-not-supported"))
            case .startTLSRefused(let reply):
                if mustTLS { return (["refuse starttls-missing"], met("starttls-not-supported")) }
                if reply.code == 421 { return (["refuse remote-reply"], []) }
                return (["clear here"], met("starttls-not-supported"))
            case .cleartextAfterStartTLS:
                return (["refuse tls-handshake-failed"], met("validation-failure/starttls-injection"))
            case .handshakeFailed(let failure):
                return handshake(failure, mustTLS, fallback, attempt)
            case .established(let session):
                return established(session, needs)
            }
        }
    }

    private func handshake(
        _ failure: HandshakeFailure, _ mustTLS: Bool, _ fallback: OpportunisticFallback, _ attempt: AttemptState
    ) -> (Set<String>, [String]) {
        if failure.kind == .ours { return (["refuse local-failure"], []) }
        let code =
            switch failure.kind {
            case .connectionLost: "tls-connection-lost"
            case .timedOut: "tls-timed-out"
            default: "tls-handshake-failed"
            }
        var results = met("validation-failure/\(code)")
        var cause = "tls-handshake-failed"
        if case .verification(let fault) = failure.kind {
            if mustTLS { cause = tlsa == .usable ? "dane-mismatch" : "certificate-invalid" }
            // Only DANE is verified within the handshake: MTA-STS has not judged anything then (RPTC-10).
            results = tlsa == .usable ? ["tlsa:\(Self.word(fault))"] : met(Self.word(fault))
            if tlsa == .usable, isSTSInForce, !isListed { results.append("sts:validation-failure/mx-mismatch") }
        }
        if mustTLS { return (["refuse \(cause)"], results) }
        // D15: at once. D18: as the operator has it.
        let isClear =
            sayIsNo || fallback == .immediately
            || (fallback == .afterRetry && attempt.number > 1 && attempt.clearConnections == 0)
        return ([isClear ? "clear again" : "refuse tls-handshake-failed"], results)
    }

    private func established(
        _ session: TLSSessionFacts, _ needs: [Set<TLSRequirement.Proof>]
    ) -> (Set<String>, [String]) {
        if needs.isEmpty { return (["proceed encrypted"], judged(session)) }
        var causes: Set<String> = []
        for need in needs where !need.contains(where: { holds($0, session) }) {
            for proof in need { causes.insert("refuse \(cause(proof, session))") }
        }
        if !causes.isEmpty { return (causes, judged(session)) }
        if tlsa == .usable, doesDANEBind, isWayTrusted { return (["proceed dane"], judged(session)) }
        var words: Set<String> = []
        for proof in Set(needs.joined()) where holds(proof, session) {
            switch proof {
            case .dane: words.insert(isWayTrusted ? "proceed dane" : "proceed dane-host")
            case .webPKI, .pkix: words.insert("proceed webpki")
            case .fingerprint: words.insert("proceed fingerprint")
            }
        }
        // RFC 7672 §2.2.1: host-level DANE is a word for the case that there is nothing better.
        if words.count > 1 { words.remove("proceed dane-host") }
        return (words, judged(session))
    }

    func holds(_ proof: TLSRequirement.Proof, _ session: TLSSessionFacts) -> Bool {
        switch proof {
        case .dane: session.verification == .dane(matched: DecisionWorld.record, depth: 0)
        case .webPKI: session.webPKI == .trusted(name: world.name)
        case .pkix: session.pkix == .trusted(name: DecisionWorld.operatorsName)
        case .fingerprint: session.certificate == DecisionWorld.certificate
        }
    }

    private func cause(_ proof: TLSRequirement.Proof, _ session: TLSSessionFacts) -> String {
        switch proof {
        case .dane: session.verification == .unverified ? "local-failure" : "dane-mismatch"
        case .webPKI: session.webPKI == nil ? "local-failure" : "certificate-invalid"
        case .pkix: session.pkix == nil ? "local-failure" : "certificate-invalid"
        case .fingerprint: session.certificate == nil ? "local-failure" : "fingerprint-mismatch"
        }
    }

    // MARK: - TLS-RPT (D3, D4)

    /// The same failure under each policy that was met; `tlsa-invalid` and `dnssec-invalid` speak for themselves.
    private func met(_ type: String) -> [String] {
        var results: [String] = []
        switch tlsa {
        case .usable: results.append("tlsa:\(type)")
        case .unusable: results += ["tlsa:tlsa-invalid", "tlsa:\(type)"]
        case .failed: results.append("tlsa:dnssec-invalid/tlsa-lookup-failed")
        case .absent, .insecure: break
        }
        if isSTSInForce { results.append("sts:\(type)") }
        return results.isEmpty ? ["no-policy-found:\(type)"] : results
    }

    /// What a session counts as under each policy that was judged to the end.
    private func judged(_ session: TLSSessionFacts) -> [String] {
        var results: [String] = []
        switch tlsa {
        case .absent, .insecure: break
        case .unusable: results.append("tlsa:tlsa-invalid")
        case .failed: results.append("tlsa:dnssec-invalid/tlsa-lookup-failed")
        case .usable:
            switch session.verification {
            case .unverified: break
            case .dane(let matched, _):
                results.append(matched == DecisionWorld.record ? "tlsa:ok" : "tlsa:validation-failure/tlsa-mismatch")
            case .failed(let fault, _): results.append("tlsa:\(Self.word(fault))")
            }
        }
        if isSTSInForce {
            if !isListed {
                results.append("sts:validation-failure/mx-mismatch")
            } else if case .trusted(let name)? = session.webPKI {
                results.append(name == world.name ? "sts:ok" : "sts:certificate-host-mismatch")
            } else if case .failed(let fault, _)? = session.webPKI {
                results.append("sts:\(Self.word(fault))")
            }
        }
        let isNothingMet = (tlsa == .absent || tlsa == .insecure) && !isSTSInForce
        return isNothingMet ? ["no-policy-found:ok"] : results
    }

    private static func word(_ fault: CertificateFault) -> String {
        switch fault {
        case .hostMismatch: "certificate-host-mismatch"
        case .expired: "certificate-expired"
        case .notTrusted: "certificate-not-trusted/untrusted"
        case .noMatchingTLSA: "validation-failure/tlsa-mismatch"
        case .notYetValid: "validation-failure/certificate-not-yet-valid"
        case .other: "validation-failure/certificate-invalid"
        }
    }
}
