import COpenSSL
public import Mail

/// Whether the chain a host presents has what a TLSA record speaks of: for people, who publish records ahead of a new
/// key. Nothing is verified by it.
public struct TLSAMatch: Hashable, Sendable {
    public let record: TLSARecord
    /// 0 is the leaf; nil where no presented certificate matches, be it that the record speaks of a key to come, or of a
    /// trust anchor that the host does not send.
    public let depth: Int?

    public init(record: TLSARecord, depth: Int?) {
        self.record = record
        self.depth = depth
    }
}

extension TLSSession {
    /// The chain as the server presented it, leaf first; for a resumed session that of the full handshake.
    ///
    /// Empty before the handshake has ended, where it failed, and for a server's session. A requirement that demands DANE
    /// alone fails the handshake; one that only records (level `opportunistic`, with ``TLSRequirement/dane``) shows also a
    /// chain that does not pass.
    public func peerChain() -> [CertificateFacts] {
        presented.map { CertificateFacts(reading: $0) }
    }

    /// One match for each of `records`, in their order. Usages 1 and 3 speak of the leaf, 0 and 2 of what is above it
    /// (RFC 7671 §5).
    public func matches(_ records: [TLSARecord]) -> [TLSAMatch] {
        let chain = presented
        return records.map { record in
            let speaksOfLeaf = record.usage == 1 || record.usage == 3
            let depth = chain.indices.first { depth in
                (depth == 0) == speaksOfLeaf && record.speaks(of: chain[depth])
            }
            return TLSAMatch(record: record, depth: depth)
        }
    }

    /// Certificates of the session, which owns them.
    private var presented: [OpaquePointer] {
        guard facts != nil, case .ofServer = demanded else { return [] }
        let chain = SSL_get_peer_cert_chain(owned.pointer)
        return (0..<max(0, OPENSSL_sk_num(chain))).compactMap { index in
            OPENSSL_sk_value(chain, index).map { OpaquePointer($0) }
        }
    }
}

extension TLSARecord {
    /// RFC 6698 §2.1.2 to §2.1.4; false for what they do not know.
    fileprivate func speaks(of certificate: OpaquePointer) -> Bool {
        let selected: [UInt8]? =
            switch selector {
            case 0: CertificateEncoding.certificate(certificate)
            case 1: CertificateEncoding.publicKey(certificate)
            default: nil
            }
        let association: [UInt8]? =
            switch matchingType {
            case 0: selected
            case 1: CertificateEncoding.digest(selected, by: EVP_sha256())
            case 2: CertificateEncoding.digest(selected, by: EVP_sha512())
            default: nil
            }
        return association == data
    }
}

extension DANECheck {
    /// False where the data of a record with matching type Full(0) is not what its selector says, a certificate or a key
    /// in DER that OpenSSL can read: no verifier can use it, so that it counts as unusable (DANE-26). True of all others.
    ///
    /// Takes some microseconds, and no context.
    @Sendable public static func isReadable(_ record: TLSARecord) -> Bool {
        guard record.matchingType == 0 else { return true }
        defer { ERR_clear_error() }
        return record.data.withUnsafeBufferPointer { data in
            guard let start = data.baseAddress else { return false }
            var end: UnsafePointer<UInt8>? = start
            switch record.selector {
            case 0:
                guard let certificate = d2i_X509(nil, &end, data.count) else { return false }
                defer { X509_free(certificate) }
                return end == start + data.count && X509_get0_pubkey(certificate) != nil
            case 1:
                guard let key = d2i_PUBKEY(nil, &end, data.count) else { return false }
                defer { EVP_PKEY_free(key) }
                return end == start + data.count
            default:
                return true
            }
        }
    }
}
