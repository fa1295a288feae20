/// What ``RouteSearch`` must know of this machine and its operator's wishes.
public struct RouteSettings: Hashable, Sendable {
    /// Names under which this machine takes mail: an MX host of this name is ourselves (MX-09).
    public var ourNames: Set<DomainName>
    /// Public addresses of this machine, those behind NAT too.
    public var ourAddresses: Set<IPAddress>
    /// May an MX host be a loopback address? For test networks (`delivery.loopback`).
    public var loopbackAllowed: Bool
    /// Is DANE asked about for hosts known only through an insecure MX (`dane.insecure_mx`, DANE-19)?
    public var daneForInsecureMX: Bool

    public init(
        ourNames: Set<DomainName> = [], ourAddresses: Set<IPAddress> = [], loopbackAllowed: Bool = false,
        daneForInsecureMX: Bool = true
    ) {
        self.ourNames = ourNames
        self.ourAddresses = ourAddresses
        self.loopbackAllowed = loopbackAllowed
        self.daneForInsecureMX = daneForInsecureMX
    }
}
