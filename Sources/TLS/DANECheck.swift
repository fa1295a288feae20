public import Mail

/// Would this chain satisfy these records: the verifier of the handshake, without a handshake.
public enum DANECheck: Hashable, Sendable {
    /// By this record; depth 0 is the leaf.
    case verified(matched: TLSARecord, depth: Int)
    case refused(CertificateFault, String)
    /// No record SMTP can use.
    case unusable

    /// - `chain`: PEM, as the server presents it, leaf first. `at`: nil is now.
    public init(
        chain: [UInt8], reference: DANEReference, at time: WallTime? = nil, context: ClientContext
    ) throws(TLSError) {
        self = .unusable
    }
}
