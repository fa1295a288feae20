/// What kind of trouble a deferral is, in the words by which an operator makes rules (`failure` of `[[queue.rule]]`).
public enum FailureClass: String, Hashable, Sendable, CaseIterable {
    /// Transport security: a policy that cannot be met.
    case policy
    /// Names: lookups that failed, hosts without addresses.
    case dns
    /// No connection, or one that broke or did not speak SMTP.
    case connection
    /// The remote's own reply, or an extension it lacks.
    case remote
    /// This relay: its disk, its keys, its passwords, its operator.
    case local
}

extension Reason.Cause {
    /// The kind of trouble this is.
    public var failureClass: FailureClass {
        switch self {
        case .tlsaLookupFailed, .startTLSMissing, .tlsHandshakeFailed, .daneMismatch: .policy
        case .stsMXMismatch, .certificateInvalid, .fingerprintMismatch: .policy
        case .daneRequired, .stsRequired, .policyUnknown: .policy
        case .requireTLSUnsupported, .requireTLSUnvalidated, .hostDemandsTLS: .policy
        case .dnsTemporary, .dnsBogus, .noSuchDomain, .nullMX, .noHostAddress: .dns
        case .connectFailed, .connectionLost, .timedOut, .protocolError: .connection
        case .remoteReply, .eightBitUnsupported, .utf8Unsupported, .sizeExceeded: .remote
        case .loop, .authFailed, .dkimUnpublished, .dkimUnsignable: .local
        case .expired, .shutdown, .contentDamaged, .localFailure: .local
        case .operatorBounced, .suspended: .local
        }
    }
}
