/// The header section of a message that may be signed, with its author's domain.
///
/// Header section and body part where ``HeaderSection`` parts them, which is where the content has its first empty line: what
/// is signed is what is sent (DKIM-13).
public struct DKIMSignable: Hashable, Sendable {
    public let header: HeaderSection
    /// As the From field writes it, so a U-label stays one: the caller makes a ``DomainName`` of it.
    public let authorDomain: String
    /// The domains of the DKIM-Signature fields that are there.
    public let signingDomains: Set<DomainName>

    /// Octets of the longest header section that is signed: a bound of ours, since it is held in memory.
    public static let headerLimit = 1_048_576
    /// Octets of the content that are needed to know all that there is to know.
    public static let readLimit = headerLimit + 2

    /// Reads the start of `content`: ``readLimit`` octets, or all of it where it is shorter. More does no harm.
    public init(reading content: [UInt8]) throws(DKIMUnsignable) {
        let start = content.count > Self.readLimit ? Array(content.prefix(Self.readLimit)) : content
        let header = HeaderSection(reading: start)
        guard header.end <= Self.headerLimit else { throw .headerTooLong }
        for field in header.fields where field.name.isEmpty {
            throw .noField(line: Self.line(at: field.range.lowerBound, in: start))
        }
        guard !header.fields.isEmpty else { throw .noFrom }
        guard start[..<header.end].suffix(2).elementsEqual("\r\n".utf8) else { throw .unfinishedHeader }
        let from = header.fields(named: "From")
        guard let field = from.first else { throw .noFrom }
        guard from.count == 1 else { throw .severalFrom(from.count) }
        authorDomain = try DKIMAuthor.domain(of: start[field.value])
        signingDomains = Set(
            header.fields(named: DKIMSignature.fieldName)
                .compactMap { DKIMSignature.signingDomain(of: start[$0.value]) })
        self.header = header
    }

    /// Where the body begins in the content: behind the empty line, or at its end where there is none.
    public var bodyOffset: Int { header.bodyOffset ?? header.end }

    /// A DKIM-Signature is there whose `d=` is `domain`, valid or not.
    public func isSigned(for domain: DomainName) -> Bool {
        signingDomains.contains(domain)
    }

    /// The number of the line that begins at `offset`, from 1.
    private static func line(at offset: Int, in content: [UInt8]) -> Int {
        1 + content[..<offset].count { $0 == ASCII.lineFeed }
    }
}

/// Why a message is not signed (DKIM-22).
public enum DKIMUnsignable: Error, Hashable, Sendable, CustomStringConvertible {
    /// There is no From field, or no header section.
    case noFrom
    /// So many From fields.
    case severalFrom(Int)
    /// The From field cannot be read, or names no address with a domain; what is wrong with it.
    case unreadableFrom(String)
    /// The addresses of the From field are of several domains; the first two.
    case severalDomains(String, String)
    /// The header section is longer than ``DKIMSignable/headerLimit``.
    case headerTooLong
    /// A line of the header section is no field; its number, from 1. Where such a line ends the header section for others,
    /// what follows it would be signed as header and read as body.
    case noField(line: Int)
    /// The content ends within a line of the header section.
    case unfinishedHeader

    /// One sentence without a full stop, safe for a log.
    public var words: String {
        switch self {
        case .noFrom: "there is no From field"
        case .severalFrom(let count): "there are \(count) From fields, and only one may be"
        case .unreadableFrom(let fault): "the From field cannot be read: \(fault)"
        case .severalDomains(let first, let second):
            "the addresses in From are of several domains: \(SafeText.string(first.utf8)) and "
                + SafeText.string(second.utf8)
        case .headerTooLong: "the header section is longer than \(DKIMSignable.headerLimit) octets"
        case .noField(let line): "line \(line) of the header section is no field"
        case .unfinishedHeader: "the content ends within the header section"
        }
    }

    public var description: String { words }
}
