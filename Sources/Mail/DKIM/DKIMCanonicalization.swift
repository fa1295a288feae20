/// How header and body are brought into the form that is hashed (RFC 6376 §3.4): the tag `c=`.
public struct DKIMCanonicalization: Hashable, Sendable, CustomStringConvertible {
    /// How much a relay on the way may change without harm.
    public enum Form: String, Hashable, Sendable, CaseIterable {
        case simple
        case relaxed
    }

    public let header: Form
    public let body: Form

    public init(header: Form, body: Form) {
        self.header = header
        self.body = body
    }

    /// `relaxed/relaxed`, what we sign with.
    public static let relaxed = DKIMCanonicalization(header: .relaxed, body: .relaxed)

    /// `relaxed/simple`: both halves always stand there (DKIM-12).
    public var description: String { "\(header.rawValue)/\(body.rawValue)" }
}
