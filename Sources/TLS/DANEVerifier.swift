import COpenSSL
import Mail

/// OpenSSL's own DANE verifier, set up as RFC 7672 wants it. There is no second one.
enum DANEVerifier {
    /// Tells `ssl` what the peer must show. Throws where not one record can be used: OpenSSL would then fall back to
    /// PKIX and report success.
    static func demand(_ reference: DANEReference, of ssl: OpaquePointer) throws(TLSError) {
        // Sets the name for certificate checks, and for SNI where none is set (RFC 7672 §8.1).
        try OpenSSL.call("SSL_dane_enable") { SSL_dane_enable(ssl, reference.baseDomain.text) }
        for name in reference.referenceIdentifiers where name != reference.baseDomain {
            try OpenSSL.call("SSL_add1_host") { SSL_add1_host(ssl, name.text) }
        }
        // RFC 7672 §3.2.3: a wildcard is the whole first label. That it matches one label only, and that the CN counts
        // only where the SAN has no DNS name, are OpenSSL's defaults (X509_check_host(3)).
        SSL_set_hostflags(ssl, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
        var added = 0
        for record in reference.records where try add(record, to: ssl) {
            added += 1
        }
        guard added > 0 else {
            throw TLSError(.requirement, text: "no TLSA record of \(reference.baseDomain) can be used for verification")
        }
    }

    /// Adds one record; false where it is unusable. An error of the library is thrown: fail closed.
    static func add(_ record: TLSARecord, to ssl: OpaquePointer) throws(TLSError) -> Bool {
        guard isForSMTP(record) else { return false }
        ERR_clear_error()
        let result = SSL_dane_tlsa_add(
            ssl, record.usage, record.selector, record.matchingType, record.data, record.data.count)
        if result < 0 { throw OpenSSL.drained("SSL_dane_tlsa_add", .library) }
        // > 0 when the record is unusable (SSL_CTX_dane_enable(3)): it has left the reason in the queue.
        ERR_clear_error()
        return result > 0
    }

    /// RFC 7672 §3.1.3: only DANE-TA(2) and DANE-EE(3), known selectors and matching types, digests of full length.
    ///
    /// Policy has filtered already. This is the last door before OpenSSL, which would accept usages 0 and 1, and frees
    /// memory twice where they are mixed with 2 (CVE-2026-28387).
    private static func isForSMTP(_ record: TLSARecord) -> Bool {
        guard record.usage == 2 || record.usage == 3, record.selector <= 1 else { return false }
        switch record.matchingType {
        case 0: return !record.data.isEmpty
        case 1: return record.data.count == 32
        case 2: return record.data.count == 64
        default: return false
        }
    }

    /// What the verifier of `ssl` found, after a full handshake or an offline check.
    ///
    /// Both facts are needed: with no usable record OpenSSL silently does PKIX, and a resumed session carries an old
    /// verify result.
    static func verification(by ssl: OpaquePointer) -> TLSSessionFacts.Verification {
        let result = SSL_get_verify_result(ssl)
        guard result == Int(X509_V_OK) else {
            return .failed(CertificateFault(verifyResult: result), verifyText(result))
        }
        let depth = SSL_get0_dane_authority(ssl, nil, nil)
        guard depth >= 0 else { return .failed(.noMatchingTLSA, "no TLSA record took part in the verification") }
        var usage: UInt8 = 0
        var selector: UInt8 = 0
        var matchingType: UInt8 = 0
        var data: UnsafePointer<UInt8>?
        var length = 0
        guard SSL_get0_dane_tlsa(ssl, &usage, &selector, &matchingType, &data, &length) >= 0, let data else {
            return .failed(.noMatchingTLSA, "OpenSSL names no TLSA record")
        }
        let matched = TLSARecord(
            usage: usage, selector: selector, matchingType: matchingType,
            data: Array(UnsafeBufferPointer(start: data, count: length)))
        return .dane(matched: matched, depth: Int(depth))
    }

    static func verifyText(_ result: Int) -> String {
        X509_verify_cert_error_string(result).map { String(cString: $0) } ?? "verification failed"
    }
}

extension CertificateFault {
    /// Sorts an `X509_V_ERR_…` number as RFC 8460 §4.3 sorts it.
    init(verifyResult: Int) {
        switch CInt(truncatingIfNeeded: verifyResult) {
        case X509_V_ERR_HOSTNAME_MISMATCH:
            self = .hostMismatch
        case X509_V_ERR_CERT_HAS_EXPIRED:
            self = .expired
        case X509_V_ERR_CERT_NOT_YET_VALID:
            self = .notYetValid
        case X509_V_ERR_DANE_NO_MATCH:
            self = .noMatchingTLSA
        // No way to a trust anchor, or a way through something that may not stand on it.
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
            X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_CERT_UNTRUSTED, X509_V_ERR_CERT_REJECTED,
            X509_V_ERR_CERT_CHAIN_TOO_LONG, X509_V_ERR_CERT_SIGNATURE_FAILURE, X509_V_ERR_CERT_REVOKED,
            X509_V_ERR_INVALID_CA, X509_V_ERR_INVALID_NON_CA, X509_V_ERR_PATH_LENGTH_EXCEEDED,
            X509_V_ERR_INVALID_PURPOSE, X509_V_ERR_KEYUSAGE_NO_CERTSIGN, X509_V_ERR_AKID_SKID_MISMATCH,
            X509_V_ERR_AKID_ISSUER_SERIAL_MISMATCH, X509_V_ERR_SUBJECT_ISSUER_MISMATCH,
            X509_V_ERR_PERMITTED_VIOLATION, X509_V_ERR_EXCLUDED_VIOLATION, X509_V_ERR_EE_KEY_TOO_SMALL,
            X509_V_ERR_CA_KEY_TOO_SMALL, X509_V_ERR_CA_MD_TOO_WEAK:
            self = .notTrusted
        default:
            self = .other
        }
    }
}
