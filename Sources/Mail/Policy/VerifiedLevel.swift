/// How far the peer was verified: the word of the log (TLS-15).
public enum VerifiedLevel: String, Hashable, Sendable, CaseIterable {
    case none
    case encrypted
    case dane
    /// DANE for a host known only through an insecure MX: never shown as `dane` (RFC 7672 §2.2.1).
    case daneHost = "dane-host"
    /// By a certificate that public trust anchors vouch for: MTA-STS, REQUIRETLS or a rule demanded it.
    case webPKI = "webpki"
    /// By a certificate or key that the operator's rule names.
    case fingerprint
}

/// `tls.opportunistic_fallback` (D18): what a failed handshake leads to where nothing demands TLS.
public enum OpportunisticFallback: String, Hashable, Sendable, CaseIterable {
    /// Try all hosts, defer, and from the second attempt on make one clear connection.
    case afterRetry = "after-retry"
    case immediately
    case never
}

/// Where a delivery attempt stands, as far as ``OpportunisticFallback`` asks.
public struct AttemptState: Hashable, Sendable {
    /// 1 for the first attempt to deliver this message to this destination.
    public var number: Int
    /// Clear connections made in this attempt because of a failed handshake.
    public var clearConnections: Int

    public init(number: Int, clearConnections: Int = 0) {
        self.number = number
        self.clearConnections = clearConnections
    }
}
