/// The service extensions a server announced in its latest EHLO reply (RFC 5321 §2.2). Empty after HELO.
public struct ServiceExtensions: Hashable, Sendable {
    /// SIZE (RFC 1870 §4).
    public enum Size: Hashable, Sendable {
        case unlimited
        /// Octets.
        case limit(Int)
    }

    public var pipelining = false
    public var size: Size?
    public var eightBitMIME = false
    public var startTLS = false
    public var smtpUTF8 = false
    public var dsn = false
    public var chunking = false
    public var enhancedStatusCodes = false
    public var requireTLS = false
    /// RCPTMAX, MAILMAX and RCPTDOMAINMAX of LIMITS (RFC 9422 §3).
    public var recipientLimit: Int?
    public var transactionLimit: Int?
    public var recipientDomainLimit: Int?

    public init() {}

    /// Reads a positive reply to EHLO. What cannot be read is ignored (RFC 9422 §3.6).
    public init(reply: Reply) {
    }
}
