/// What follows from what a host showed, compared with what it must show.
public enum TLSVerdict: Hashable, Sendable {
    /// Go on with this session at this level. The result type is set where TLS-RPT counts a failure although mail goes
    /// out (`tlsa-invalid`, D3).
    case proceed(VerifiedLevel, ResultType?)
    /// Cleartext is allowed, and is the way on. The reason is for the log.
    case fallBack(CleartextPath, ResultType?, Reason)
    /// No byte of the envelope to this address now: QUIT, next address or host. The result type is nil where TLS-RPT
    /// counts nothing.
    case refuse(Reason, ResultType?)

    /// How to go on in clear.
    public enum CleartextPath: Hashable, Sendable {
        /// In this connection: STARTTLS is absent or was refused.
        case inThisConnection
        /// Connect to the same address again and do not send STARTTLS: this connection is spoilt by a failed handshake.
        case reconnectWithoutTLS
    }

    /// Compares. `fallback` and `attempt` matter only where the level is opportunistic and a handshake failed (D18).
    public static func compare(
        _ requirement: TLSRequirement, _ evidence: PeerEvidence, fallback: OpportunisticFallback, attempt: AttemptState
    ) -> TLSVerdict {
        switch (requirement.level, evidence) {
        case (.none, .established):
            return .proceed(.encrypted, nil)
        case (.none, _):
            return .proceed(.none, nil)

        case (.opportunistic, .startTLSNotOffered):
            // RFC 7672 §2.2, D18: absent means clear where nothing demands TLS (INT-05).
            let reason = Reason(.startTLSMissing, "the host does not offer STARTTLS; nothing demands it")
            return .fallBack(.inThisConnection, .startTLSNotSupported, reason)
        case (.opportunistic, .startTLSRefused(let reply)):
            // RFC 5321 §3.8: after 421 the server closes, so there is no connection to go on in.
            if reply.code == 421 { return .refuse(Reason(.remoteReply, "the host answered STARTTLS with 421"), nil) }
            let reason = Reason(.startTLSMissing, "the host answered STARTTLS with \(reply.code); nothing demands it")
            return .fallBack(.inThisConnection, .startTLSNotSupported, reason)
        case (.opportunistic, .cleartextAfterStartTLS):
            // RFC 3207 §6: somebody injects. Whoever can do that is not to be met with even less protection.
            return injected
        case (.opportunistic, .handshakeFailed(let failure)):
            return opportunistic(failure, fallback, attempt)
        case (.opportunistic, .established):
            return .proceed(.encrypted, nil)  // INT-05: no certificate is trouble here.

        case (.encrypted, .startTLSNotOffered), (.authenticated, .startTLSNotOffered):
            // RFC 7672 §2.2: no clear retry (DANE-17).
            return .refuse(
                Reason(.startTLSMissing, "the host does not offer STARTTLS, but TLS is demanded"), .startTLSNotSupported
            )
        case (.encrypted, .startTLSRefused(let reply)), (.authenticated, .startTLSRefused(let reply)):
            // Even a 5yz reply to STARTTLS is a deferral (DANE-18, RFC 7672 §2.2).
            return .refuse(
                Reason(.startTLSMissing, "the host answered STARTTLS with \(reply.code), but TLS is demanded"),
                .startTLSNotSupported)
        case (.encrypted, .cleartextAfterStartTLS), (.authenticated, .cleartextAfterStartTLS):
            return injected
        case (.encrypted, .handshakeFailed(let failure)), (.authenticated, .handshakeFailed(let failure)):
            return .refused(failure)
        case (.encrypted, .established):
            // RFC 7672 §2.2: any certificate will do. That no record was usable counts all the same (RFC 8460 §4.3.2.1, D3).
            let isDANE = requirement.by == .dane || requirement.by == .daneHost
            return .proceed(.encrypted, isDANE ? .tlsaInvalid : nil)
        case (.authenticated, .established(let session)):
            return authenticated(requirement, session)
        }
    }

    private static let injected = TLSVerdict.refuse(
        Reason(.tlsHandshakeFailed, "cleartext followed the reply to STARTTLS: somebody tampers with the connection"),
        .validationFailure)

    /// RFC 7672 §2.2, §3.1: authentication succeeded only where OpenSSL's verifier said yes and named one of our records.
    private static func authenticated(_ requirement: TLSRequirement, _ session: TLSSessionFacts) -> TLSVerdict {
        switch (requirement.by, requirement.dane, session.verification) {
        case (.dane, let reference?, .dane(let matched, _)) where reference.records.contains(matched):
            return .proceed(.dane, nil)
        case (.daneHost, let reference?, .dane(let matched, _)) where reference.records.contains(matched):
            return .proceed(.daneHost, nil)
        case (_, _, .failed(let fault, let words)):
            return .refuse(Reason(fault.cause, "the host's certificate does not pass: \(words)"), fault.resultType)
        case (_, _, .dane(let matched, _)):
            // A session resumed from before the records changed: what matched then says nothing now (DANE-47).
            let reason = Reason(.daneMismatch, "the host matched \(matched), which is not a record in force")
            return .refuse(reason, .validationFailure)
        case (_, _, .unverified):
            // We forgot to check, or a basis came that nothing here can prove yet: fail closed.
            return .refuse(Reason(.localFailure, "the certificate was to be verified and was not"), nil)
        }
    }

    /// A handshake that failed where TLS is demanded (DANE-17).
    private static func refused(_ failure: HandshakeFailure) -> TLSVerdict {
        switch failure.kind {
        case .verification(let fault):
            .refuse(Reason(fault.cause, "the host's certificate does not pass: \(failure.text)"), fault.resultType)
        case .negotiation, .connectionLost, .timedOut:
            // RFC 8460 §4.3.3: a general failure that no other type names.
            .refuse(Reason(.tlsHandshakeFailed, "the TLS handshake failed: \(failure.text)"), .validationFailure)
        case .ours:
            .refuse(Reason(.localFailure, "TLS could not be set up on our side: \(failure.text)"), nil)
        }
    }

    /// A handshake that failed where nothing demands TLS: RFC 7672 §2.2 allows cleartext, D18 says when (DANE-16).
    private static func opportunistic(
        _ failure: HandshakeFailure, _ fallback: OpportunisticFallback, _ attempt: AttemptState
    ) -> TLSVerdict {
        // Our own fault is no reason to give up the peer's protection.
        if case .ours = failure.kind { return refused(failure) }
        let reason = Reason(.tlsHandshakeFailed, "the TLS handshake failed: \(failure.text); nothing demands TLS")
        let isClearNow =
            switch fallback {
            case .immediately: true
            case .afterRetry: attempt.number >= 2 && attempt.clearConnections == 0
            case .never: false
            }
        return isClearNow
            ? .fallBack(.reconnectWithoutTLS, .validationFailure, reason) : .refuse(reason, .validationFailure)
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

    /// Whatever was wrong with it, the certificate did not satisfy DANE, the one verifier there is.
    var cause: Reason.Cause { .daneMismatch }
}
