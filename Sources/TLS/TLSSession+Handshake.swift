import COpenSSL
import Mail

extension TLSSession {
    /// Goes on with the handshake. After its end the answer stays the same.
    ///
    /// Where DANE is the only proof, the certificate is judged inside the handshake (`SSL_VERIFY_PEER`): where it fails,
    /// the server gets an alert instead of our Finished, and not one octet of the application has been sent (TLS-09).
    /// Everything else is in the facts, good or bad.
    public func handshake() -> HandshakeProgress {
        switch phase {
        case .established(let facts), .ended(let facts): return .done(facts)
        case .failed(let failure): return .failed(failure)
        case .handshaking: break
        }
        let ssl = owned.pointer
        switch OpenSSL.transfer("handshake", ssl, { SSL_do_handshake(ssl) }) {
        case .wantRead: return .wantRead
        case .wantWrite: return .wantWrite
        case .done: return settle()
        case .closed, .truncated:
            return fail(.connectionLost, "the connection ended within the handshake")
        case .failed(let error):
            return fail(by: error)
        }
    }

    private func settle() -> HandshakeProgress {
        let ssl = owned.pointer
        var facts = TLSSessionFacts(
            version: SSL_get_version(ssl).map { String(cString: $0) } ?? "",
            cipher: SSL_CIPHER_get_name(SSL_get_current_cipher(ssl)).map { String(cString: $0) } ?? "",
            resumed: SSL_session_reused(ssl) == 1, verification: .unverified,
            group: shim_SSL_get0_group_name(ssl).map { String(cString: $0) }, certificate: nil)
        ERR_clear_error()
        if case .ofServer(let demand) = demanded {
            do throws(TLSError) {
                if facts.resumed { try adopt(demand, into: &facts) } else { try prove(demand, into: &facts) }
            } catch {
                return fail(.ours, error.text)
            }
            if demand.requirement.isJudgedWithinHandshake, case .failed(let fault, let text) = facts.verification {
                return fail(.verification(fault), text)
            }
        }
        phase = .established(facts)
        keepUnsettled(facts)
        return .done(facts)
    }

    /// A resumed session shows verify result 0 and no DANE authority, whatever the TLSA records say (DANE-47). It counts
    /// by the evidence of the full handshake, which the key guards.
    private func adopt(_ demand: ServerDemand, into facts: inout TLSSessionFacts) throws(TLSError) {
        guard let evidence = demand.offered?.facts else {
            throw TLSError(.state, text: "a session was resumed that was not offered")
        }
        facts.verification = evidence.verification
        facts.webPKI = evidence.webPKI
        facts.pkix = evidence.pkix
        facts.observedPKIX = evidence.observedPKIX
        facts.group = facts.group ?? evidence.group
        facts.certificate = evidence.certificate
        certificate = evidence.certificate
        guard facts.isWell(for: demand.requirement) else {
            throw TLSError(.state, text: "a session was resumed without evidence")
        }
    }

    private func prove(_ demand: ServerDemand, into facts: inout TLSSessionFacts) throws(TLSError) {
        let ssl = owned.pointer
        certificate = peerCertificate()
        facts.certificate = certificate
        if demand.requirement.dane != nil {
            facts.verification = DANEVerifier.verification(by: ssl)
            // RFC 7671 §5.1: the dates of a DANE-EE certificate say nothing.
            if case .dane(let matched, _) = facts.verification, matched.usage != 3 {
                bound(by: WebPKIVerifier.secondsLeft(of: SSL_get0_verified_chain(ssl)))
            }
        }
        facts.webPKI = try prove(demand.requirement.webPKI, demand.webPKI)
        facts.pkix = try prove(demand.requirement.pkix, demand.pkix)
        facts.observedPKIX = try? prove(demand.requirement.observedPKIX, demand.observedPKIX)
    }

    private func prove(_ reference: WebPKIReference?, _ anchors: OwnedTrust?) throws(TLSError) -> WebPKIEvidence? {
        guard let reference, let anchors else { return nil }
        let ssl = owned.pointer
        guard let leaf = SSL_get0_peer_certificate(ssl) else {
            return .failed(.other, "the host showed no certificate")
        }
        let finding = try WebPKIVerifier.verify(
            leaf, untrusted: SSL_get_peer_cert_chain(ssl), reference, anchors)
        bound(by: finding.secondsLeft)
        return finding.evidence
    }

    private func bound(by seconds: Int64?) {
        guard let seconds else { return }
        secondsOfProof = min(secondsOfProof ?? seconds, seconds)
    }

    private func fail(by error: TLSError) -> HandshakeProgress {
        let verifyResult = SSL_get_verify_result(owned.pointer)
        if case .ofServer(let demand) = demanded, demand.requirement.isJudgedWithinHandshake, error.isVerification,
            verifyResult != Int(X509_V_OK)
        {
            certificate = peerCertificate()
            return fail(
                .verification(CertificateFault(verifyResult: verifyResult)), DANEVerifier.verifyText(verifyResult))
        }
        switch error.kind {
        case .peer: return fail(.negotiation, error.text)
        case .transport: return fail(.connectionLost, error.text)
        case .library, .file, .requirement, .state: return fail(.ours, error.text)
        }
    }

    private func fail(_ kind: HandshakeFailure.Kind, _ text: String) -> HandshakeProgress {
        let failure = HandshakeFailure(kind, text: text)
        phase = .failed(failure)
        unsettled = []
        return .failed(failure)
    }

    /// The leaf. After a failed verification OpenSSL has not yet made it the session's, but the verifier's chain is
    /// there, leaf first.
    private func peerCertificate() -> CertificateFacts? {
        let ssl = owned.pointer
        if let leaf = SSL_get0_peer_certificate(ssl) { return CertificateFacts(reading: leaf) }
        guard let chain = SSL_get0_verified_chain(ssl), let leaf = OPENSSL_sk_value(chain, 0) else { return nil }
        return CertificateFacts(reading: OpaquePointer(leaf))
    }
}

extension TLSSessionFacts {
    /// All that `requirement` asks to be checked has been, and is well. No other session is resumed: a host that has
    /// repaired its certificate is not to wait for old evidence to expire.
    func isWell(for requirement: TLSRequirement) -> Bool {
        if requirement.dane != nil {
            guard case .dane = verification else { return false }
        }
        if requirement.webPKI != nil {
            guard case .trusted = webPKI else { return false }
        }
        if requirement.pkix != nil {
            guard case .trusted = pkix else { return false }
        }
        if requirement.observedPKIX != nil {
            guard case .trusted = observedPKIX else { return false }
        }
        guard !requirement.fingerprints.isEmpty else { return true }
        return certificate.map { requirement.fingerprints.contains(where: $0.has) } ?? false
    }
}

extension TLSError {
    /// The handshake failed because the verifier said no.
    fileprivate var isVerification: Bool {
        ERR_GET_REASON(CUnsignedLong(code)) == SSL_R_CERTIFICATE_VERIFY_FAILED
    }
}
