/// Reads paths and mailboxes of octets, from the front (RFC 5321 §4.1.2).
struct PathReader {
    private let bytes: [UInt8]
    private(set) var position = 0

    init(_ bytes: some Collection<UInt8>) {
        self.bytes = Array(bytes)
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
        try closeBracket(from: start)
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
        try closeBracket(from: start)
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

    private mutating func closeBracket(from start: Int) throws(PathError) {
        guard take(UInt8(ascii: ">")) else { throw .syntax }
        if position - start > Mailbox.pathLimit { throw .tooLong }
    }

    // Mailbox = Local-part "@" ( Domain / address-literal )
    mutating func mailbox() throws(PathError) -> Mailbox {
        let start = position
        let localPart = next == UInt8(ascii: "\"") ? try quotedString() : try dotString()
        if position - start > Mailbox.localPartLimit { throw .tooLong }
        guard take(UInt8(ascii: "@")) else { throw isNonASCII(next) ? .needsUTF8 : .domain }
        return Mailbox(localPart: localPart, domain: try domain())
    }

    // Dot-string = Atom *("."  Atom)
    private mutating func dotString() throws(PathError) -> String {
        let start = position
        var atom = 0
        while let byte = next {
            if isAtomText(byte) {
                atom += 1
            } else if byte == UInt8(ascii: "."), atom > 0 {
                atom = 0
            } else {
                break
            }
            position += 1
        }
        if isNonASCII(next) { throw .needsUTF8 }
        if atom == 0 { throw .localPart }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    // Quoted-string = DQUOTE *QcontentSMTP DQUOTE
    // QcontentSMTP = qtextSMTP / quoted-pairSMTP
    //
    // The value has no more quotes and backslashes than it needs: RFC 5321 §4.1.2 calls all spellings equal and asks for the
    // shortest. An empty one is refused (RFC 5321 erratum 5414).
    private mutating func quotedString() throws(PathError) -> String {
        position += 1
        var value: [UInt8] = []
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                if value.isEmpty { throw .localPart }
                return leastQuoted(value)
            case UInt8(ascii: "\\"):
                guard let escaped = next, ASCII.isPrintable(escaped) else {
                    throw isNonASCII(next) ? .needsUTF8 : .localPart
                }
                position += 1
                value.append(escaped)
            default:
                guard ASCII.isPrintable(byte) else { throw isNonASCII(byte) ? .needsUTF8 : .localPart }
                value.append(byte)
            }
        }
        throw .localPart
    }

    private func leastQuoted(_ value: [UInt8]) -> String {
        var plain = PathReader(value)
        if let dotString = try? plain.dotString(), plain.atEnd { return dotString }
        var text = "\""
        for byte in value {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { text += "\\" }
            text.unicodeScalars.append(Unicode.Scalar(byte))
        }
        return text + "\""
    }

    private mutating func domain() throws(PathError) -> MailDomain {
        guard next == UInt8(ascii: "[") else { return .name(try hostName()) }
        guard let end = bytes[position...].firstIndex(of: UInt8(ascii: "]")) else { throw .domain }
        let literal = try MailDomain(parsingLiteral: bytes[position...end])
        position = end + 1
        return literal
    }

    // Domain = sub-domain *("." sub-domain), each of letters, digits and inner hyphens, without a final dot
    private mutating func hostName() throws(PathError) -> DomainName {
        let start = position
        while let byte = next, ASCII.isAlphanumeric(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") {
            position += 1
        }
        if isNonASCII(next) { throw .needsUTF8 }
        if position > start, bytes[position - 1] == UInt8(ascii: ".") { throw .domain }
        let name: DomainName
        do {
            name = try DomainName(parsing: bytes[start..<position])
        } catch {
            switch error {
            case .tooLong, .labelTooLong: throw .tooLong
            case .empty, .emptyLabel, .badCharacter: throw .domain
            }
        }
        guard name.isHostName else { throw .domain }
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
