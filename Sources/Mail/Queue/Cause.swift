/// What follows from a cause alone: status code, permanence, blame, report. The one table that log, DSN, metrics and
/// TLS-RPT read (DSN-18).
extension Reason.Cause {
    /// Whose fault it is: log level and metric label follow from it.
    public enum Fault: String, Hashable, Sendable, CaseIterable {
        case ours
        case theirs
        case nobodys
    }

    /// True where trying again is pointless by the nature of the cause. For ``remoteReply`` the reply decides instead.
    public var isPermanent: Bool {
        switch self {
        case .noSuchDomain, .nullMX, .noHostAddress, .loop, .eightBitUnsupported, .utf8Unsupported, .sizeExceeded,
            .expired:
            true
        // D10: certain where no lookup failed and no host is left; else the others speak for the attempt.
        case .requireTLSUnsupported, .requireTLSUnvalidated: true
        case .hostDemandsTLS: true  // RFC 8689 §4.2.2, INT-16: certain where no other host is left, likewise
        case .authFailed: false  // A wrong password must not bounce all mail.
        case .dnsTemporary, .dnsBogus, .connectFailed, .connectionLost, .timedOut, .protocolError, .remoteReply: false
        // Deferrals of their own class (DANE-18, RFC 7672 §2.1.2).
        case .tlsaLookupFailed, .startTLSMissing, .tlsHandshakeFailed, .daneMismatch: false
        case .stsMXMismatch, .certificateInvalid, .fingerprintMismatch: false
        case .daneRequired, .stsRequired, .policyUnknown: false
        case .dkimUnsignable: true
        case .shutdown, .contentDamaged, .localFailure, .dkimUnpublished: false
        case .operatorBounced: true
        case .suspended: false
        }
    }

    /// The status of a DSN or a log line (RFC 3463 §3, DSN-18). Class 4 or 5 by ``isPermanent``, but an expired message
    /// failed of something that might have passed: 4.4.7 (RFC 3464 §2.3.4, Q-12).
    public var enhancedStatusCode: EnhancedStatusCode {
        enhancedStatusCode(isPermanent: isPermanent && self != .expired)
    }

    /// The same with the class chosen by the caller.
    public func enhancedStatusCode(isPermanent: Bool) -> EnhancedStatusCode {
        let (subject, detail) = subjectAndDetail
        return EnhancedStatusCode(isPermanent ? 5 : 4, subject, detail)
    }

    private var subjectAndDetail: (UInt16, UInt16) {
        switch self {
        case .dnsTemporary, .dnsBogus: (4, 3)  // RFC 3463 §3.5: directory server failure
        case .noSuchDomain: (1, 2)  // RFC 3463 §3.2: bad destination system address
        case .nullMX: (1, 10)  // RFC 7505 §6
        case .noHostAddress: (4, 4)  // RFC 3463 §3.5: unable to route
        case .loop: (4, 6)  // RFC 3463 §3.5: routing loop detected
        case .connectFailed: (4, 1)  // RFC 3463 §3.5: no answer from host
        case .connectionLost, .timedOut: (4, 2)  // RFC 3463 §3.5: bad connection, time-out included
        case .protocolError: (5, 0)  // RFC 3463 §3.6
        case .remoteReply: (0, 0)  // Only where the reply has no code of its own.
        case .tlsaLookupFailed, .tlsHandshakeFailed, .daneMismatch: (7, 5)  // RFC 3463 §3.8: cryptographic failure
        case .stsMXMismatch, .certificateInvalid, .fingerprintMismatch: (7, 5)
        case .daneRequired, .stsRequired, .policyUnknown: (7, 5)
        case .startTLSMissing, .hostDemandsTLS: (7, 10)  // RFC 8689 §7: encryption needed
        case .authFailed: (7, 8)  // RFC 4954 §6: authentication credentials invalid
        case .requireTLSUnvalidated: (7, 10)  // RFC 8689 §4.2.1, D10
        case .requireTLSUnsupported: (7, 30)  // RFC 8689 §7: REQUIRETLS support required
        case .eightBitUnsupported: (6, 3)  // RFC 3463 §3.7: conversion required but not supported
        case .utf8Unsupported: (6, 7)  // RFC 6531 §4.2: non-ASCII addresses not permitted for that sender or recipient
        case .sizeExceeded: (3, 4)  // RFC 3463 §3.4: message too big for system
        case .dkimUnpublished, .dkimUnsignable: (7, 5)  // RFC 3463 §3.8
        case .expired: (4, 7)  // RFC 3463 §3.5: delivery time expired
        case .shutdown: (3, 2)  // RFC 3463 §3.4: system not accepting network messages
        case .contentDamaged, .localFailure: (3, 0)  // RFC 3463 §3.4: other mail system status
        // RFC 3463 §3.8 is for security or policy, and an operator's order is policy of this host alone. Not X.7.1: that
        // tells the sender that the recipient's side does not want the mail, and nobody there was asked.
        case .operatorBounced: (7, 0)
        case .suspended: (3, 2)  // RFC 3463 §3.4: system not accepting network messages
        }
    }

    public var fault: Fault {
        switch self {
        case .noSuchDomain, .nullMX, .noHostAddress, .dnsBogus: .theirs
        case .protocolError, .remoteReply, .eightBitUnsupported, .utf8Unsupported, .sizeExceeded: .theirs
        case .tlsaLookupFailed, .startTLSMissing, .tlsHandshakeFailed, .daneMismatch: .theirs
        case .stsMXMismatch, .certificateInvalid, .fingerprintMismatch: .theirs
        case .daneRequired, .stsRequired, .requireTLSUnsupported, .requireTLSUnvalidated: .theirs
        case .hostDemandsTLS: .theirs
        case .policyUnknown: .nobodys
        case .dnsTemporary, .connectFailed, .connectionLost, .timedOut, .expired: .nobodys
        case .loop, .shutdown, .contentDamaged, .localFailure, .authFailed, .dkimUnpublished: .ours
        case .dkimUnsignable: .nobodys  // Whoever wrote the message.
        case .operatorBounced, .suspended: .nobodys  // What was ordered is no fault.
        }
    }

    /// True for deferrals because of transport security: never a bounce before expiry (DANE-18, RFC 7672 §2.1.2), and a
    /// warning to the operator after `retry.warn_after` (D19).
    public var isTLSPolicy: Bool {
        switch self {
        case .tlsaLookupFailed, .startTLSMissing, .tlsHandshakeFailed, .daneMismatch: true
        case .stsMXMismatch, .certificateInvalid, .fingerprintMismatch: true
        case .daneRequired, .stsRequired, .policyUnknown: true
        case .requireTLSUnsupported, .requireTLSUnvalidated, .hostDemandsTLS: false  // These end it (D10, INT-16).
        case .authFailed: false
        case .dnsTemporary, .dnsBogus, .noSuchDomain, .nullMX, .noHostAddress, .loop: false
        case .connectFailed, .connectionLost, .timedOut, .protocolError, .remoteReply: false
        case .eightBitUnsupported, .utf8Unsupported, .sizeExceeded, .expired: false
        case .shutdown, .contentDamaged, .localFailure: false
        case .dkimUnpublished, .dkimUnsignable: false
        case .operatorBounced, .suspended: false
        }
    }

    /// What TLS-RPT counts where nothing more exact is known; nil where it counts nothing (RFC 8460 §4.3.4, RPTC-17).
    public var resultType: ResultType? {
        switch self {
        case .tlsaLookupFailed, .dnsBogus: .dnssecInvalid  // RFC 8460 §4.3.2.1
        case .startTLSMissing: .startTLSNotSupported  // RFC 8460 §4.3.1
        case .tlsHandshakeFailed, .daneMismatch: .validationFailure  // RFC 8460 §4.3.3, D4
        case .stsMXMismatch: .validationFailure  // D4
        case .certificateInvalid: .certificateNotTrusted  // RFC 8460 §4.3.1, where nothing more exact is known
        case .daneRequired: .daneRequired  // RFC 8460 §4.3.2.1
        case .fingerprintMismatch, .stsRequired, .policyUnknown: nil  // The operator's own wishes are not reported.
        case .requireTLSUnsupported, .requireTLSUnvalidated, .hostDemandsTLS, .authFailed: nil
        case .dnsTemporary, .noSuchDomain, .nullMX, .noHostAddress, .loop: nil
        case .connectFailed, .connectionLost, .timedOut, .protocolError, .remoteReply: nil
        case .eightBitUnsupported, .utf8Unsupported, .sizeExceeded, .expired: nil
        case .shutdown, .contentDamaged, .localFailure: nil
        case .dkimUnpublished, .dkimUnsignable: nil
        case .operatorBounced, .suspended: nil
        }
    }
}
