/// Reads paths and mailboxes of octets, from the front (RFC 5321 §4.1.2, with what RFC 6531 §3.3 adds).
struct PathReader {
    private let bytes: [UInt8]
    private(set) var position = 0
    /// Nil where nothing but ASCII is read.
    private let toASCII: DomainToASCII?

    init(_ bytes: some Collection<UInt8>, toASCII: DomainToASCII? = nil) {
        self.bytes = Array(bytes)
        self.toASCII = toASCII
    }

    var atEnd: Bool { position == bytes.count }

    /// What was not read yet.
    var rest: ArraySlice<UInt8> { bytes[position...] }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ byte: UInt8) -> Bool {
        if next != byte { return false }
        position += 1
        return true
    }

    // Reverse-path = Path / "<>"
    mutating func reversePath() throws(PathError) -> ReversePath {
        if bytes[position...].starts(with: "<>".utf8) {
            position += 2
            return .null
        }
        let start = position
        try openBracketAndRoute()
        let mailbox = try mailbox()
        try closeBracket(from: start, mailbox)
        return .mailbox(mailbox)
    }

    // Forward-path = Path, and "RCPT TO:<Postmaster>" in any case
    mutating func forwardPath() throws(PathError) -> ForwardPath {
        let bare = "<postmaster>".utf8
        if ASCII.equalIgnoringCase(bytes[position...].prefix(bare.count), bare) {
            position += bare.count
            return .postmaster
        }
        let start = position
        try openBracketAndRoute()
        if next == UInt8(ascii: ">") { throw .syntax }
        let mailbox = try mailbox()
        try closeBracket(from: start, mailbox)
        return .mailbox(mailbox)
    }

    // Path = "<" [ A-d-l ":" ] Mailbox ">"
    // A-d-l = At-domain *( "," At-domain )
    // The route is read and forgotten (RFC 5321 §4.1.1.3).
    private mutating func openBracketAndRoute() throws(PathError) {
        guard take(UInt8(ascii: "<")) else { throw .syntax }
        guard next == UInt8(ascii: "@") else { return }
        repeat {
            guard take(UInt8(ascii: "@")) else { throw .syntax }
            _ = try hostName()
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: ":")) else { throw .syntax }
    }

    private mutating func closeBracket(from start: Int, _ mailbox: Mailbox) throws(PathError) {
        guard take(UInt8(ascii: ">")) else { throw .syntax }
        // A-labels may be longer than the U-labels were.
        if max(position - start, mailbox.description.utf8.count + 2) > Mailbox.pathLimit { throw .tooLong }
    }

    // Mailbox = Local-part "@" ( Domain / address-literal )
    mutating func mailbox() throws(PathError) -> Mailbox {
        let start = position
        let localPart = next == UInt8(ascii: "\"") ? try quotedString() : try dotString()
        if position - start > Mailbox.localPartLimit { throw .tooLong }
        guard take(UInt8(ascii: "@")) else { throw isNonASCII(next) && toASCII == nil ? .needsUTF8 : .domain }
        return Mailbox(localPart: localPart, domain: try domain())
    }

    // Dot-string = Atom *("."  Atom)
    private mutating func dotString() throws(PathError) -> String {
        let start = position
        var atom = 0
        while let byte = next {
            if isAtomText(byte) {
                position += 1
                atom += 1
            } else if isNonASCII(byte) {
                try skipNonASCII()
                atom += 1
            } else if byte == UInt8(ascii: "."), atom > 0 {
                position += 1
                atom = 0
            } else {
                break
            }
        }
        if atom == 0 { throw .localPart }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    /// One character above ASCII.
    private mutating func skipNonASCII() throws(PathError) {
        if toASCII == nil { throw .needsUTF8 }
        guard let length = PathUTF8.length(at: position, in: bytes) else { throw .badUTF8 }
        position += length
    }

    // Quoted-string = DQUOTE *QcontentSMTP DQUOTE
    // QcontentSMTP = qtextSMTP / quoted-pairSMTP
    //
    // The value has no more quotes and backslashes than it needs: RFC 5321 §4.1.2 calls all spellings equal and asks for the
    // shortest. An empty one is refused (RFC 5321 erratum 5414). A backslash is before ASCII only, with SMTPUTF8 too.
    private mutating func quotedString() throws(PathError) -> String {
        position += 1
        var value: [UInt8] = []
        while let byte = next {
            if isNonASCII(byte) {
                let start = position
                try skipNonASCII()
                value += bytes[start..<position]
                continue
            }
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                if value.isEmpty { throw .localPart }
                return leastQuoted(value)
            case UInt8(ascii: "\\"):
                guard let escaped = next, ASCII.isPrintable(escaped) else {
                    throw isNonASCII(next) && toASCII == nil ? .needsUTF8 : .localPart
                }
                position += 1
                value.append(escaped)
            default:
                guard ASCII.isPrintable(byte) else { throw .localPart }
                value.append(byte)
            }
        }
        throw .localPart
    }

    private func leastQuoted(_ value: [UInt8]) -> String {
        var plain = PathReader(value, toASCII: toASCII)
        if let dotString = try? plain.dotString(), plain.atEnd { return dotString }
        var text = [UInt8(ascii: "\"")]
        for byte in value {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { text.append(UInt8(ascii: "\\")) }
            text.append(byte)
        }
        return String(decoding: text + [UInt8(ascii: "\"")], as: UTF8.self)
    }

    private mutating func domain() throws(PathError) -> MailDomain {
        guard next == UInt8(ascii: "[") else { return .name(try hostName()) }
        guard let end = bytes[position...].firstIndex(of: UInt8(ascii: "]")) else { throw .domain }
        let literal = try MailDomain(parsingLiteral: bytes[position...end])
        position = end + 1
        return literal
    }

    // Domain = sub-domain *("." sub-domain), each of letters, digits and inner hyphens or a U-label, without a final dot
    private mutating func hostName() throws(PathError) -> DomainName {
        let start = position
        var isASCII = true
        while let byte = next {
            if ASCII.isAlphanumeric(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") {
                position += 1
            } else if isNonASCII(byte) {
                try skipNonASCII()
                isASCII = false
            } else {
                break
            }
        }
        let text = bytes[start..<position]
        if text.last == UInt8(ascii: ".") { throw .domain }
        let name = isASCII ? try asciiName(text) : try convertedName(text)
        guard name.isHostName else { throw .domain }
        return name
    }

    private func asciiName(_ text: ArraySlice<UInt8>) throws(PathError) -> DomainName {
        do {
            return try DomainName(parsing: text)
        } catch {
            switch error {
            case .tooLong, .labelTooLong: throw .tooLong
            case .empty, .emptyLabel, .badCharacter: throw .domain
            }
        }
    }

    private func convertedName(_ text: ArraySlice<UInt8>) throws(PathError) -> DomainName {
        // No longer one could stand in a path; the library is spared it.
        if text.count > Mailbox.pathLimit { throw .tooLong }
        guard let name = toASCII?(String(decoding: text, as: UTF8.self)) else { throw .badULabel }
        return name
    }

    // atext of RFC 5322 §3.2.3
    private func isAtomText(_ byte: UInt8) -> Bool {
        ASCII.isAlphanumeric(byte) || Self.atomPunctuation.contains(byte)
    }

    private static let atomPunctuation = Array("!#$%&'*+-/=?^_`{|}~".utf8)

    private func isNonASCII(_ byte: UInt8?) -> Bool {
        guard let byte else { return false }
        return byte >= 0x80
    }
}
