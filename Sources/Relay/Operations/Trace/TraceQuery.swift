import Store

/// Which lives are asked for.
public struct TraceQuery: Hashable, Sendable {
    /// A queue id, a Message-ID with or without its angle brackets, or a mail address.
    public let key: String
    /// Matches, 1 to ``limitCeiling``.
    public let limit: Int

    public static let defaultLimit = 20
    public static let limitCeiling = 100

    /// Nil where `key` can be none of these, or `limit` is out of its range.
    public init?(key: String, limit: Int = TraceQuery.defaultLimit) {
        guard TraceKey(parsing: key) != nil, (1...Self.limitCeiling).contains(limit) else { return nil }
        self.key = key
        self.limit = limit
    }
}
