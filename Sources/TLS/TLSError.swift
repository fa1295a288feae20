/// What stopped a piece of TLS: OpenSSL's error queue, or the transport's errno, as a value.
///
/// A certificate that does not satisfy is no error but evidence, see ``TLSSession/handshake()``.
public struct TLSError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: Hashable, Sendable {
        /// OpenSSL failed on our side: memory, a setting it does not know, an internal error.
        case library
        /// The peer broke the protocol, offered nothing acceptable or sent an alert.
        case peer
        /// A system call failed; the errno.
        case transport(CInt)
        /// A PEM file cannot be used; its path.
        case file(String)
        /// What is demanded cannot be verified here. The only safe answer is not to connect.
        case requirement
        /// A verb was used in a state that forbids it: bytes before the handshake, or after a failure.
        case state
    }

    public let kind: Kind
    /// OpenSSL's packed error code, 0 where there is none.
    public let code: UInt
    /// One line for people.
    public let text: String

    public init(_ kind: Kind, code: UInt = 0, text: String) {
        self.kind = kind
        self.code = code
        self.text = text
    }

    public var description: String { text }
}
