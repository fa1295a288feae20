import COpenSSL
public import Mail

extension TLSSession {
    /// RFC 9266 §2: octets, and the label.
    private static let exporterLength = 32
    private static let exporterLabel = "EXPORTER-Channel-Binding"

    /// The octets of `kind` for this session; nil where it is not defined for it, before the end of the handshake, and for a
    /// client's session.
    ///
    /// Before TLS 1.3 the values of a session hang on its master secret, which without the extended master secret (RFC 7627) a
    /// server in the middle can make the same for two sessions: then there are none but that of the certificate.
    public func channelBinding(_ kind: ChannelBindingType) -> [UInt8]? {
        guard facts != nil, case .nothing = demanded else { return nil }
        defer { ERR_clear_error() }
        switch kind {
        case .tlsExporter: return hasOwnSecret ? exportedMaterial : nil
        case .tlsServerEndPoint: return SSL_get_certificate(owned.pointer).flatMap(Self.endPointDigest)
        case .tlsUnique: return isTLS13 || !hasOwnSecret ? nil : firstFinished
        }
    }

    private var isTLS13: Bool { SSL_version(owned.pointer) >= TLS1_3_VERSION }

    private var hasOwnSecret: Bool { isTLS13 || shim_SSL_get_extms_support(owned.pointer) == 1 }

    /// RFC 9266 §2. The context is empty there: in TLS 1.3 that is the same as none, and before it others pass none.
    private var exportedMaterial: [UInt8]? {
        var made = false
        let material = [UInt8](unsafeUninitializedCapacity: Self.exporterLength) { buffer, count in
            let label = Self.exporterLabel
            made =
                SSL_export_keying_material(
                    owned.pointer, buffer.baseAddress, Self.exporterLength, label, label.utf8.count, nil, 0, 0
                ) == 1
            count = made ? Self.exporterLength : 0
        }
        return made ? material : nil
    }

    /// The client's Finished message comes first in a full handshake, the server's where a session is resumed.
    private var firstFinished: [UInt8]? {
        let ssl = owned.pointer
        let message = [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { buffer, count in
            let length =
                SSL_session_reused(ssl) == 1
                ? SSL_get_finished(ssl, buffer.baseAddress, buffer.count)
                : SSL_get_peer_finished(ssl, buffer.baseAddress, buffer.count)
            // The whole length, of which it copies what fits.
            count = min(length, buffer.count)
        }
        return message.isEmpty ? nil : message
    }

    /// RFC 5929 §4.1: by the hash of the certificate's own signature, but never by one weaker than SHA-256; nil where that
    /// signature has no hash, as Ed25519, or several.
    static func endPointDigest(_ certificate: OpaquePointer) -> [UInt8]? {
        var hash: CInt = NID_undef
        guard X509_get_signature_info(certificate, &hash, nil, nil, nil) == 1, hash != NID_undef else { return nil }
        let isWeak = hash == NID_md5 || hash == NID_sha1
        let algorithm = isWeak ? EVP_sha256() : EVP_get_digestbyname(OBJ_nid2sn(hash))
        return CertificateEncoding.digest(CertificateEncoding.certificate(certificate), by: algorithm)
    }
}
