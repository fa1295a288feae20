/// What the operator decided for one host of one destination: the keys of all `[[rule]]` tables that match, the most
/// specific first. A key that nobody set is nil.
public struct HostRule: Hashable, Sendable {
    /// The demand on TLS: these keys belong together and come from one rule.
    public var demand: Demand?
    public var minimumVersion: TLSVersionFloor?
    public var clientIdentity: ClientIdentity?
    public var sourceIPv4: IPAddress?
    public var sourceIPv6: IPAddress?
    /// `requiretls`: all mail there is sent as if it came with REQUIRETLS.
    public var requireTLS: Bool?
    /// `tls_required_no`: may `TLS-Required: No` lower what this rule demands? (D15: by default not.)
    public var honoursOptionalTLS: Bool?
    public var dane: Use?
    public var mtaSTS: Use?
    /// The rules this came of, for explanations: `rule "example.org"`. Empty where none matched.
    public var labels: [String]
    /// The operator's own words (`reason`), of the most specific rule that has them.
    public var words: String?

    public struct Demand: Hashable, Sendable {
        /// The minimum; a domain's own policy may raise it, never lower it.
        public var level: TLSRequirement.Level
        /// Ways to be authenticated, any one of which will do; empty below level `authenticated`.
        public var proofs: [Proof]
        /// For `pkix`: names of which the certificate must hold one; empty is the MX host's own name.
        public var names: [DomainName]
        /// For `pkix`; nil is `tls.ca_file`.
        public var trust: TrustStore?
        public var fingerprints: [Fingerprint]
        /// `rule "example.org"`, for explanations.
        public var label: String

        public init(
            level: TLSRequirement.Level, proofs: [Proof] = [], names: [DomainName] = [], trust: TrustStore? = nil,
            fingerprints: [Fingerprint] = [], label: String
        ) {
            self.level = level
            self.proofs = proofs
            self.names = names
            self.trust = trust
            self.fingerprints = fingerprints
            self.label = label
        }
    }

    /// `by`, as the configuration spells it.
    public enum Proof: String, Hashable, Sendable, CaseIterable {
        case dane
        case mtaSTS = "mta-sts"
        case pkix
        case fingerprint
    }

    /// What is made of a mechanism (DANE-22).
    public enum Use: String, Hashable, Sendable, CaseIterable {
        case on
        case off
        /// Looked up, checked and recorded, never demanded.
        case observe
    }

    public init(labels: [String] = []) { self.labels = labels }
}
