/// What the sender asked of transport security for one message (RFC 8689 §4.1). The raw values are on disk: never
/// changed, only added to.
public enum MessageDemand: Int, Hashable, Sendable, CaseIterable {
    /// Nothing: the policies of the receiving domain and of the operator decide.
    case ordinary = 0
    /// `MAIL … REQUIRETLS`: authenticated TLS and REQUIRETLS all the way (RFC 8689 §2).
    case requireTLS = 1
    /// A DSN about REQUIRETLS mail: carries the keyword where a fit host offers it, else goes over TLS without it, never
    /// in clear (RFC 8689 §5, D10).
    case requireTLSNotice = 2
    /// `TLS-Required: No` (RFC 8689 §3): policies are followed but do not fail the message (D15).
    case optionalTLS = 3
    /// A TLS-RPT report of ours: as ``optionalTLS``, and of the operator's rules only one that names the domain or host
    /// holds it back (RFC 8460 §3, D15).
    case report = 4

    /// For logs; nil where the sender asked nothing.
    public var word: String? {
        switch self {
        case .ordinary: nil
        case .requireTLS: "requiretls"
        case .requireTLSNotice: "requiretls-notice"
        case .optionalTLS: "optional"
        case .report: "report"
        }
    }

    /// Policies are followed and do not fail the message (D15).
    public var isOptional: Bool { self == .optionalTLS || self == .report }
}
