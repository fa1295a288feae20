public import Mail

extension Configuration {
    /// One `[[rule]]` as it stands in the file: nil or empty is a key that is not there.
    ///
    /// A rule with ``nextHop`` says two things: where mail for ``destination`` goes, and with its other keys how the next
    /// hop is met. ``Configuration/ruleTable`` takes them apart.
    public struct WrittenRule: Sendable, Equatable {
        /// Next-hop domains the rule is for.
        public var destination: RulePattern?
        /// MX hosts the rule is for.
        public var mx: RulePattern?
        /// The operator's words, shown wherever the rule is.
        public var reason: String?
        /// nil is `enforce`.
        public var mode: RuleMode?

        public var level: TLSRequirement.Level?
        public var by: [HostRule.Proof] = []
        public var names: [DomainName] = []
        public var caFile: String?
        public var fingerprints: [Fingerprint] = []
        public var minimumVersion: TLSVersionFloor?
        public var clientCertificate: String?
        public var clientKey: String?
        public var sourceIPv4: IPAddress?
        public var sourceIPv6: IPAddress?
        public var requireTLS: Bool?
        public var tlsRequiredNo: OptionalTLSUse?
        public var dane: HostRule.Use?
        public var mtaSTS: HostRule.Use?

        public var nextHop: WrittenNextHop?
        public var implicitTLS: Bool?
        /// A file of mode 0600 with one line `user:password`.
        public var credentials: String?

        public init() {}
    }

    /// Whether a rule holds, or is only tried.
    public enum RuleMode: String, Sendable, CaseIterable { case enforce, observe }

    /// What a rule makes of `TLS-Required: No` (D15).
    public enum OptionalTLSUse: String, Sendable, CaseIterable { case honour, ignore }

    /// `next_hop` as it stands in the file.
    public struct WrittenNextHop: Sendable, Equatable {
        public var target: NextHop.Target
        /// nil: `delivery.port`, or 465 with `implicit_tls`.
        public var port: UInt16?

        public init(target: NextHop.Target, port: UInt16? = nil) {
            self.target = target
            self.port = port
        }
    }

    /// Submission over TLS from the first octet (RFC 8314 §7.3).
    public static let implicitTLSPort: UInt16 = 465
}
