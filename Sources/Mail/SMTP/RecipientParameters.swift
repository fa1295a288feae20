/// What RCPT says besides the forward-path (RFC 5321 §4.1.1.3): the values of its parameters, read and found good.
public struct RecipientParameters: Hashable, Sendable {
    /// NOTIFY and ORCPT (RFC 3461 §4.1, §4.2).
    public var request: RecipientRequest

    public init(request: RecipientRequest = .none) {
        self.request = request
    }
}
