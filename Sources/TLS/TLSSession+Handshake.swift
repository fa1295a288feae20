import COpenSSL
import Mail

extension TLSSession {
    /// Goes on with the handshake. After its end the answer stays the same.
    ///
    /// Under DANE the certificate is judged inside the handshake (`SSL_VERIFY_PEER`): where it fails, the server gets
    /// an alert instead of our Finished, and not one octet of the application has been sent (TLS-09).
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
            resumed: SSL_session_reused(ssl) == 1, verification: .unverified, certificate: nil)
        if case .ofServer(let reference, _, _, let offered) = demanded {
            if facts.resumed {
                // A resumed session shows verify result 0 and no DANE authority, whatever the TLSA records say
                // (DANE-47). It counts by the evidence of the full handshake, which the key guards.
                guard let offered else { return fail(.ours, "a session was resumed that was not offered") }
                facts.verification = offered.facts.verification
                certificate = offered.facts.certificate
            } else {
                certificate = peerCertificate()
                if reference != nil { facts.verification = DANEVerifier.verification(by: ssl) }
            }
            facts.certificate = certificate
            if reference != nil {
                switch facts.verification {
                case .dane: break
                case .failed(let fault, let text): return fail(.verification(fault), text)
                case .unverified: return fail(.ours, "a session was resumed without evidence")
                }
            }
        }
        phase = .established(facts)
        keepUnsettled(facts)
        return .done(facts)
    }

    private func fail(by error: TLSError) -> HandshakeProgress {
        let verifyResult = SSL_get_verify_result(owned.pointer)
        if case .ofServer(.some, _, _, _) = demanded, error.isVerification, verifyResult != Int(X509_V_OK) {
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

extension TLSError {
    /// The handshake failed because the verifier said no.
    fileprivate var isVerification: Bool {
        ERR_GET_REASON(CUnsignedLong(code)) == SSL_R_CERTIFICATE_VERIFY_FAILED
    }
}
