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
    /// It is of a rule for everybody (`destination = "*"` alone), and demands something.
    private var isForEverybody = false
    /// The rules this came of, for explanations: `rule "example.org"`. Empty where none matched.
    public var labels: [String]
    /// Those of ``labels`` that are in mode `observe`.
    var observedLabels: [String] = []
    /// The operator's own words (`reason`), of the most specific rule that has them.
    public var words: String?
    /// Rules for the host alone of which something was set aside: nobody vouches for the host's name.
    public internal(set) var setAside: [Origin] = []
    /// Which rule set a value, where several came together.
    private var origins = Origins()

    /// A value that explanations speak of.
    public enum Key: Hashable, Sendable, CaseIterable {
        case demand, minimumVersion, requireTLS, honoursOptionalTLS, dane, mtaSTS
    }

    /// One rule, for explanations.
    public struct Origin: Hashable, Sendable, CustomStringConvertible {
        /// `rule "example.org"`
        public let label: String
        /// The operator's own words, of this very rule.
        public let words: String?

        public init(label: String, words: String? = nil) {
            self.label = label
            self.words = words
        }

        /// `rule "example.org" (their gateway is broken)`
        public var description: String { label + (words.map { " (\($0))" } ?? "") }
    }

    /// One for each ``Key``; nil where nobody set it, or the one rule there is.
    private struct Origins: Hashable, Sendable {
        var demand: Origin?
        var minimumVersion: Origin?
        var requireTLS: Origin?
        var honoursOptionalTLS: Origin?
        var dane: Origin?
        var mtaSTS: Origin?

        subscript(key: Key) -> Origin? {
            switch key {
            case .demand: demand
            case .minimumVersion: minimumVersion
            case .requireTLS: requireTLS
            case .honoursOptionalTLS: honoursOptionalTLS
            case .dane: dane
            case .mtaSTS: mtaSTS
            }
        }
    }

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

    /// What the rules are for and the most specific one's reason, for the log, where the key says that they are rules and the value has
    /// quotes already: `example.org mx mx.example.net, * (their CA is private)`.
    public var inLog: String? {
        if labels.isEmpty { return nil }
        let names = labels.map { label in
            (label.hasPrefix(Self.labelPrefix) ? label.dropFirst(Self.labelPrefix.count) : label[...]).filter {
                $0 != "\""
            }
        }
        return names.joined(separator: ", ") + (words.map { " (\($0))" } ?? "")
    }

    /// What a label begins with: `rule "example.org"`.
    private static let labelPrefix = "rule "

    /// The values alone, for comparison.
    var withoutOrigins: HostRule {
        var rule = self
        rule.origins = Origins()
        rule.isForEverybody = false
        rule.setAside = []
        return rule
    }

    /// The rule that set the value of `key`, with that rule's own words: never one rule's name beside another's reason.
    public func origin(of key: Key) -> Origin {
        origins[key] ?? ownOrigin
    }

    private var ownOrigin: Origin { Origin(label: labels.first ?? "the configuration", words: words) }

    /// The same, of a rule for everybody: it names no domain and no host.
    var ofEverybody: HostRule {
        var rule = self
        rule.isForEverybody = demand != nil || requireTLS != nil
        return rule
    }

    /// What one rule, not yet merged with others, says to our own TLS-RPT reports: they must reach domains whose TLS is broken
    /// (RFC 8460 §3), and yield only to a demand of the operator that names the domain or the host (D15).
    var forReports: HostRule {
        guard isForEverybody else { return self }
        var rule = self
        rule.demand = nil
        rule.requireTLS = nil
        return rule
    }

    /// Takes from a less specific rule what is not said yet.
    mutating func fill(from other: HostRule) {
        // As it is before other words come in.
        let own = ownOrigin
        Self.take(&demand, other.demand, &origins.demand, own, other.origin(of: .demand))
        Self.take(
            &minimumVersion, other.minimumVersion, &origins.minimumVersion, own, other.origin(of: .minimumVersion))
        Self.take(&requireTLS, other.requireTLS, &origins.requireTLS, own, other.origin(of: .requireTLS))
        Self.take(
            &honoursOptionalTLS, other.honoursOptionalTLS, &origins.honoursOptionalTLS, own,
            other.origin(of: .honoursOptionalTLS))
        Self.take(&dane, other.dane, &origins.dane, own, other.origin(of: .dane))
        Self.take(&mtaSTS, other.mtaSTS, &origins.mtaSTS, own, other.origin(of: .mtaSTS))
        clientIdentity = clientIdentity ?? other.clientIdentity
        sourceIPv4 = sourceIPv4 ?? other.sourceIPv4
        sourceIPv6 = sourceIPv6 ?? other.sourceIPv6
        words = words ?? other.words
        labels += other.labels
        observedLabels += other.observedLabels
    }

    private static func take<Value>(
        _ mine: inout Value?, _ theirs: Value?, _ origin: inout Origin?, _ own: Origin,
        _ others: @autoclosure () -> Origin
    ) {
        if mine != nil {
            origin = origin ?? own
        } else if let theirs {
            mine = theirs
            origin = others()
        }
    }
}
