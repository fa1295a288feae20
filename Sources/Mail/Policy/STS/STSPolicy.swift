/// An MTA-STS policy (RFC 8461 §3.2): what a domain publishes at `https://mta-sts.<domain>/.well-known/mta-sts.txt`.
public struct STSPolicy: Hashable, Sendable {
    /// RFC 8461 §5; JSON and the policy text spell them so.
    public enum Mode: String, Hashable, Sendable, CaseIterable {
        /// No delivery to a host that fails (RFC 8461 §5).
        case enforce
        /// The same checks; failures are recorded, and delivery goes on (STS-34).
        case testing
        /// No policy, though one was published (STS-27).
        case none
    }

    public let mode: Mode
    /// Seconds, capped at ``maxAgeLimit`` (D11).
    public let maxAge: Int64
    /// In the order of the text. Never empty unless the mode is `none` (STS-21).
    public let patterns: [MXPattern]

    /// Octets of a policy text (RFC 8461 §3.3 suggests 64 KB), counted on what was read (STS-14).
    public static let textLimit = 65_536
    /// Seconds: RFC 8461 §3.2, "maximum value of 31557600".
    public static let maxAgeLimit: Int64 = 31_557_600

    public init(mode: Mode, maxAge: Int64, patterns: [MXPattern]) {
        self.mode = mode
        self.maxAge = max(0, min(maxAge, Self.maxAgeLimit))
        self.patterns = patterns
    }

    /// The first pattern that matches the MX record's host name (RFC 8461 §4.1, STS-28); nil where none does.
    public func pattern(matching host: DomainName) -> MXPattern? {
        patterns.first { $0.matches(host) }
    }
}

/// Why a text is no MTA-STS policy.
public struct STSPolicyFault: Error, Hashable, Sendable {
    /// One sentence.
    public let message: String
    /// From 1; nil where the fault is of the whole (a key that is missing).
    public let line: Int?

    public init(_ message: String, line: Int? = nil) {
        self.message = message
        self.line = line
    }
}
