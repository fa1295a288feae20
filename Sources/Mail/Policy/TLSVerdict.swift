/// What follows from what a host showed, compared with what it must show.
public enum TLSVerdict: Hashable, Sendable {
    /// Go on with this session at this level. The result type is set where TLS-RPT counts a failure although mail goes
    /// out (`tlsa-invalid`, D3).
    case proceed(VerifiedLevel, ResultType?)
    /// Cleartext is allowed, and is the way on. The reason is for the log.
    case fallBack(CleartextPath, ResultType?, Reason)
    /// No byte of the envelope to this address now: QUIT, next address or host.
    case refuse(Reason, ResultType?)

    /// How to go on in clear.
    public enum CleartextPath: Hashable, Sendable {
        /// In this connection: STARTTLS is absent or was refused.
        case inThisConnection
        /// Connect to the same address again and do not send STARTTLS: this connection is spoilt by a failed handshake.
        case reconnectWithoutTLS
    }

    public static func compare(
        _ requirement: TLSRequirement, _ evidence: PeerEvidence, fallback: OpportunisticFallback, attempt: AttemptState
    ) -> TLSVerdict {
        .refuse(Reason(.localFailure, ""), nil)
    }
}

/// How far the peer was verified: the word of the log (TLS-15).
public enum VerifiedLevel: String, Hashable, Sendable, CaseIterable {
    case none
    case encrypted
    case dane
    /// DANE for a host known only through an insecure MX: never shown as `dane` (RFC 7672 §2.2.1).
    case daneHost = "dane-host"
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
