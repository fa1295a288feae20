/// What the server side knows when a transaction's content begins: the envelope, and all that goes into `Received:`.
public struct Transaction: Hashable, Sendable {
    public var envelope: Envelope
    /// The SIZE parameter of MAIL in octets (RFC 1870 §6.1), where it was given.
    public var declaredSize: Int?
    /// MAIL carried REQUIRETLS (RFC 8689 §2).
    public var requiresTLS: Bool
    public var origin: Origin

    public init(envelope: Envelope, declaredSize: Int? = nil, requiresTLS: Bool = false, origin: Origin) {
        self.envelope = envelope
        self.declaredSize = declaredSize
        self.requiresTLS = requiresTLS
        self.origin = origin
    }
}

/// Where a message came from, as `Received:` tells it.
public struct Origin: Hashable, Sendable {
    /// The argument of EHLO or HELO.
    public var clientName: ClientName
    public var address: IPAddress
    /// False after HELO.
    public var extended: Bool
    /// Set inside TLS.
    public var tls: TLSSessionFacts?

    public init(clientName: ClientName, address: IPAddress, extended: Bool, tls: TLSSessionFacts? = nil) {
        self.clientName = clientName
        self.address = address
        self.extended = extended
        self.tls = tls
    }
}
