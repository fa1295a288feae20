/// Follows the header section of content that goes by, octet by octet, for the fields an intake must know of: it counts
/// `Received`, reads `TLS-Required` (RFC 8689 §3), and knows a TLS-RPT report by its two fields (RFC 8460 §5.3). It keeps no octet, however long a field is.
struct HeaderScan {
    private(set) var receivedCount = 0
    private(set) var tlsRequired = TLSRequiredField.absent
    /// `TLS-Report-Domain` and `TLS-Report-Submitter` were there.
    var isTLSReport: Bool { hasReportDomain && hasReportSubmitter }
    private var hasReportDomain = false
    private var hasReportSubmitter = false

    /// The rest of this line is of no interest.
    private(set) var isLineDone = false
    private var place = Place.lineStart
    /// Of the `TLS-Required` field under way, over all of its lines.
    private var value: Value?

    private enum Place {
        case lineStart
        /// Octets matched so far; blanks may stand before the colon (RFC 5322 §4.5.8).
        case name(Name, matched: Int, hasBlank: Bool)
        case value
    }

    private enum Name {
        case received
        case tlsRequired
        case reportDomain
        case reportSubmitter

        private static let reportDomainName = Array("tls-report-domain".utf8)
        private static let reportSubmitterName = Array("tls-report-submitter".utf8)
        private static let receivedName = Array("received".utf8)
        private static let tlsRequiredName = Array("tls-required".utf8)

        var octets: [UInt8] {
            switch self {
            case .received: Self.receivedName
            case .tlsRequired: Self.tlsRequiredName
            case .reportDomain: Self.reportDomainName
            case .reportSubmitter: Self.reportSubmitterName
            }
        }

        /// The name that begins with the same `matched` octets and goes on with `octet`; nil where none does.
        func branch(at matched: Int, on octet: UInt8) -> Name? {
            let next: Name? =
                switch self {
                case .tlsRequired: .reportDomain
                case .reportDomain: .reportSubmitter
                case .received, .reportSubmitter: nil
                }
            guard let next, next.octets.prefix(matched) == octets.prefix(matched), matched < next.octets.count else {
                return nil
            }
            return next.octets[matched] == octet ? next : next.branch(at: matched, on: octet)
        }
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
            switch ASCII.lowercased(byte) {
            case UInt8(ascii: "r"): place = .name(.received, matched: 1, hasBlank: false)
            case UInt8(ascii: "t"): place = .name(.tlsRequired, matched: 1, hasBlank: false)
            default: isLineDone = true
            }
        case .name(let name, let matched, let hasBlank):
            let octets = name.octets
            if matched < octets.count, ASCII.lowercased(byte) == octets[matched] {
                place = .name(name, matched: matched + 1, hasBlank: false)
            } else if matched == octets.count, byte == UInt8(ascii: ":") {
                begin(name, isStrict: !hasBlank)
            } else if matched == octets.count, ASCII.isBlank(byte) {
                place = .name(name, matched: matched, hasBlank: true)
            } else if !hasBlank, let other = name.branch(at: matched, on: ASCII.lowercased(byte)) {
                place = .name(other, matched: matched + 1, hasBlank: false)
            } else {
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

    private mutating func begin(_ name: Name, isStrict: Bool) {
        switch name {
        case .received:
            receivedCount &+= 1
            isLineDone = true
        case .reportDomain:
            hasReportDomain = true
            isLineDone = true
        case .reportSubmitter:
            hasReportSubmitter = true
            isLineDone = true
        case .tlsRequired:
            // The blank makes it no `requiretls-field`, yet one that counts as such: what is doubtful lowers no security.
            value = isStrict ? .blank : .other
            place = .value
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
