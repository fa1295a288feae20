/// The client before the one that speaks to us, as an MTA of the operator's states it by XFORWARD. Logs and traces show it;
/// nothing is decided by it.
public struct ForwardedClient: Hashable, Sendable {
    /// Nil: not stated, or `[UNAVAILABLE]`.
    public var name: String?
    public var address: String?
    public var port: String?
    public var proto: String?
    public var helo: String?
    public var ident: String?
    public var source: String?

    public init(
        name: String? = nil, address: String? = nil, port: String? = nil, proto: String? = nil, helo: String? = nil,
        ident: String? = nil, source: String? = nil
    ) {
        self.name = name
        self.address = address
        self.port = port
        self.proto = proto
        self.helo = helo
        self.ident = ident
        self.source = source
    }
}
