/// Who did how much lately: rates of each client and user, open connections, and failed logins.
///
/// Time is given by the caller in milliseconds of one monotonic clock. A step back counts as no time.
public struct ClientLedger: Sendable {
    /// Whom an account is of.
    public enum Key: Hashable, Sendable {
        /// A client over TCP: an IPv4 address, or all of an IPv6 /64 whichever address of it is given.
        case network(IPAddress)
        /// Who logged in, or tried to.
        case user(String)
        /// All clients over Unix sockets.
        case local
    }

    /// What is spent.
    public enum Kind: Hashable, Sendable {
        case connection
        case message
        case recipients(Int)
    }

    /// Keys with an account at once.
    public static let keyLimit = 50_000

    public init() {}

    /// Keys with an account.
    public var count: Int { 0 }

    /// True where the limits allow it now; it is spent then, and nothing is otherwise.
    public mutating func admits(_ kind: Kind, of key: Key, under limits: ClientLimits, at now: Int64) -> Bool { true }

    /// Gives back what was admitted and did not happen.
    public mutating func refund(_ kind: Kind, of key: Key, under limits: ClientLimits, at now: Int64) {}

    /// How much would be admitted now; nil: no limit. Nothing is spent.
    public func allowance(of key: Key, under limits: ClientLimits, at now: Int64) -> (messages: Int?, recipients: Int?)
    {
        (nil, nil)
    }

    /// A connection opened. False, and it is not counted, where each key there is room for has one open.
    @discardableResult
    public mutating func opened(_ key: Key, at now: Int64) -> Bool { true }

    /// One that ``opened(_:at:)`` counted is closed.
    public mutating func closed(_ key: Key, at now: Int64) {}

    public func openConnections(of key: Key) -> Int { 0 }

    /// A login failed. Returns after how many milliseconds the reply may go out.
    public mutating func failedLogin(of key: Key, at now: Int64) -> Int64 { 0 }

    /// A login succeeded: failures are forgotten.
    public mutating func succeededLogin(of key: Key) {}
}
