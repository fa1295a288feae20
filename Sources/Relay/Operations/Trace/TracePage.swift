/// Answer to `GET /v1/trace`: the lives of the messages that a key names.
public struct TracePage: Codable, Hashable, Sendable {
    public var matches: [LifeView]

    public init(matches: [LifeView]) {
        self.matches = matches
    }
}

/// The life of one message.
public struct LifeView: Codable, Hashable, Sendable {
    public var id: String

    public init(id: String) {
        self.id = id
    }
}
