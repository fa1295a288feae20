/// What the server side knows when a transaction's content begins: the envelope, and all that goes into `Received:`.
public struct Transaction: Hashable, Sendable {
    public var envelope: Envelope
    /// The SIZE parameter of MAIL in octets (RFC 1870 §6.1), where it was given.
    public var declaredSize: Int?
    /// MAIL carried REQUIRETLS (RFC 8689 §2).
    public var requiresTLS: Bool
    public var origin: Origin
    /// A chunk of its content came (RFC 3030 §2): no other way of sending it is left, and no other recipient.
    public var hasContent = false
    /// Octets of its chunks, the one under way included.
    var chunkedSize = 0

    public init(envelope: Envelope, declaredSize: Int? = nil, requiresTLS: Bool = false, origin: Origin) {
        self.envelope = envelope
        self.declaredSize = declaredSize
        self.requiresTLS = requiresTLS
        self.origin = origin
    }
}

/// The command a client opens its session with.
public enum ClientGreeting: Hashable, Sendable {
    case helo
    case ehlo
    /// LMTP (RFC 2033 §4.1).
    case lhlo
}

/// Where a message came from, as `Received:` tells it.
public struct Origin: Hashable, Sendable {
    /// The argument of EHLO, HELO or LHLO.
    public var clientName: ClientName
    public var peer: Peer
    /// By which of them the client opened.
    public var greeting: ClientGreeting
    /// Set inside TLS.
    public var tls: TLSSessionFacts?
    /// Who logged in (RFC 4954); nil where nobody did.
    public var user: String?
    /// MAIL carried SMTPUTF8 (RFC 6531 §4.3).
    public var isInternationalized: Bool
    /// Of XFORWARD.
    public var forwarded: ForwardedClient?

    public init(
        clientName: ClientName, peer: Peer, greeting: ClientGreeting = .ehlo, tls: TLSSessionFacts? = nil,
        user: String? = nil, isInternationalized: Bool = false, forwarded: ForwardedClient? = nil
    ) {
        self.clientName = clientName
        self.peer = peer
        self.greeting = greeting
        self.tls = tls
        self.user = user
        self.isInternationalized = isInternationalized
        self.forwarded = forwarded
    }
}
