/// The fixed words of `failure-reason-code` (RFC 8460 §4.4, RPTC-14): what the result type does not say. `docs/tlsrpt.md`
/// lists them. Never changed, only added to.
public enum ReasonCode: String, Hashable, Sendable, CaseIterable {
    /// No TLSA record matches the certificate (D4).
    case tlsaMismatch = "tlsa-mismatch"
    /// The MX host is not in the list of the MTA-STS policy (D4).
    case mxMismatch = "mx-mismatch"
    /// Cleartext followed the reply to STARTTLS (RFC 3207 §6).
    case startTLSInjection = "starttls-injection"
    /// No version, cipher or group in common, an alert, or what came was no TLS.
    case handshakeFailed = "tls-handshake-failed"
    case handshakeLost = "tls-connection-lost"
    case handshakeTimedOut = "tls-timed-out"
    /// The leaf is its own issuer.
    case selfSigned = "self-signed"
    /// The chain ends in a root that is not trusted.
    case selfSignedInChain = "self-signed-in-chain"
    /// No trusted issuer was found: an intermediate is missing, or the authority is private.
    case unknownIssuer = "unknown-issuer"
    case untrusted = "untrusted"
    case notYetValid = "certificate-not-yet-valid"
    /// The certificate is bad in another way.
    case certificateInvalid = "certificate-invalid"
    /// DNSSEC validation of the MX records failed: no host is known.
    case mxBogus = "mx-dnssec-invalid"
    /// DNSSEC validation of the host's addresses failed.
    case addressBogus = "address-dnssec-invalid"
    /// The TLSA lookup failed or did not validate.
    case tlsaLookupFailed = "tlsa-lookup-failed"
}

extension ReasonCode {
    /// Of a handshake that came to nothing without a certificate being the reason; nil where it is our fault.
    init?(_ kind: HandshakeFailure.Kind) {
        switch kind {
        case .negotiation: self = .handshakeFailed
        case .connectionLost: self = .handshakeLost
        case .timedOut: self = .handshakeTimedOut
        case .verification, .ours: return nil
        }
    }

    /// Of a certificate; nil where the result type says it all. `words`: OpenSSL's, which tell why no chain is trusted.
    init?(_ fault: CertificateFault, words: String) {
        switch fault {
        case .hostMismatch, .expired: return nil
        case .noMatchingTLSA: self = .tlsaMismatch
        case .notYetValid: self = .notYetValid
        case .other: self = .certificateInvalid
        case .notTrusted:
            if words.contains("in certificate chain") {
                self = .selfSignedInChain
            } else if words.contains("self-signed") || words.contains("self signed") {
                self = .selfSigned
            } else if words.contains("issuer") || words.contains("first certificate") {
                self = .unknownIssuer
            } else {
                self = .untrusted
            }
        }
    }
}
