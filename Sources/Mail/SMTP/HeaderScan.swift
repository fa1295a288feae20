/// Follows the header section of content that goes by, octet by octet, for the fields an intake must know of: it counts
/// `Received`, reads `TLS-Required` (RFC 8689 §3), says which ``KnownField``s there are, and keeps the first `Message-ID`. Of
/// all others it keeps no octet, however long a field is.
struct HeaderScan {
    private(set) var receivedCount = 0
    private(set) var tlsRequired = TLSRequiredField.absent
    /// The body of the first `Message-ID`, without blanks around it; empty where it is too long or holds what no one may have.
    private(set) var messageID: [UInt8] = []
    private var keepsMessageID = false
    private var seen: KnownField.Mask = 0
    private let names = KnownField.Table.shared

    /// The rest of this line is of no interest.
    private(set) var isLineDone = false
    private var place = Place.lineStart
    /// Of the `TLS-Required` field under way, over all of its lines.
    private var value: Value?

    /// Octets of a `Message-ID` that are kept: longer ones are not (RFC 5322 §2.1.1 would allow 998).
    static let messageIDLimit = 255

    private enum Place {
        case lineStart
        case name(KnownField.Match)
        /// Behind a whole name and a blank: more may stand before the colon (RFC 5322 §4.5.8).
        case blank(KnownField)
        case value
    }

    // requiretls-field = "TLS-Required:" [FWS] "No" CRLF
    private enum Value {
        case blank
        case n
        case no
        case other
    }

    /// Takes one octet of a line's text, as long as ``isLineDone`` is false.
    mutating func take(_ byte: UInt8) {
        switch place {
        case .lineStart:
            if ASCII.isBlank(byte) {
                // A folded line goes with the field above it (RFC 5322 §2.2.3).
                if value == nil, !keepsMessageID { isLineDone = true } else { takeValue(byte) }
                place = .value
                return
            }
            endField()
            takeName(byte, KnownField.Match())
        case .name(let match):
            if byte == UInt8(ascii: ":"), let field = match.field(in: names) {
                begin(field, isStrict: true)
            } else if ASCII.isBlank(byte), let field = match.field(in: names) {
                place = .blank(field)
            } else {
                takeName(byte, match)
            }
        case .blank(let field):
            if byte == UInt8(ascii: ":") {
                begin(field, isStrict: false)
            } else if !ASCII.isBlank(byte) {
                isLineDone = true
            }
        case .value:
            takeValue(byte)
        }
    }

    /// The line ended with CRLF.
    mutating func endLine() {
        // "N" and "o" on two lines are no "No".
        if value == .n { value = .other }
        place = .lineStart
        isLineDone = false
    }

    /// The header section ended, or the content did.
    mutating func endField() {
        if keepsMessageID {
            while let last = messageID.last, ASCII.isBlank(last) { messageID.removeLast() }
            keepsMessageID = false
        }
        guard let value else { return }
        // INT-09: a second field takes the effect from the first.
        tlsRequired = value == .no && tlsRequired == .absent ? .no : .withoutEffect
        self.value = nil
    }

    func has(_ field: KnownField) -> Bool {
        seen & field.bit != 0
    }

    private mutating func takeName(_ byte: UInt8, _ match: KnownField.Match) {
        var match = match
        if match.take(byte, in: names) {
            place = .name(match)
        } else {
            isLineDone = true
        }
    }

    private mutating func begin(_ field: KnownField, isStrict: Bool) {
        let isFirst = !has(field)
        seen |= field.bit
        if field == .received { receivedCount &+= 1 }
        if field == .messageID, isFirst {
            keepsMessageID = true
            place = .value
        } else if field == .tlsRequired {
            // The blank makes it no `requiretls-field`, yet one that counts as such: what is doubtful lowers no security.
            value = isStrict ? .blank : .other
            place = .value
        } else {
            isLineDone = true
        }
    }

    private mutating func takeValue(_ byte: UInt8) {
        if keepsMessageID { return takeMessageID(byte) }
        switch value {
        case .blank where ASCII.isBlank(byte): break
        // A quoted literal of ABNF has no case (RFC 5234 §2.3).
        case .blank where ASCII.lowercased(byte) == UInt8(ascii: "n"): value = .n
        case .n where ASCII.lowercased(byte) == UInt8(ascii: "o"): value = .no
        case .blank, .n, .no, .other, nil:
            if value != nil { value = .other }
            isLineDone = true
        }
    }

    private mutating func takeMessageID(_ byte: UInt8) {
        if messageID.isEmpty, ASCII.isBlank(byte) { return }
        // A control character has no place in it, and would have none where it is shown.
        guard messageID.count < Self.messageIDLimit, byte >= 0x20 || ASCII.isBlank(byte), byte != 0x7F else {
            messageID = []
            keepsMessageID = false
            isLineDone = true
            return
        }
        messageID.append(byte)
    }
}
