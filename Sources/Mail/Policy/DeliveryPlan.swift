/// The order in which hosts and addresses of one destination are tried in one attempt, and what their failures add up to.
public struct DeliveryPlan: Sendable {
    /// One connection to be made.
    public struct Candidate: Hashable, Sendable {
        public let host: HostFacts
        public let address: IPAddress
        public let port: UInt16
        public let requirement: TLSRequirement

        public init(host: HostFacts, address: IPAddress, port: UInt16, requirement: TLSRequirement) {
            self.host = host
            self.address = address
            self.port = port
            self.requirement = requirement
        }
    }

    public enum Step: Hashable, Sendable {
        case connect(Candidate)
        /// The host is passed over; log it, and count the result type, once per attempt (D3). Its reason is noted already.
        case skip(HostFacts, Reason, ResultType?)
    }

    public init(
        facts: DestinationFacts, settings: PolicySettings, limits: PlanLimits,
        using generator: inout some RandomNumberGenerator
    ) {}

    /// The next step; nil at the end, then see ``failure``.
    public mutating func next() -> Step? { nil }

    /// Notes why the last candidate came to nothing. `isPermanent` where the remote's reply decides (5yz).
    public mutating func note(_ reason: Reason, isPermanent: Bool? = nil) {}

    /// Why the attempt as a whole failed, and whether trying again is pointless.
    public var failure: AttemptFailure { AttemptFailure(reason: Reason(.localFailure, ""), isPermanent: false) }
}

/// What an attempt that delivered nothing adds up to.
public struct AttemptFailure: Hashable, Sendable {
    public let reason: Reason
    /// Bounce now; else defer.
    public let isPermanent: Bool

    public init(reason: Reason, isPermanent: Bool) {
        self.reason = reason
        self.isPermanent = isPermanent
    }
}

/// Bounds and preferences of a ``DeliveryPlan``.
public struct PlanLimits: Hashable, Sendable {
    /// `delivery.host_limit`: addresses tried in one attempt.
    public var addresses: Int
    /// Families this machine can connect from.
    public var families: Set<AddressFamily>
    /// The family that worked last for this destination, tried first.
    public var preferredFamily: AddressFamily?

    public init(
        addresses: Int = 10, families: Set<AddressFamily> = [.ipv4, .ipv6], preferredFamily: AddressFamily? = nil
    ) {
        self.addresses = addresses
        self.families = families
        self.preferredFamily = preferredFamily
    }
}
