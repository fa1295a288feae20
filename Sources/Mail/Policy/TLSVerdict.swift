/// What follows from what a host showed, compared with what it must show.
public enum TLSVerdict: Hashable, Sendable {
    /// Go on with this session at this level. Failures may be among the results: of what was checked and not demanded.
    case proceed(VerifiedLevel, [PolicyResult])
    /// Cleartext is allowed, and is the way on. The reason is for the log.
    case fallBack(CleartextPath, [PolicyResult], Reason)
    /// No byte of the envelope to this address now: QUIT, next address or host.
    case refuse(Reason, [PolicyResult])

    /// How to go on in clear.
    public enum CleartextPath: Hashable, Sendable {
        /// In this connection: STARTTLS is absent or was refused.
        case inThisConnection
        /// Connect to the same address again and do not send STARTTLS: this connection is spoilt by a failed handshake.
        case reconnectWithoutTLS
    }

    /// What TLS-RPT counts (RFC 8460 §4.3, D3): one result for each policy that was met; empty where it counts nothing.
    public var results: [PolicyResult] {
        switch self {
        case .proceed(_, let results), .fallBack(_, let results, _), .refuse(_, let results): results
        }
    }

    /// Compares. `fallback` and `attempt` matter only where the level is opportunistic and a handshake failed (D18).
    public static func compare(
        _ requirement: TLSRequirement, _ evidence: PeerEvidence, fallback: OpportunisticFallback, attempt: AttemptState
    ) -> TLSVerdict {
        let results = { (type: ResultType, code: ReasonCode?) in requirement.failed(type, code) }
        switch (requirement.level, evidence) {
        case (.none, .established):
            return .proceed(.encrypted, [])
        case (.none, .startTLSNotOffered), (.none, .startTLSRefused):
            return .proceed(.none, [])
        case (.none, .handshakeFailed(let failure)):
            // TLS is not tried at this level, so whoever tried it is to stop.
            return refused(failure, requirement)

        case (.opportunistic, .startTLSNotOffered):
            // RFC 7672 §2.2, D18: absent means clear where nothing demands TLS (INT-05).
            let reason = Reason(.startTLSMissing, "the host does not offer STARTTLS; nothing demands it")
            return .fallBack(.inThisConnection, results(.startTLSNotSupported, nil), reason)
        case (.opportunistic, .startTLSRefused(let reply)):
            // RFC 5321 §3.8: after 421 the server closes, so there is no connection to go on in.
            if reply.code == 421 { return .refuse(Reason(.remoteReply, "the host answered STARTTLS with 421"), []) }
            let reason = Reason(.startTLSMissing, "the host answered STARTTLS with \(reply.code); nothing demands it")
            return .fallBack(.inThisConnection, results(.startTLSNotSupported, nil), reason)
        case (_, .cleartextAfterStartTLS):
            // RFC 3207 §6: somebody injects. Whoever can do that is not to be met with even less protection.
            return .refuse(
                Reason(
                    .tlsHandshakeFailed,
                    "cleartext followed the reply to STARTTLS: somebody tampers with the connection"),
                results(.validationFailure, .startTLSInjection))
        case (.opportunistic, .handshakeFailed(let failure)):
            return opportunistic(failure, requirement, fallback, attempt)
        case (.opportunistic, .established(let session)):
            // INT-05: no certificate is trouble here. What was checked beside is recorded.
            return .proceed(.encrypted, requirement.results(of: session))

        case (.encrypted, .startTLSNotOffered), (.authenticated, .startTLSNotOffered):
            // RFC 7672 §2.2, RFC 8461 §5: no clear retry (DANE-17, STS-33).
            return .refuse(
                Reason(.startTLSMissing, "the host does not offer STARTTLS, but TLS is demanded"),
                results(.startTLSNotSupported, nil))
        case (.encrypted, .startTLSRefused(let reply)), (.authenticated, .startTLSRefused(let reply)):
            // Even a 5yz reply to STARTTLS is a deferral (DANE-18, RFC 7672 §2.2, EDGE-27).
            return .refuse(
                Reason(.startTLSMissing, "the host answered STARTTLS with \(reply.code), but TLS is demanded"),
                results(.startTLSNotSupported, nil))
        case (.encrypted, .handshakeFailed(let failure)), (.authenticated, .handshakeFailed(let failure)):
            return refused(failure, requirement)
        case (.encrypted, .established(let session)):
            // RFC 7672 §2.2: any certificate will do. That no record was usable counts all the same (D3).
            return .proceed(.encrypted, requirement.results(of: session))
        case (.authenticated, .established(let session)):
            return authenticated(requirement, session)
        }
    }

    /// Of each set of proofs at least one must have come.
    private static func authenticated(_ requirement: TLSRequirement, _ session: TLSSessionFacts) -> TLSVerdict {
        let results = requirement.results(of: session)
        for group in requirement.demands {
            let failures = TLSRequirement.Proof.allCases.filter(group.contains).map {
                requirement.failure(of: $0, session)
            }
            if failures.contains(nil) { continue }
            let reason = failures.lazy.compactMap { $0 }.first ?? .notVerified
            return .refuse(reason, reason.cause == .localFailure ? [] : results)
        }
        // Nothing demanded at this level: we forgot something. Fail closed.
        guard let level = requirement.verifiedLevel(session) else { return .refuse(.notVerified, []) }
        return .proceed(level, results)
    }

    /// A handshake that failed where TLS is demanded (DANE-17).
    private static func refused(_ failure: HandshakeFailure, _ requirement: TLSRequirement) -> TLSVerdict {
        switch failure.kind {
        case .verification(let fault):
            // Only DANE is verified within the handshake.
            .refuse(
                Reason(
                    requirement.dane == nil ? .certificateInvalid : .daneMismatch,
                    "the host's certificate does not pass: \(failure.text)"),
                requirement.refused(fault, words: failure.text))
        case .negotiation, .connectionLost, .timedOut:
            // RFC 8460 §4.3.3: a general failure that no other type names.
            .refuse(
                Reason(.tlsHandshakeFailed, "the TLS handshake failed: \(failure.text)"),
                requirement.failed(.validationFailure, ReasonCode(failure.kind)))
        case .ours:
            .refuse(Reason(.localFailure, "TLS could not be set up on our side: \(failure.text)"), [])
        }
    }

    /// A handshake that failed where nothing demands TLS: RFC 7672 §2.2 allows cleartext, D18 says when (DANE-16).
    private static func opportunistic(
        _ failure: HandshakeFailure, _ requirement: TLSRequirement, _ fallback: OpportunisticFallback,
        _ attempt: AttemptState
    ) -> TLSVerdict {
        // Our own fault is no reason to give up the peer's protection.
        if case .ours = failure.kind { return refused(failure, requirement) }
        let reason = Reason(.tlsHandshakeFailed, "the TLS handshake failed: \(failure.text); nothing demands TLS")
        let results =
            if case .verification(let fault) = failure.kind {
                requirement.refused(fault, words: failure.text)
            } else {
                requirement.failed(.validationFailure, ReasonCode(failure.kind))
            }
        let isClearNow =
            // TLS-Required: No falls back at once (D15), whatever the operator's habit.
            switch requirement.fallback ?? fallback {
            case .immediately: true
            case .afterRetry: attempt.number >= 2 && attempt.clearConnections == 0
            case .never: false
            }
        return isClearNow ? .fallBack(.reconnectWithoutTLS, results, reason) : .refuse(reason, results)
    }
}

extension CertificateFault {
    /// RFC 8460 §4.3.1, §4.3.3; a TLSA mismatch is `validation-failure` (D4).
    public var resultType: ResultType {
        switch self {
        case .hostMismatch: .certificateHostMismatch
        case .expired: .certificateExpired
        case .notTrusted: .certificateNotTrusted
        case .notYetValid, .noMatchingTLSA, .other: .validationFailure
        }
    }
}

extension Reason {
    /// We forgot to check: fail closed.
    static let notVerified = Reason(.localFailure, "the certificate was to be verified and was not")
}
