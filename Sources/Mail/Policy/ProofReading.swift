/// What a session proved, demand by demand.
extension TLSRequirement {
    /// Why `proof` did not come; nil where it did.
    func failure(of proof: Proof, _ session: TLSSessionFacts) -> Reason? {
        switch proof {
        case .dane:
            daneFailure(session)
        case .webPKI:
            Self.failure(of: webPKI, session.webPKI)
        case .pkix:
            Self.failure(of: pkix, session.pkix)
        case .fingerprint:
            fingerprintFailure(session)
        }
    }

    /// RFC 7672 §2.2, §3.1: authenticated only where OpenSSL's verifier said yes and named one of our records.
    private func daneFailure(_ session: TLSSessionFacts) -> Reason? {
        guard let dane else { return .notVerified }
        switch session.verification {
        case .dane(let matched, _) where dane.records.contains(matched):
            return nil
        case .dane(let matched, _):
            // A session resumed from before the records changed: what matched then says nothing now (DANE-47).
            return Reason(.daneMismatch, "the host matched \(matched), which is not a record in force")
        case .failed(_, let words):
            return Reason(.daneMismatch, "the host's certificate does not pass: \(words)")
        case .unverified:
            return .notVerified
        }
    }

    /// RFC 8461 §4.2: one of the names fixed before, and no other (TLS-06).
    private static func failure(of reference: WebPKIReference?, _ evidence: WebPKIEvidence?) -> Reason? {
        guard let reference, let evidence else { return .notVerified }
        switch evidence {
        case .trusted(let name) where reference.names.contains(name):
            return nil
        case .trusted(let name):
            return Reason(
                .certificateInvalid, "the certificate is good for \(name), which is not a name that was asked for")
        case .failed(_, let words):
            let names = reference.names.map(\.text).joined(separator: ", ")
            return Reason(.certificateInvalid, "the host's certificate is not to be trusted for \(names): \(words)")
        }
    }

    private func fingerprintFailure(_ session: TLSSessionFacts) -> Reason? {
        guard !fingerprints.isEmpty, let certificate = session.certificate else { return .notVerified }
        if fingerprints.contains(where: certificate.has) { return nil }
        return Reason(.fingerprintMismatch, "neither certificate nor key of the host has a fingerprint of the rule")
    }

    /// The level of a session that satisfies every demand; nil where nothing was demanded.
    func verifiedLevel(_ session: TLSSessionFacts) -> VerifiedLevel? {
        let proven = { (proof: Proof) in demands(proof) && failure(of: proof, session) == nil }
        if proven(.dane), by == .dane { return .dane }
        if proven(.webPKI) || proven(.pkix) { return .webPKI }
        if proven(.fingerprint) { return .fingerprint }
        // RFC 7672 §2.2.1: behind an insecure MX it is never presented as `dane`. Others demand DANE of a host only behind
        // a secure one (DANE-21).
        if proven(.dane) { return by == .daneHost ? .daneHost : .dane }
        return nil
    }
}

/// What TLS-RPT counts (RFC 8460 §4.3, D3).
extension TLSRequirement {
    /// The records that TLS-RPT counts by.
    private var countedDANE: DANEReference? { isDANEForShadow ? nil : dane }

    private var hasTLSA: Bool { countedDANE != nil || hasOnlyUnusableTLSA || hasUnknownTLSA }

    /// A connection that ended before a certificate could be judged: a failure under each policy that was met.
    func failed(_ type: ResultType, _ code: ReasonCode?) -> [PolicyResult] {
        // TLS is not tried, so nothing is a failure of it.
        guard level >= .opportunistic else { return [] }
        var results: [PolicyResult] = []
        // Of no record usable and no TLS both are to be told: failure types are not exclusive (RFC 8460 §4).
        if hasOnlyUnusableTLSA { results.append(PolicyResult(.tlsa, .tlsaInvalid)) }
        if hasUnknownTLSA {
            // Whether there is a policy that TLS fails is just what nobody knows.
            results.append(PolicyResult(.tlsa, .dnssecInvalid, .tlsaLookupFailed))
        } else if hasTLSA {
            results.append(PolicyResult(.tlsa, type, code))
        }
        if sts != nil { results.append(PolicyResult(.sts, type, code)) }
        if results.isEmpty {
            results.append(PolicyResult(.noPolicyFound, type, code))
        }
        return results
    }

    /// A certificate that was refused within the handshake. Only DANE is verified there, so that MTA-STS has judged no
    /// certificate then, and nothing is counted for it (RPTC-10), but for a host that is not in its list at all.
    func refused(_ fault: CertificateFault, words: String) -> [PolicyResult] {
        let code = ReasonCode(fault, words: words)
        guard countedDANE != nil else { return failed(fault.resultType, code) }
        let result = PolicyResult(.tlsa, fault.resultType, code)
        return sts.map { $0.pattern == nil ? [result, .unlisted] : [result] } ?? [result]
    }

    /// An established session under each policy that was met.
    func results(of session: TLSSessionFacts) -> [PolicyResult] {
        var results: [PolicyResult] = []
        if hasOnlyUnusableTLSA {
            results.append(PolicyResult(.tlsa, .tlsaInvalid))
        } else if hasUnknownTLSA {
            results.append(PolicyResult(.tlsa, .dnssecInvalid, .tlsaLookupFailed))
        } else if let dane = countedDANE {
            switch session.verification {
            case .dane(let matched, _):
                let isInForce = dane.records.contains(matched)
                results.append(
                    PolicyResult(
                        .tlsa, isInForce ? nil : .validationFailure, isInForce ? nil : ReasonCode.tlsaMismatch))
            case .failed(let fault, let words):
                results.append(PolicyResult(.tlsa, fault.resultType, ReasonCode(fault, words: words)))
            case .unverified:
                break
            }
        }
        if let sts {
            if sts.pattern == nil {
                results.append(.unlisted)
            } else if let evidence = session.webPKI {
                switch evidence {
                case .trusted(let name):
                    // D3: a success only where list and certificate were found good.
                    let isAskedFor = webPKI?.names.contains(name) == true
                    results.append(PolicyResult(.sts, isAskedFor ? nil : .certificateHostMismatch))
                case .failed(let fault, let words):
                    results.append(PolicyResult(.sts, fault.resultType, ReasonCode(fault, words: words)))
                }
            }
        }
        if !hasTLSA, sts == nil { results.append(PolicyResult(.noPolicyFound, nil)) }
        return results
    }
}

extension PolicyResult {
    /// D4: the host is not in the list of the MTA-STS policy.
    static let unlisted = PolicyResult(.sts, .validationFailure, .mxMismatch)
}
