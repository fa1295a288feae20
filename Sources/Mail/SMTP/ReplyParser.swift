/// Makes replies of octets as they come from a server (RFC 5321 §4.2).
public struct ReplyParser: Sendable {
    /// Octets of one line with its end; four times what RFC 5321 §4.5.3.1.5 allows, because hosts exceed it.
    public static let lineLimit = 2048
    /// Lines of one reply.
    public static let lineCountLimit = 100
    /// Octets of one reply.
    public static let replyLimit = 32 * 1024

    private var buffer: [UInt8] = []

    public init() {}

    /// Octets read but not yet part of a reply that was handed out: what lies behind a 220 to STARTTLS (RFC 3207 §6).
    public var pendingBytes: Int { buffer.count }

    /// Adds octets from the connection.
    public mutating func append(_ bytes: some Sequence<UInt8>) {
        buffer.append(contentsOf: bytes)
    }

    /// The next complete reply; nil means more octets are needed. After a throw the connection is of no use.
    public mutating func next() throws(ReplyError) -> Reply? {
        nil
    }
}

/// Why octets are no reply.
public enum ReplyError: Error, Hashable, Sendable {
    /// No three digits, or something else than a blank, a hyphen or the end behind them.
    case malformedLine
    /// The first digit is none of 2 to 5 (RFC 5321 §4.2.1).
    case unknownClass
    /// The lines of one reply differ in their code (RFC 5321 §4.2.1).
    case codeChanged
    case lineTooLong
    case tooManyLines
    case tooLong
}
