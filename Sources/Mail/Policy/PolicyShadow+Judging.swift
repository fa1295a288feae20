/// What a host that was met under the decision in force would have come to under another.
extension DeliveryPlan.Candidate {
    /// How one connection to a host ended, as far as TLS goes.
    public struct Meeting: Sendable {
        /// What the host showed when it was asked for TLS; nil where it was not asked.
        public var evidence: PeerEvidence?
        /// Why mail was not to go on, under the decision in force.
        public var refusal: Reason?
        /// Whether REQUIRETLS stands in the reply to EHLO inside TLS; nil where there was none.
        public var offersRequireTLS: Bool?
        public var fallback: OpportunisticFallback
        public var attempt: AttemptState

        public init(
            evidence: PeerEvidence?, refusal: Reason?, offersRequireTLS: Bool?, fallback: OpportunisticFallback,
            attempt: AttemptState
        ) {
            self.evidence = evidence
            self.refusal = refusal
            self.offersRequireTLS = offersRequireTLS
            self.fallback = fallback
            self.attempt = attempt
        }
    }

    /// One finding for the exception the host was met under, and one for the rules in mode `observe` that are for it; none where
    /// the connection ended too soon to tell, or shows nothing of what would have been checked.
    public func findings(of meeting: Meeting) -> [ShadowFinding] {
        guard meeting.evidence != nil || requirement.level == .none else { return [] }
        var findings: [ShadowFinding] = []
        // Mail that policies do not bind tells nothing of them.
        if beside.exception != nil, beside.demand == .ordinary {
            switch verdict(of: .withoutException, meeting) {
            case .goes: findings.append(ShadowFinding(kind: .withoutException, refusal: nil))
            case .refused(let reason): findings.append(ShadowFinding(kind: .withoutException, refusal: reason))
            case .unknown: break
            }
        }
        if let rule = beside.observedRule {
            switch verdict(of: .withObservedRules, meeting) {
            case .goes: findings.append(ShadowFinding(kind: .withObservedRules, refusal: nil, rule: rule))
            case .refused(let reason):
                findings.append(ShadowFinding(kind: .withObservedRules, refusal: reason, rule: rule))
            case .unknown: break
            }
        }
        return findings
    }

    private enum Verdict {
        case goes
        case refused(Reason)
        /// What the host showed does not tell.
        case unknown
    }

    /// Without a shadow it is what is in force.
    private func verdict(of kind: PolicyShadow.Kind, _ meeting: Meeting) -> Verdict {
        guard let shadow = beside.shadows.first(where: { $0.kind == kind }) else {
            return meeting.refusal.map(Verdict.refused) ?? .goes
        }
        switch shadow.decision {
        case .skip(let reason, _): return .refused(reason)
        case .use(let other): return verdict(under: other, meeting)
        }
    }

    private func verdict(under other: TLSRequirement, _ meeting: Meeting) -> Verdict {
        switch meeting.evidence {
        case nil:
            // TLS was not even tried.
            guard other.level > .opportunistic else { return .goes }
            return .refused(Reason(.startTLSMissing, "mail goes there without TLS, and TLS would be demanded"))
        case .handshakeFailed(let failure)? where failure.isVerification && !other.demands(.dane):
            // It failed of DANE alone, which the other does not ask for; what else it asks for was not checked then.
            return other.level < .authenticated ? .goes : .unknown
        case .handshakeFailed? where other.minimumVersion < requirement.minimumVersion:
            return .unknown
        case .established(var session)?:
            if other.pkix != requirement.pkix { session.pkix = session.observedPKIX }
            return verdict(under: other, session, meeting)
        case let evidence?:
            return compared(other, evidence, meeting)
        }
    }

    private func verdict(under other: TLSRequirement, _ session: TLSSessionFacts, _ meeting: Meeting) -> Verdict {
        if let version = TLSVersionFloor(of: session), version < other.minimumVersion {
            // Where nothing demands TLS the handshake would have failed, and cleartext be the way on.
            guard other.level > .opportunistic else { return .goes }
            return .refused(
                Reason(
                    .tlsHandshakeFailed,
                    "the host speaks TLS \(version.rawValue), and \(other.minimumVersion.rawValue) would be demanded"))
        }
        let verdict = compared(other, .established(session), meeting)
        guard case .goes = verdict, other.requireTLS == .demanded else { return verdict }
        switch meeting.offersRequireTLS {
        case true?: return .goes
        case false?: return .refused(Reason(.requireTLSUnsupported, "the host does not offer REQUIRETLS inside TLS"))
        case nil: return .unknown
        }
    }

    private func compared(_ other: TLSRequirement, _ evidence: PeerEvidence, _ meeting: Meeting) -> Verdict {
        switch TLSVerdict.compare(other, evidence, fallback: meeting.fallback, attempt: meeting.attempt) {
        case .proceed, .fallBack: .goes
        case .refuse(let reason, _) where reason == .notVerified: .unknown
        case .refuse(let reason, _): .refused(reason)
        }
    }
}

extension HandshakeFailure {
    fileprivate var isVerification: Bool {
        if case .verification = kind { true } else { false }
    }
}

extension TLSVersionFloor {
    /// Of `TLSv1.2`; nil for what is none of ours.
    init?(of session: TLSSessionFacts) {
        switch session.version {
        case "TLSv1": self = .tls10
        case "TLSv1.1": self = .tls11
        case "TLSv1.2": self = .tls12
        case "TLSv1.3": self = .tls13
        default: return nil
        }
    }
}
