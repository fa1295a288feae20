import COpenSSL
public import Mail

/// The TLS versions the configuration speaks of (`tls.minimum_version`).
public enum TLSVersion: String, Hashable, Sendable, CaseIterable {
    case tls10 = "1.0"
    case tls11 = "1.1"
    case tls12 = "1.2"
    case tls13 = "1.3"
}

/// Everything that sessions of one policy class share. Built once: an `SSL_CTX` is expensive.
public final class ClientContext: @unchecked Sendable {
    /// What is made of the peer's certificate.
    public enum Verification: Hashable, Sendable {
        /// Nothing: levels `opportunistic` and `encrypted`.
        case unverified
        /// DANE decides, and nothing else: no certification authority of the system is loaded.
        case dane
    }

    public let verification: Verification

    /// Fails with ``TLSError/Kind/library``.
    ///
    /// - `digestOrder`: TLSA matching types, the strongest first (DANE-44).
    public init(
        _ verification: Verification, minimumVersion: TLSVersion = .tls12, digestOrder: [UInt8] = [2, 1]
    ) throws(TLSError) {
        self.verification = verification
    }

    /// The records OpenSSL can use, in their order: what SMTP cannot use (RFC 7672 §3.1), and Full(0) data that is no
    /// certificate or key, is left out (DANE-26). Ask before making a requirement of them.
    public func usableRecords(of records: [TLSARecord]) throws(TLSError) -> [TLSARecord] { records }
}
