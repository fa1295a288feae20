/// Which local fault may be what really kept mail back: the one table that delivery line and queue read.
extension AlarmKind {
    public func mayExplain(_ cause: Reason.Cause) -> Bool {
        switch self {
        case .startTLSStripped: cause == .startTLSMissing
        case .resolverFails:
            [.dnsTemporary, .tlsaLookupFailed, .policyUnknown, .stsRequired, .requireTLSUnvalidated].contains(cause)
        case .resolverDoesNotValidate:
            [.dnsBogus, .dnsTemporary, .tlsaLookupFailed, .policyUnknown, .daneRequired].contains(cause)
        case .clockOff, .clockStepped:
            [.certificateInvalid, .daneMismatch, .dnsBogus, .tlsaLookupFailed].contains(cause)
        case .portBlocked: [.connectFailed, .timedOut].contains(cause)
        case .stsRecordMissing, .stsFetchFailing, .tlsaGone, .startTLSGone, .authenticationLost, .issuerChanged,
            .mailWillExpire, .exceptionUnneeded, .canaryDelivered, .canaryRefused, .reportAddressFailing,
            .dkimKeyFailing, .certificateExpiring, .crashSuspect, .storeNotWritable:
            false
        }
    }

    /// The fault in a clause, for a sentence about mail that waits.
    public var suspicion: String {
        switch self {
        case .startTLSStripped: "something near this relay strips STARTTLS"
        case .resolverFails: "the resolver of this relay finds nothing"
        case .resolverDoesNotValidate: "the resolver of this relay does not validate"
        case .clockOff: "the clock of this relay is off"
        case .clockStepped: "the clock of this relay was set to another time"
        case .portBlocked: "connections from this relay are blocked"
        default: rawValue
        }
    }
}

extension Reason {
    /// Stands between what was seen of the other side and what is suspected of ours.
    static let suspicionMark = "; it may be this side's fault: "

    /// The same with the suspicion, for the operator; unchanged where it has one.
    public func suspecting(_ kind: AlarmKind) -> Reason {
        if detail.contains(Self.suspicionMark) { return self }
        return Reason(cause, detail + Self.suspicionMark + kind.suspicion + ", see relayctl alarms")
    }

    /// Without what ``suspecting(_:)`` added: a sender is told what was seen.
    public var withoutSuspicion: Reason {
        guard let mark = detail.firstRange(of: Self.suspicionMark) else { return self }
        return Reason(cause, String(detail[..<mark.lowerBound]))
    }
}
