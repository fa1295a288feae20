/// Who did how much lately: rates of each client and user, open connections, and failed logins.
///
/// Rates are token buckets: an account of its own size whatever the rate, with no edge of a window at which twice as much
/// passes at once. A bucket holds `count` and fills again evenly, so that who was idle has all of it at once, and in any
/// `seconds` at most twice `count`.
///
/// Time is given by the caller in milliseconds of one monotonic clock; a step back counts as no time. Each call takes
/// constant time, spread over the calls.
public struct ClientLedger: Sendable {
    /// Whom an account is of.
    public enum Key: Hashable, Sendable {
        /// A client over TCP: an IPv4 address, or all of an IPv6 /64 whichever address of it is given.
        case network(IPAddress)
        /// Who logged in, or tried to. Names that agree in their first ``ClientLedger/userLimit`` octets share an account.
        case user(String)
        /// All clients over Unix sockets.
        case local

        public init(_ peer: Peer) {
            switch peer {
            case .address(let address): self = .network(address)
            case .local: self = .local
            }
        }
    }

    /// What is spent.
    public enum Kind: Hashable, Sendable {
        case connection
        case message
        case recipients(Int)
    }

    /// Keys with an account at once. The least recently used one without open connections makes room.
    public static let keyLimit = 50_000
    /// Octets of a user's name that are kept: strangers choose the names they try.
    public static let userLimit = 255

    var accounts = AccountTable(limit: Self.keyLimit)

    public init() {}

    /// Keys with an account.
    public var count: Int { accounts.count }

    /// True where the limits allow it now; it is spent then, and nothing is otherwise. False too where each key there is room
    /// for has a connection open.
    public mutating func admits(_ kind: Kind, of key: Key, under limits: ClientLimits, at now: Int64) -> Bool {
        guard let (path, number, rate) = Self.spending(kind, limits) else { return true }
        if number <= 0 { return true }
        guard number <= rate.count, let index = accounts.use(Self.canonical(key), at: now) else { return false }
        return accounts[index][keyPath: path].spend(number, of: rate, at: now)
    }

    /// How much would be admitted now; nil: no limit. Nothing is spent.
    public func allowance(of key: Key, under limits: ClientLimits, at now: Int64) -> (messages: Int?, recipients: Int?)
    {
        let account = accounts.find(Self.canonical(key)).map { accounts[$0] }
        return (
            limits.messages.map { account?.messages.left(of: $0, at: now) ?? $0.count },
            limits.recipients.map { account?.recipients.left(of: $0, at: now) ?? $0.count }
        )
    }

    /// A connection opened. False, and it is not counted, where each key there is room for has one open.
    @discardableResult
    public mutating func opened(_ key: Key, at now: Int64) -> Bool {
        guard let index = accounts.use(Self.canonical(key), at: now) else { return false }
        accounts.open(index)
        return true
    }

    /// One that ``opened(_:at:)`` counted is closed.
    public mutating func closed(_ key: Key, at now: Int64) {
        guard let index = accounts.find(Self.canonical(key)) else { return }
        accounts.close(index)
    }

    public func openConnections(of key: Key) -> Int {
        accounts.find(Self.canonical(key)).map { accounts[$0].connectionsOpen } ?? 0
    }

    /// A login failed. Returns after how many milliseconds the reply may go out: see ``LoginDelay``.
    public mutating func failedLogin(of key: Key, at now: Int64) -> Int64 {
        guard let index = accounts.use(Self.canonical(key), at: now) else { return LoginDelay.longest }
        return accounts[index].logins.failed(at: now)
    }

    /// A login succeeded: failures are forgotten.
    public mutating func succeededLogin(of key: Key) {
        guard let index = accounts.find(Self.canonical(key)) else { return }
        accounts[index].logins = LoginDelay()
    }

    private static func spending(
        _ kind: Kind, _ limits: ClientLimits
    ) -> (WritableKeyPath<ClientAccount, TokenBucket>, Int, Rate)? {
        switch kind {
        case .connection: limits.connections.map { (\.connections, 1, $0) }
        case .message: limits.messages.map { (\.messages, 1, $0) }
        case .recipients(let number): limits.recipients.map { (\.recipients, number, $0) }
        }
    }

    /// One key for all that share an account.
    private static func canonical(_ key: Key) -> Key {
        switch key {
        case .network(let address):
            guard case .v6(let high, _) = address.unmapped else { return .network(address.unmapped) }
            return .network(.v6(high: high, low: 0))
        case .user(let name) where name.utf8.count > userLimit:
            return .user(String(decoding: name.utf8.prefix(userLimit), as: UTF8.self))
        case .user, .local:
            return key
        }
    }
}
