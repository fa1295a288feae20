/// The order in which hosts and addresses of one destination are tried in one attempt, and what their failures add up to.
///
/// RFC 5321 §5.1: lowest preference first, equals shuffled (MX-08). Security never reorders: a host that its policy rules
/// out counts as unreachable in its place (RFC 7672 §2.2.1, MX-10).
public struct DeliveryPlan: Sendable {
    /// One connection to be made.
    public struct Candidate: Hashable, Sendable {
        public let host: HostFacts
        public let address: IPAddress
        public let port: UInt16
        public internal(set) var requirement: TLSRequirement
        /// The address to connect from, by the operator's rule; nil is the daemon's own choice.
        public let source: IPAddress?
        /// The operator's rules that hold for the host, with the reason he gave, for the log; nil where none does.
        public let rule: String?
        /// What is evaluated beside the requirement.
        public let beside: Beside

        public init(
            host: HostFacts, address: IPAddress, port: UInt16, requirement: TLSRequirement, source: IPAddress? = nil,
            rule: String? = nil, beside: Beside = .nothing
        ) {
            self.source = source
            self.rule = rule
            self.beside = beside
            self.host = host
            self.address = address
            self.port = port
            self.requirement = requirement
        }
    }

    public enum Step: Hashable, Sendable {
        case connect(Candidate)
        /// The host is passed over; log it, and count the result type, once per attempt (D3). Its reason is noted already.
        case skip(HostFacts, Reason, [PolicyResult])

        /// Why the host is passed over; nil where it is not.
        public var skipReason: Reason? {
            if case .skip(_, let reason, _) = self { reason } else { nil }
        }
    }

    private var steps: ArraySlice<Step>
    private var failures = AttemptFailures()
    /// Whose step was taken last.
    private var current: MXHost?

    public init(_ decision: PolicyDecision, limits: PlanLimits, using generator: inout some RandomNumberGenerator) {
        let facts = decision.inputs.facts
        if let obstacle = facts.obstacle {
            failures.note(obstacle, isPermanent: nil)
            steps = []
            return
        }
        var steps: [Step] = []
        var left = limits.addresses
        let decided = Self.ordered(decision.hosts, using: &generator)
        var usableAfter = decided.filter { $0.decision.requirement != nil }.count
        for policy in decided {
            let host = policy.host
            switch policy.decision {
            case .skip(let reason, let results):
                steps.append(.skip(host, reason, results))
            case .use(let requirement):
                usableAfter -= 1
                let addresses = limits.interleaved(host.addresses.addresses)
                guard !addresses.isEmpty else {
                    // Our lack of a family, not the host's fault, and it may be cured by the operator.
                    let reason = Reason(.connectFailed, "\(host.host) has no address of a family this machine uses")
                    steps.append(.skip(host, reason, []))
                    continue
                }
                // RFC 5321 §5.1: at least two addresses of each (MX-08), so a host with many leaves room for the others.
                let share = max(PlanLimits.addressesPerHost, left - usableAfter * PlanLimits.addressesPerHost)
                let taken = addresses.prefix(min(share, left))
                if taken.isEmpty { failures.isCutShort = true }
                left -= taken.count
                let rule = policy.rule.inLog
                steps += taken.map {
                    .connect(
                        Candidate(
                            host: host, address: $0, port: facts.nextHop.port, requirement: requirement,
                            source: policy.rule.source(for: $0.family), rule: rule,
                            beside: Candidate.Beside(policy, demand: decision.inputs.demand)))
                }
            }
        }
        self.steps = steps[...]
    }

    /// The next step; nil at the end, then see ``failure``.
    public mutating func next() -> Step? {
        guard let step = steps.popFirst() else { return nil }
        switch step {
        case .connect(let candidate):
            current = candidate.host.host
        case .skip(let host, let reason, _):
            current = host.host
            failures.note(reason, isPermanent: nil, of: host.host)
        }
        return step
    }

    /// Notes why the candidate taken last came to nothing. `isPermanent` where the remote's reply decides (5yz), else nil.
    public mutating func note(_ reason: Reason, isPermanent: Bool? = nil) {
        failures.note(reason, isPermanent: isPermanent, of: current)
    }

    /// Drops what is left of `host`: its other addresses would say the same (an extension it lacks, a size limit).
    public mutating func passOver(_ host: MXHost) {
        steps.removeAll { step in
            if case .connect(let candidate) = step { candidate.host.host == host } else { false }
        }
    }

    /// Why the attempt as a whole failed, and whether trying again is pointless.
    public var failure: AttemptFailure { failures.summary }

    private static func ordered(
        _ hosts: [HostPolicy], using generator: inout some RandomNumberGenerator
    ) -> [HostPolicy] {
        let levels = Set(hosts.map(\.host.preference)).sorted()
        var ordered: [HostPolicy] = []
        for level in levels {
            ordered += hosts.filter { $0.host.preference == level }.shuffled(using: &generator)
        }
        return ordered
    }
}

/// Bounds and preferences of a ``DeliveryPlan``.
public struct PlanLimits: Hashable, Sendable {
    /// `delivery.host_limit`: addresses tried in one attempt.
    public var addresses: Int
    /// Families this machine can connect from.
    public var families: Set<AddressFamily>
    /// The family that worked last for this destination, tried first; without one IPv6.
    public var preferredFamily: AddressFamily?

    /// RFC 5321 §5.1: addresses of one host to be tried at the least.
    public static let addressesPerHost = 2

    public init(
        addresses: Int = 10, families: Set<AddressFamily> = [.ipv4, .ipv6], preferredFamily: AddressFamily? = nil
    ) {
        self.addresses = max(0, addresses)
        self.families = families
        self.preferredFamily = preferredFamily
    }

    /// The families taken in turn, each in the resolver's order, so that one broken family costs one connection.
    func interleaved(_ addresses: [IPAddress]) -> [IPAddress] {
        let first = preferredFamily ?? .ipv6
        let queues = [first, first.other].filter(families.contains).map { family in
            addresses.filter { $0.family == family }
        }
        let longest = queues.map(\.count).max() ?? 0
        return (0..<longest).flatMap { place in
            queues.compactMap { $0.indices.contains(place) ? $0[place] : nil }
        }
    }
}

extension PolicyDecision {
    /// What is to become of a connection that was planned by an earlier decision for the same message: the same host and
    /// address under today's requirement, or none where the host is not to be used any more.
    public func renewed(_ planned: DeliveryPlan.Candidate) -> DeliveryPlan.Step {
        guard let host = hosts.first(where: { $0.host.host == planned.host.host }) else {
            let why = inputs.facts.obstacle ?? Reason(.dnsTemporary, "\(planned.host.host) is no MX host any more")
            return .skip(planned.host, why, [])
        }
        switch host.decision {
        case .skip(let reason, let results):
            return .skip(host.host, reason, results)
        case .use(let requirement):
            return .connect(
                DeliveryPlan.Candidate(
                    host: host.host, address: planned.address, port: planned.port, requirement: requirement,
                    source: planned.source, rule: host.rule.inLog,
                    beside: DeliveryPlan.Candidate.Beside(host, demand: inputs.demand)))
        }
    }
}
