/// One message for some recipients, as ``ClientSession`` needs it.
public struct ClientTransaction: Hashable, Sendable {
    public var reversePath: ReversePath
    public var recipients: [Envelope.Recipient]
    /// Octets of the content as it will leave, our `Received:` included, before dot-stuffing (RFC 1870 §3).
    public var size: Int
    /// The content has octets of 0x80 or above: they decide, not BODY= (D17).
    public var has8bit: Bool
    /// Decides what it means that a host demands TLS which could not be had (INT-16).
    public var demand: MessageDemand
    /// RET (RFC 3461 §4.3); nil where it was not given.
    public var returns: ReturnedContent?
    /// ENVID (RFC 3461 §4.4) in xtext exactly as it came; nil where it was not given.
    public var envelopeID: String?
    /// The header section of the content has octets of 0x80 or above, and the message came with SMTPUTF8 (RFC 6531 §3.4).
    public var needsUTF8Header: Bool

    public init(
        reversePath: ReversePath, recipients: [Envelope.Recipient], size: Int, has8bit: Bool,
        demand: MessageDemand = .ordinary, returns: ReturnedContent? = nil, envelopeID: String? = nil,
        needsUTF8Header: Bool = false
    ) {
        self.reversePath = reversePath
        self.recipients = recipients
        self.size = size
        self.has8bit = has8bit
        self.demand = demand
        self.returns = returns
        self.envelopeID = envelopeID
        self.needsUTF8Header = needsUTF8Header
    }

    /// No host without SMTPUTF8 may have it, whoever it is for (RFC 6531 §3.2).
    var needsUTF8: Bool {
        if needsUTF8Header { return true }
        switch reversePath {
        case .null: return false
        case .mailbox(let mailbox): return !mailbox.isASCII
        }
    }
}

/// What one session says about one recipient.
public enum RecipientResult: Hashable, Sendable {
    /// Final for this attempt.
    case settled(Outcome)
    /// This host would not or could not; another host may. Deferred where there is none, except where the cause is permanent
    /// (``Reason/Cause/isPermanent``): 8BITMIME, SMTPUTF8 or REQUIRETLS missing at every host bounces (D17, D10).
    case tryNextHost(Reason, Reply?)
    /// Too many recipients for one transaction (RFC 5321 §4.5.3.1.10): give it again, in the next one.
    case nextTransaction
}

/// How a session ended.
public struct SessionResult: Hashable, Sendable {
    /// One for each recipient of the transaction that was open; empty where none was.
    public var results: [RecipientResult]
    /// Why the host was given up; nil after an orderly QUIT.
    public var failure: Reason?
    /// The host's own words, where it had some.
    public var reply: Reply?

    public init(results: [RecipientResult] = [], failure: Reason? = nil, reply: Reply? = nil) {
        self.results = results
        self.failure = failure
        self.reply = reply
    }
}
