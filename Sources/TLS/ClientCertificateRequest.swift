/// Whether clients are asked for a certificate in the handshake (RFC 8314 §4.2).
public enum ClientCertificateRequest: Hashable, Sendable {
    /// No client is asked (TLS-14).
    case none
    /// Every client is asked, and none must have one.
    ///
    /// `authorities` is a PEM file of the certificates under which a client's is ``ClientCertificate/isVerified``; their names
    /// are sent to clients, who choose by them. Each may be a root or an intermediate one. Without it no certificate is
    /// verified: what counts then is the fingerprint.
    case asked(authorities: String?)
}
