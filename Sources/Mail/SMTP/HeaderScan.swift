/// Follows the header section of content that goes by, octet by octet, for the fields an intake must know of: it counts
/// `Received`, reads `TLS-Required` (RFC 8689 §3), and says which ``KnownField``s there are. It keeps no octet, however
/// long a field is.
struct HeaderScan {
    private(set) var receivedCount = 0
    private(set) var tlsRequired = TLSRequiredField.absent
    private var seen: KnownField.Mask = 0
    private let names = KnownField.Table.shared

    /// The rest of this line is of no interest.
    private(set) var isLineDone = false
    private var place = Place.lineStart
    /// Of the `TLS-Required` field under way, over all of its lines.
    private var value: Value?

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
                if value == nil { isLineDone = true } else { takeValue(byte) }
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
        seen |= field.bit
        if field == .received { receivedCount &+= 1 }
        if field == .tlsRequired {
            // The blank makes it no `requiretls-field`, yet one that counts as such: what is doubtful lowers no security.
            value = isStrict ? .blank : .other
            place = .value
        } else {
            isLineDone = true
        }
    }

    private mutating func takeValue(_ byte: UInt8) {
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
}
