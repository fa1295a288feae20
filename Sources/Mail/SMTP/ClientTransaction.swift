/// One message for some recipients, as ``ClientSession`` needs it.
public struct ClientTransaction: Hashable, Sendable {
    public var reversePath: ReversePath
    public var recipients: [Mailbox]
    /// Octets of the content as it will leave, our `Received:` included, before dot-stuffing (RFC 1870 §3).
    public var size: Int
    /// The content has octets of 0x80 or above: they decide, not BODY= (D17).
    public var has8bit: Bool
    /// Decides what it means that a host demands TLS which could not be had (INT-16).
    public var demand: MessageDemand

    public init(
        reversePath: ReversePath, recipients: [Mailbox], size: Int, has8bit: Bool, demand: MessageDemand = .ordinary
    ) {
        self.reversePath = reversePath
        self.recipients = recipients
        self.size = size
        self.has8bit = has8bit
        self.demand = demand
    }
}

/// What one session says about one recipient.
public enum RecipientResult: Hashable, Sendable {
    /// Final for this attempt.
    case settled(Outcome)
    /// This host would not or could not; another host may. Deferred where there is none, except where the cause is permanent
    /// (``Reason/Cause/isPermanent``): 8BITMIME or REQUIRETLS missing at every host bounces (D17, D10).
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
