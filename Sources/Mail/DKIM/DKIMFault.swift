/// Why a signature, a key record or the terms of a signature are not as they must be.
public struct DKIMFault: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: Hashable, Sendable {
        /// The text breaks the grammar.
        case syntax
        /// The text can be read and says something that cannot be: a tag is missing, or its value is unknown.
        case unacceptable
        /// `rsa-sha1`, which proves nothing any more (RFC 8301 §3.1).
        case historicAlgorithm
    }

    public let kind: Kind
    /// One sentence without a full stop, safe for a log.
    public let words: String

    public init(_ kind: Kind, _ words: String) {
        self.kind = kind
        self.words = words
    }

    public var description: String { words }
}
