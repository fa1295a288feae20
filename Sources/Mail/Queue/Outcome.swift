/// What became of one recipient in one attempt. Log line, DSN, metric, report and `queue show` are renderings of this one
/// value: a failed or deferred mail is an outcome, not an error.
public enum Outcome: Hashable, Sendable {
    /// The remote server took it: its final reply.
    case delivered(Reply)
    /// Not now. The reply is the remote's, where it was the remote that said so.
    case deferred(Reason, Reply?)
    /// Never: the sender is told.
    case bounced(Reason, Reply?)
}

/// Why a recipient was deferred or bounced.
public struct Reason: Hashable, Sendable {
    public let cause: Cause
    /// One sentence with the names and numbers of the case; no line breaks, no message content.
    public let detail: String

    public init(_ cause: Cause, _ detail: String) {
        self.cause = cause
        self.detail = detail
    }

    /// The raw values are words of the log, the metrics and the store: never changed, only added to.
    public enum Cause: String, Hashable, Sendable, CaseIterable {
        // DNS and routing.
        case dnsTemporary = "dns-temp"
        case dnsBogus = "dns-bogus"
        case noSuchDomain = "no-such-domain"
        case nullMX = "null-mx"
        /// MX records exist, and none of their hosts has an address, for certain.
        case noHostAddress = "no-host-address"
        case loop = "loop"
        // Connections.
        case connectFailed = "connect-failed"
        case connectionLost = "connection-lost"
        case timedOut = "timed-out"
        case protocolError = "protocol-error"
        /// A connection, transaction or recipient the remote refused, in its own words.
        case remoteReply = "remote-reply"
        // TLS policy: deferrals of their own class, never a bounce before expiry (DANE-18).
        case tlsaLookupFailed = "tlsa-lookup-failed"
        case startTLSMissing = "starttls-missing"
        case tlsHandshakeFailed = "tls-handshake-failed"
        case daneMismatch = "dane-mismatch"
        /// The MX host is not in the MTA-STS policy's list (RFC 8461 §4.1).
        case stsMXMismatch = "sts-mx-mismatch"
        /// The certificate does not pass the check against public trust anchors (RFC 8461 §4.2).
        case certificateInvalid = "certificate-invalid"
        case fingerprintMismatch = "fingerprint-mismatch"
        /// The operator's rule demands DANE, and the host cannot be checked so (DANE-21).
        case daneRequired = "dane-required"
        /// The operator's rule demands an MTA-STS policy in force, and there is none.
        case stsRequired = "sts-required"
        /// A policy whose answer is not known must be known first: REQUIRETLS, or a damaged cache.
        case policyUnknown = "policy-unknown"
        /// The host was authenticated and does not offer REQUIRETLS (RFC 8689 §4.2.1).
        case requireTLSUnsupported = "requiretls-unsupported"
        /// REQUIRETLS, and neither DNSSEC nor MTA-STS vouches for the MX name (RFC 8689 §4.2.1).
        case requireTLSUnvalidated = "requiretls-unvalidated"
        /// The host demands TLS and none could be had, for mail that may do without (RFC 8689 §4.2.2).
        case hostDemandsTLS = "host-demands-tls"
        /// The smarthost does not take our name and password, or offers no way to show them.
        case authFailed = "auth-failed"
        // The message and the host do not fit.
        case eightBitUnsupported = "8bit-unsupported"
        /// Address or header holds UTF-8, and the host does not offer SMTPUTF8 (RFC 6531 §3.2).
        case utf8Unsupported = "utf8-unsupported"
        case sizeExceeded = "size-exceeded"
        // Signatures.
        /// A key that is to sign is not published as it should be (DKIM-23).
        case dkimUnpublished = "dkim-key-unpublished"
        /// The message cannot be signed, and the operator wants no unsigned mail (DKIM-22).
        case dkimUnsignable = "dkim-unsignable"
        // Ours.
        case expired = "expired"
        case shutdown = "shutdown"
        case contentDamaged = "content-damaged"
        case localFailure = "local-failure"
        // The operator's orders.
        /// `relayctl queue bounce`.
        case operatorBounced = "bounced-by-operator"
        /// The destination is suspended: said of mail that waits for it, never the result of an attempt.
        case suspended = "suspended"
    }
}
