/// Why something of DKIM is not as it must be: one sentence without a full stop, safe for a log.
public struct DKIMFault: Error, Hashable, Sendable, CustomStringConvertible {
    public let words: String

    public init(_ words: String) {
        self.words = words
    }

    public var description: String { words }
}
