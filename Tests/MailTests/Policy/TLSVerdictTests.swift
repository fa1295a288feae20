import Testing

@testable import Mail

@Suite struct TLSVerdictTests {
    static let record = TLSARecord(usage: 3, selector: 1, matchingType: 1, data: [UInt8](repeating: 1, count: 32))
    static let stale = TLSARecord(usage: 3, selector: 1, matchingType: 1, data: [UInt8](repeating: 2, count: 32))

    static func requirement(_ level: TLSRequirement.Level, _ by: TLSRequirement.Basis? = nil) -> TLSRequirement {
        let host = domainName("mx.example")
        let reference = DANEReference(baseDomain: host, records: [record], referenceIdentifiers: [host])
        let isDANE = by == .dane || by == .daneHost
        return TLSRequirement(
            level: level, by: by, dane: isDANE && level == .authenticated ? reference : nil,
            hasOnlyUnusableTLSA: isDANE && level == .encrypted, serverName: host, reason: Explanation("test"))
    }

    static func session(_ verification: TLSSessionFacts.Verification) -> PeerEvidence {
        .established(
            TLSSessionFacts(
                version: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384", resumed: false, verification: verification,
                certificate: nil))
    }

    static func failed(_ kind: HandshakeFailure.Kind) -> PeerEvidence {
        .handshakeFailed(HandshakeFailure(kind, text: "words"))
    }

    enum Expected: Sendable, Equatable {
        case proceed(VerifiedLevel, ResultType?)
        case clear(TLSVerdict.CleartextPath, ResultType?)
        case refuse(Reason.Cause, ResultType?)
    }

    static func summary(_ verdict: TLSVerdict) -> Expected {
        switch verdict {
        // The last result: of a host with unusable records only, the first says so whatever happens.
        case .proceed(let level, let results): .proceed(level, results.last?.failure)
        case .fallBack(let path, let results, _): .clear(path, results.last?.failure)
        case .refuse(let reason, let results): .refuse(reason.cause, results.last?.failure)
        }
    }

    static let cases: [(String, TLSRequirement, PeerEvidence, Expected)] = [
        (
            "INT-05 no policy, any certificate", requirement(.opportunistic), session(.unverified),
            .proceed(.encrypted, nil)
        ),
        (
            "INT-05 RPTC-08 a certificate that would not pass is no ground for anything", requirement(.opportunistic),
            session(.failed(.notTrusted, "self-signed")), .proceed(.encrypted, nil)
        ),
        (
            "D18 RPTC-08 no STARTTLS, opportunistic: clear, here", requirement(.opportunistic), .startTLSNotOffered,
            .clear(.inThisConnection, .startTLSNotSupported)
        ),
        (
            "D18 STARTTLS refused with 454, opportunistic: clear, here", requirement(.opportunistic),
            .startTLSRefused(Reply(454, nil, "no")), .clear(.inThisConnection, .startTLSNotSupported)
        ),
        (
            "421 to STARTTLS closes: next host", requirement(.opportunistic), .startTLSRefused(Reply(421, nil, "bye")),
            .refuse(.remoteReply, nil)
        ),
        (
            "CLI-28 injected cleartext is fatal at any level", requirement(.opportunistic), .cleartextAfterStartTLS,
            .refuse(.tlsHandshakeFailed, .validationFailure)
        ),
        (
            "DANE-16 failed handshake, first attempt: other hosts, then later", requirement(.opportunistic),
            failed(.negotiation), .refuse(.tlsHandshakeFailed, .validationFailure)
        ),
        (
            "Our own failure never leads to cleartext", requirement(.opportunistic), failed(.ours),
            .refuse(.localFailure, nil)
        ),
        (
            "DANE-15 unusable records only: any certificate, counted as tlsa-invalid", requirement(.encrypted, .dane),
            session(.unverified), .proceed(.encrypted, .tlsaInvalid)
        ),
        (
            "DANE-15 the same behind an insecure MX", requirement(.encrypted, .daneHost), session(.unverified),
            .proceed(.encrypted, .tlsaInvalid)
        ),
        (
            "A local demand for TLS is no TLSA trouble", requirement(.encrypted, .local), session(.unverified),
            .proceed(.encrypted, nil)
        ),
        (
            "DANE-17 no STARTTLS where TLS is demanded", requirement(.encrypted, .dane), .startTLSNotOffered,
            .refuse(.startTLSMissing, .startTLSNotSupported)
        ),
        (
            "DANE-17 454 where TLS is demanded", requirement(.encrypted, .dane),
            .startTLSRefused(Reply(454, nil, "no")),
            .refuse(.startTLSMissing, .startTLSNotSupported)
        ),
        (
            "DANE-17 handshake failure where TLS is demanded", requirement(.encrypted, .dane), failed(.connectionLost),
            .refuse(.tlsHandshakeFailed, .validationFailure)
        ),
        (
            "DANE-17 STARTTLS stripped under DANE", requirement(.authenticated, .dane), .startTLSNotOffered,
            .refuse(.startTLSMissing, .startTLSNotSupported)
        ),
        (
            "DANE-17 a 5yz to STARTTLS under DANE defers too", requirement(.authenticated, .dane),
            .startTLSRefused(Reply(554, nil, "no")), .refuse(.startTLSMissing, .startTLSNotSupported)
        ),
        (
            "CLI-28 injection under DANE", requirement(.authenticated, .dane), .cleartextAfterStartTLS,
            .refuse(.tlsHandshakeFailed, .validationFailure)
        ),
        (
            "TLS-01 no common version under DANE", requirement(.authenticated, .dane), failed(.negotiation),
            .refuse(.tlsHandshakeFailed, .validationFailure)
        ),
        (
            "DANE-14 match", requirement(.authenticated, .dane), session(.dane(matched: record, depth: 0)),
            .proceed(.dane, nil)
        ),
        (
            "DANE-19, TLS-15 match behind an insecure MX has a word of its own", requirement(.authenticated, .daneHost),
            session(.dane(matched: record, depth: 0)), .proceed(.daneHost, nil)
        ),
        (
            "DANE-14, D4 mismatch", requirement(.authenticated, .dane), failed(.verification(.noMatchingTLSA)),
            .refuse(.daneMismatch, .validationFailure)
        ),
        (
            "DANE-32 expired chain under DANE-TA", requirement(.authenticated, .dane), failed(.verification(.expired)),
            .refuse(.daneMismatch, .certificateExpired)
        ),
        (
            "DANE-37 name mismatch under DANE-TA", requirement(.authenticated, .dane),
            session(.failed(.hostMismatch, "x")),
            .refuse(.daneMismatch, .certificateHostMismatch)
        ),
        (
            "RPTC-14 untrusted chain", requirement(.authenticated, .dane), failed(.verification(.notTrusted)),
            .refuse(.daneMismatch, .certificateNotTrusted)
        ),
        (
            "A certificate not valid yet has not expired", requirement(.authenticated, .dane),
            failed(.verification(.notYetValid)), .refuse(.daneMismatch, .validationFailure)
        ),
        (
            "DANE-47 a record that is no longer in force proves nothing", requirement(.authenticated, .dane),
            session(.dane(matched: stale, depth: 0)), .refuse(.daneMismatch, .validationFailure)
        ),
        (
            "An unverified session under DANE fails closed", requirement(.authenticated, .dane), session(.unverified),
            .refuse(.localFailure, nil)
        ),
        (
            "A requirement that demands no proof fails closed", requirement(.authenticated, .mtaSTS),
            session(.dane(matched: record, depth: 0)), .refuse(.localFailure, nil)
        ),
        ("Level none: TLS is not tried", requirement(.none), .startTLSNotOffered, .proceed(.none, nil)),
    ]

    @Test("Requirement against evidence", arguments: cases)
    func verdict(row: String, requirement: TLSRequirement, evidence: PeerEvidence, expected: Expected) {
        let verdict = TLSVerdict.compare(
            requirement, evidence, fallback: .afterRetry, attempt: AttemptState(number: 1))
        #expect(Self.summary(verdict) == expected, "\(row)")
    }

    @Test(
        "D18, DANE-16 a failed handshake at level opportunistic",
        arguments: [
            (.afterRetry, 1, 0, false), (.afterRetry, 2, 0, true), (.afterRetry, 9, 0, true),
            (.afterRetry, 2, 1, false),  // one clear connection in an attempt
            (.immediately, 1, 0, true), (.immediately, 1, 3, true), (.never, 1, 0, false), (.never, 9, 0, false),
        ] as [(OpportunisticFallback, Int, Int, Bool)])
    func fallback(fallback: OpportunisticFallback, number: Int, clear: Int, isClear: Bool) {
        for kind in [HandshakeFailure.Kind.negotiation, .connectionLost, .timedOut, .verification(.other)] {
            let verdict = TLSVerdict.compare(
                Self.requirement(.opportunistic), Self.failed(kind), fallback: fallback,
                attempt: AttemptState(number: number, clearConnections: clear))
            if isClear {
                #expect(Self.summary(verdict) == .clear(.reconnectWithoutTLS, .validationFailure))
            } else if case .refuse(let reason, let results) = verdict {
                #expect(reason.cause.isTLSPolicy)
                #expect(results.map(\.policy) == [.noPolicyFound] && results.map(\.failure) == [.validationFailure])
                #expect(results.allSatisfy { $0.reasonCode != nil }, "RPTC-14")
            } else {
                Issue.record("\(verdict)")
            }
        }
    }

    @Test("No evidence, setting or attempt yields cleartext where TLS is demanded")
    func noDowngrade() {
        let faults: [CertificateFault] = [.hostMismatch, .expired, .notYetValid, .notTrusted, .noMatchingTLSA, .other]
        let kinds =
            [HandshakeFailure.Kind.negotiation, .connectionLost, .timedOut, .ours] + faults.map { .verification($0) }
        let evidence: [PeerEvidence] =
            [.startTLSNotOffered, .cleartextAfterStartTLS]
            + [220, 250, 421, 454, 500, 502, 530, 554].map { .startTLSRefused(Reply($0, nil, "x")) }
            + kinds.map(Self.failed) + [Self.session(.unverified), Self.session(.dane(matched: Self.stale, depth: 0))]
        for basis in [TLSRequirement.Basis.dane, .daneHost, .mtaSTS, .requireTLS, .local] {
            for level in [TLSRequirement.Level.encrypted, .authenticated] {
                for evidence in evidence {
                    for fallback in OpportunisticFallback.allCases {
                        let verdict = TLSVerdict.compare(
                            Self.requirement(level, basis), evidence, fallback: fallback,
                            attempt: AttemptState(number: 5))
                        switch Self.summary(verdict) {
                        case .clear: Issue.record("cleartext at \(level) by \(basis)")
                        case .proceed(let reached, _): #expect(level == .encrypted && reached == .encrypted)
                        case .refuse(let cause, _): #expect(!cause.isPermanent)
                        }
                    }
                }
            }
        }
    }
}
