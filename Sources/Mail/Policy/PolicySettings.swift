/// The operator's part in the decision.
public struct PolicySettings: Hashable, Sendable {
    /// `dane.insecure_mx`: DANE for hosts known only through an insecure MX (RFC 7672 §2.2.1, D1).
    public var daneForInsecureMX: Bool
    /// `dane.digests`, strongest first (DANE-44).
    public var digestOrder: DigestOrder
    /// `[[rule]]`
    public var rules: RuleTable
    /// `tls.minimum_level`: holds for every destination, unless a rule says otherwise.
    public var minimumLevel: TLSRequirement.Level
    /// `tls.minimum_version`: wherever TLS is demanded, unless a rule says otherwise.
    public var minimumVersion: TLSVersionFloor
    /// `tls.opportunistic_minimum_version`: where nothing demands TLS, unless a rule says otherwise (D14).
    public var opportunisticMinimumVersion: TLSVersionFloor
    /// `tls.ca_file`
    public var trust: TrustStore
    /// `dane.when_both`: is WebPKI demanded too where DANE authenticates the host (D1)?
    public var demandsBoth: Bool
    /// `sts.testing_validates_requiretls`: may a policy in mode `testing` vouch for an MX name (D9)?
    public var testingValidatesRequireTLS: Bool

    public init(
        daneForInsecureMX: Bool = true, digestOrder: DigestOrder = .standard, rules: RuleTable = RuleTable(),
        minimumLevel: TLSRequirement.Level = .opportunistic, minimumVersion: TLSVersionFloor = .tls12,
        opportunisticMinimumVersion: TLSVersionFloor = .tls12, trust: TrustStore = .system, demandsBoth: Bool = false,
        testingValidatesRequireTLS: Bool = false
    ) {
        self.daneForInsecureMX = daneForInsecureMX
        self.digestOrder = digestOrder
        self.rules = rules
        self.minimumLevel = minimumLevel
        self.minimumVersion = minimumVersion
        self.opportunisticMinimumVersion = opportunisticMinimumVersion
        self.trust = trust
        self.demandsBoth = demandsBoth
        self.testingValidatesRequireTLS = testingValidatesRequireTLS
    }
}

/// All that a decision stands on. Two equal inputs give two equal decisions: there is nothing else (invariant 3).
public struct PolicyInputs: Hashable, Sendable {
    public let facts: DestinationFacts
    public let sts: STSFacts
    public let demand: MessageDemand
    public let settings: PolicySettings
    /// The operator's exception for the next-hop domain, if one holds now.
    public let exception: PolicyException?

    public init(
        facts: DestinationFacts, sts: STSFacts = .notApplicable, demand: MessageDemand = .ordinary,
        settings: PolicySettings, exception: PolicyException? = nil
    ) {
        self.facts = facts
        self.sts = sts
        self.demand = demand
        self.settings = settings
        self.exception = exception
    }
}

/// What follows for each host of one next hop, with all it follows from.
public struct PolicyDecision: Hashable, Sendable {
    public let inputs: PolicyInputs
    /// In the order of the facts.
    public let hosts: [HostPolicy]

    public init(_ inputs: PolicyInputs) {
        self.inputs = inputs
        hosts = inputs.facts.hosts.map { HostPolicy(for: $0, in: inputs) }
    }
}
