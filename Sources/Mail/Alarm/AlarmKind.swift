/// What an alarm is about. The raw values are on disk, in logs, metrics and JSON: never changed, only added to.
public enum AlarmKind: String, Hashable, Sendable, CaseIterable {
    // About one domain or host; the subject is its name.
    /// The MTA-STS TXT record is gone while a policy is cached.
    case stsRecordMissing = "sts-record-missing"
    /// A policy is cached, and its successor cannot be fetched.
    case stsFetchFailing = "sts-fetch-failing"
    /// A host had secure TLSA records, and has none any more.
    case tlsaGone = "tlsa-gone"
    /// A host offered STARTTLS, and does not any more.
    case startTLSGone = "starttls-gone"
    /// A host proved who it is, and does not any more.
    case authenticationLost = "authentication-lost"
    /// Another issuer stands behind a host's certificate, under DANE-TA or public trust anchors.
    case issuerChanged = "issuer-changed"
    /// Mail will expire before anything changes; the subject is the destination.
    case mailWillExpire = "mail-will-expire"
    /// The true policy of a domain with an exception is met again.
    case exceptionUnneeded = "exception-unneeded"
    /// Mail to a canary that must be refused was delivered; the subject is the canary's name.
    case canaryDelivered = "canary-delivered"
    /// Mail to a canary that must be delivered was not.
    case canaryRefused = "canary-refused"
    /// A `rua` takes no reports.
    case reportAddressFailing = "report-address-failing"

    // About this side.
    /// Many unrelated hosts offer no STARTTLS at once: something near us strips it.
    case startTLSStripped = "starttls-stripped"
    /// Names that must be found are not.
    case resolverFails = "resolver-fails"
    /// Names that must fail validation are answered, or secure ones count as insecure.
    case resolverDoesNotValidate = "resolver-does-not-validate"
    /// The clock of this machine is off against many peers.
    case clockOff = "clock-off"
    /// The clock of this machine was set to another time, which is not believed yet.
    case clockStepped = "clock-stepped"
    /// No host anywhere takes a connection on port 25.
    case portBlocked = "port-25-blocked"
    /// A message was being delivered each time this program fell, and is held; the subject is its queue id.
    case crashSuspect = "crash-suspect"
    /// A DKIM key fails, or is about to; the subject is `selector._domainkey.domain`.
    case dkimKeyFailing = "dkim-key-failing"
    /// The certificate of a listener is about to expire, or has; the subject is its file.
    case certificateExpiring = "certificate-expiring"
    /// The store takes no writes: new mail is refused, and results of deliveries are not written down.
    case storeNotWritable = "store-not-writable"

    /// True where others decide of how many names it can be raised.
    public var isOfMany: Bool {
        switch self {
        case .stsRecordMissing, .stsFetchFailing, .tlsaGone, .startTLSGone, .authenticationLost, .issuerChanged: true
        case .mailWillExpire, .reportAddressFailing: true
        case .exceptionUnneeded, .canaryDelivered, .canaryRefused, .dkimKeyFailing, .certificateExpiring: false
        case .crashSuspect: true
        case .startTLSStripped, .resolverFails, .resolverDoesNotValidate, .clockOff, .clockStepped, .portBlocked: false
        case .storeNotWritable: false
        }
    }

    /// True for a fault on this side, which may be what really keeps mail back: a deferral meanwhile says so.
    public var isLocal: Bool {
        switch self {
        case .startTLSStripped, .resolverFails, .resolverDoesNotValidate, .clockOff, .clockStepped, .portBlocked: true
        case .dkimKeyFailing, .certificateExpiring, .crashSuspect, .storeNotWritable: false
        case .stsRecordMissing, .stsFetchFailing, .tlsaGone, .startTLSGone, .authenticationLost, .issuerChanged: false
        case .mailWillExpire, .exceptionUnneeded, .canaryDelivered, .canaryRefused, .reportAddressFailing: false
        }
    }

    /// True where mail stands still, or goes on without what protects it, until somebody here does something.
    public var isGrave: Bool { isLocal || self == .storeNotWritable }
}
