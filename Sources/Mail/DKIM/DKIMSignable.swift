/// The header section of a message that may be signed, with its author's domain.
public struct DKIMSignable: Hashable, Sendable {
    public let header: HeaderSection
    /// As the From field writes it, so a U-label stays one: the caller converts it to a ``DomainName``.
    public let authorDomain: String

    /// Octets of a header section that is signed; a named bound of ours, since the section is held in memory.
    public static let headerLimit = 1_048_576

    /// Reads the start of `content`: at least ``headerLimit`` + 1 octets, or all of it where it is shorter. The body that is
    /// hashed begins at ``bodyOffset``.
    public init(reading content: [UInt8]) throws(DKIMUnsignable) {
        throw .noFrom
    }

    /// Where the body begins in the content: behind the empty line, or at its end where there is none.
    public var bodyOffset: Int { header.bodyOffset ?? header.end }

    /// A DKIM-Signature is there whose `d=` is `domain`.
    public func isSigned(for domain: DomainName) -> Bool { false }
}

/// Why a message is not signed (DKIM-22).
public enum DKIMUnsignable: Error, Hashable, Sendable, CustomStringConvertible {
    case noFrom
    /// So many From fields.
    case severalFrom(Int)
    /// The From field names no address with a domain, or cannot be read.
    case unreadableFrom(String)
    /// Addresses of several domains in From.
    case severalDomains([String])
    /// The header section is longer than ``DKIMSignable/headerLimit``.
    case headerTooLong
    /// A line of the header section is no field; its number, from 1.
    case noField(line: Int)

    /// One sentence without a full stop, safe for a log.
    public var words: String { "" }
    public var description: String { words }
}
