import Testing

@testable import Mail

/// `failure-reason-code` (RFC 8460 §4.4): fixed words, one for each thing that the result type does not say.
struct ReasonCodeTests {
    @Test("RPTC-14 The words are on disk and in others' statistics: none is ever changed")
    func words() {
        #expect(
            ReasonCode.allCases.map(\.rawValue) == [
                "tlsa-mismatch", "mx-mismatch", "starttls-injection", "tls-handshake-failed", "tls-connection-lost",
                "tls-timed-out", "self-signed", "self-signed-in-chain", "unknown-issuer", "untrusted",
                "certificate-not-yet-valid", "certificate-invalid", "mx-dnssec-invalid", "address-dnssec-invalid",
                "tlsa-lookup-failed",
            ])
    }

    @Test(
        "RPTC-14 Why a chain is not trusted, by OpenSSL's words",
        arguments: [
            ("self-signed certificate", ReasonCode.selfSigned, "X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT"),
            ("self signed certificate", .selfSigned, "the same in OpenSSL 1.1"),
            ("self-signed certificate in certificate chain", .selfSignedInChain, "SELF_SIGNED_CERT_IN_CHAIN"),
            ("self signed certificate in certificate chain", .selfSignedInChain, "the same in OpenSSL 1.1"),
            ("unable to get local issuer certificate", .unknownIssuer, "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"),
            ("unable to get issuer certificate", .unknownIssuer, "UNABLE_TO_GET_ISSUER_CERT"),
            ("unable to verify the first certificate", .unknownIssuer, "UNABLE_TO_VERIFY_LEAF_SIGNATURE"),
            ("certificate not trusted", .untrusted, "CERT_UNTRUSTED"), ("", .untrusted, "no words"),
        ])
    func notTrusted(words: String, code: ReasonCode, name: String) {
        #expect(ReasonCode(.notTrusted, words: words) == code, "\(name)")
    }

    @Test("RPTC-14 RPTC-16 Other faults of certificates: a code where the result type does not say it all")
    func certificates() {
        #expect(ReasonCode(.hostMismatch, words: "x") == nil && ReasonCode(.expired, words: "x") == nil)
        #expect(ReasonCode(.noMatchingTLSA, words: "x") == .tlsaMismatch)
        #expect(ReasonCode(.notYetValid, words: "x") == .notYetValid)
        #expect(ReasonCode(.other, words: "self-signed") == .certificateInvalid)
    }

    @Test("RPTC-14 RPTC-17 A handshake that came to nothing; our own fault is nobody's")
    func handshakes() {
        #expect(ReasonCode(.negotiation) == .handshakeFailed && ReasonCode(.connectionLost) == .handshakeLost)
        #expect(ReasonCode(.timedOut) == .handshakeTimedOut)
        #expect(ReasonCode(.ours) == nil && ReasonCode(.verification(.expired)) == nil)
    }
}
