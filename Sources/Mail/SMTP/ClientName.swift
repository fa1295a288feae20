/// The argument of EHLO or HELO: what the client calls itself, or an address literal (RFC 5321 §4.1.1.1).
///
/// It is never checked against the client's address (RFC 5321 §4.1.4), so it may be of one label, and underscores are
/// let pass because Windows hosts send them. Nothing else that could break a header field gets in.
public struct ClientName: Hashable, Sendable, CustomStringConvertible {
    /// As the client wrote it.
    public let text: String

    /// RFC 5321 §4.5.3.1.2: octets of a domain.
    public static let lengthLimit = 255

    /// Nil unless `bytes` are letters, digits, `-`, `_` and `.` without an empty label, or an address literal of a known or
    /// unknown tag.
    public init?(parsing bytes: some Collection<UInt8>) {
        guard !bytes.isEmpty, bytes.count <= Self.lengthLimit else { return nil }
        if bytes.first == UInt8(ascii: "[") {
            guard (try? MailDomain(parsingLiteral: bytes)) != nil || Self.isGeneralLiteral(bytes) else { return nil }
        } else {
            var label = 0
            for byte in bytes {
                if byte == UInt8(ascii: ".") {
                    if label == 0 { return nil }
                    label = 0
                } else if ASCII.isAlphanumeric(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") {
                    label += 1
                } else {
                    return nil
                }
            }
        }
        text = String(decoding: bytes, as: UTF8.self)
    }

    public var description: String { text }

    // General-address-literal = Standardized-tag ":" 1*dcontent
    // dcontent = %d33-90 / %d94-126
    private static func isGeneralLiteral(_ bytes: some Collection<UInt8>) -> Bool {
        let inner = bytes.dropFirst().prefix(max(0, bytes.count - 2))
        let parts = inner.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
        guard Array(bytes).last == UInt8(ascii: "]"), parts.count == 2, let tag = parts.first, let content = parts.last,
            !tag.isEmpty, tag.allSatisfy({ ASCII.isAlphanumeric($0) || $0 == UInt8(ascii: "-") }),
            !ASCII.equalIgnoringCase(tag, "IPv6".utf8), !content.isEmpty
        else { return false }
        return content.allSatisfy { (33...90).contains($0) || (94...126).contains($0) }
    }
}
