public import Mail

/// TLS sessions to resume, each with the evidence of the full handshake it descends from (INT-06, TLS-10, DANE-47).
public final class SessionCache: Sendable {
    /// Peers remembered by default.
    public static let defaultLimit = 1000

    public init(limit: Int = SessionCache.defaultLimit) {}

    /// Peers remembered now.
    public var count: Int { 0 }
    public func removeAll() {}
}

/// Whom a session may be resumed with, until when, and where sessions are kept.
public struct Resumption: Sendable {
    /// - `policy`: what else decides, e.g. the MTA-STS policy id.
    /// - `expires`: min(TTL of the facts, lifetime); no session stored now is used at or after it.
    public init(
        cache: SessionCache, host: DomainName, address: IPAddress, port: UInt16, policy: String? = nil,
        now: ContinuousClock.Instant, expires: ContinuousClock.Instant
    ) {}
}
