/// What the reader learnt about one message's content while it went by.
public struct ContentFacts: Hashable, Sendable {
    /// Octets after unstuffing, with the last CRLF and without the final dot (RFC 1870 §3), even those past the limit.
    public var size: Int = 0
    /// True once `size` passed the limit given to the reader: what was emitted is not the whole.
    public var exceedsLimit = false
    /// The line, from 1, of the first CR without LF or LF without CR (RFC 5321 §2.3.8).
    public var bareLineEnd: Int?
    /// The line, from 1, of the first line of more than 998 octets (RFC 5322 §2.1.1).
    public var longLine: Int?
    /// An octet of 0x80 or above was seen.
    public var has8bit = false
    /// Fields of the header section named `Received`, in any case. Valid once that section or the content has ended.
    public var receivedCount = 0
    /// What the header section says by `TLS-Required` (RFC 8689 §3). Valid likewise.
    public var tlsRequired = TLSRequiredField.absent
    /// The header section is that of a TLS-RPT report (RFC 8460 §5.3). Valid likewise.
    public var isTLSReport = false
    /// An octet of 0x80 or above was seen in the header section: only SMTPUTF8 carries it (RFC 6532 §3). Valid likewise.
    public var headerHas8bit = false
    /// The header section has a field named `Date`, in any case; likewise the two below. Valid likewise.
    public var hasDate = false
    public var hasMessageID = false
    /// The body of the first `Message-ID` of at most 255 octets, as written; nil where there is none. Valid likewise.
    public var messageID: String?
    public var hasFrom = false
    /// Octets of the header section, without the empty line behind it. Valid likewise.
    public var headerSize = 0
    /// The content is empty, or its last line ends with CRLF: always so for DATA. Valid once the content has ended.
    public var endsWithLineEnd = true
    /// The header section has ended, with an empty line or with the content: what is said of it above is valid.
    public var headerHasEnded = false
    /// Where the body starts: the octet behind the empty line; nil where there was no empty line.
    public var bodyOffset: Int?

    public init() {}
}
