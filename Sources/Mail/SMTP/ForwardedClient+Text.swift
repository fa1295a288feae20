extension ForwardedClient {
    /// The line of the EHLO reply: the command and the attributes we read.
    public static let keywords = "XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE"
    /// Octets of an attribute's value, decoded (Postfix's XFORWARD_README, note 1).
    public static let valueLimit = 255
    /// Octets of PROTO (the same, of PROTO).
    public static let protocolLimit = 64

    /// Why an argument of XFORWARD is refused: 501 5.5.4 in each case.
    public enum Fault: Error, Hashable, Sendable {
        case noAttribute
        case noValue
        case unknownAttribute
        case valueTooLong
        case badValue

        /// For the reply.
        public var words: String { "" }
    }

    /// What one XFORWARD command says, in order: each attribute with its new value, nil where it is unavailable.
    public struct Changes: Hashable, Sendable {
        /// Reads the argument of the command: `NAME=value` one or more times, with blanks between.
        public init(parsing argument: some Collection<UInt8>) throws(Fault) {
        }
    }

    /// Attributes that the command does not name keep their values.
    public mutating func apply(_ changes: Changes) {}

    /// Reads a command's argument and applies it; where it is refused, nothing changes.
    public mutating func apply(argument: some Collection<UInt8>) throws(Fault) {
        apply(try Changes(parsing: argument))
    }

    /// For the store and the log: the attributes that are known, as an argument of XFORWARD in ASCII; empty without any.
    public var text: String { "" }

    /// Reads ``text``.
    public init?(text: some StringProtocol) {
        return nil
    }
}
