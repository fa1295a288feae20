/// How mail left, for the counts of `relayctl compliance`. The raw values are on disk: never changed, only added to.
public enum DeliveredLevel: Int, Hashable, Sendable, CaseIterable {
    case clear = 0
    /// TLS without proof of who the host is.
    case encrypted = 1
    /// MTA-STS, REQUIRETLS or a rule demanded a trusted certificate, and it was shown.
    case webPKI = 2
    case dane = 3
    /// DANE for a host known only through an insecure MX: never presented as `dane` (RFC 7672 §2.2.1).
    case daneHost = 4
    case fingerprint = 5

    /// The word of tables and JSON.
    public var word: String {
        switch self {
        case .clear: "clear"
        case .encrypted: "encrypted"
        case .webPKI: "sts"
        case .dane: "dane"
        case .daneHost: "dane-host"
        case .fingerprint: "fingerprint"
        }
    }

    /// How mail left by what a host proved. Without a session there is no level but clear, in one it is `encrypted` at least.
    public init(_ verified: VerifiedLevel?, overTLS: Bool) {
        guard overTLS else {
            self = .clear
            return
        }
        switch verified {
        case VerifiedLevel.none?, .encrypted?, nil: self = .encrypted
        case .webPKI?: self = .webPKI
        case .dane?: self = .dane
        case .daneHost?: self = .daneHost
        case .fingerprint?: self = .fingerprint
        }
    }
}

/// One message, or part of one, that was handed over: what is counted of a settlement.
public struct DeliveryCount: Hashable, Sendable {
    /// The recipients' domain, also where a route took them to a smarthost.
    public var destination: String
    /// The sender's domain; empty for the null reverse-path.
    public var sender: String
    public var level: DeliveredLevel
    public var recipients: Int

    public init(destination: String, sender: String, level: DeliveredLevel, recipients: Int) {
        self.destination = destination
        self.sender = sender
        self.level = level
        self.recipients = recipients
    }
}
