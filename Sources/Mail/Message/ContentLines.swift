/// Lines of a message we write ourselves (DSN, report): each ends in CRLF, none holds a control character or, unless it may
/// hold UTF-8, an octet over 126, none is longer than RFC 5322 §2.1.1 allows.
struct ContentLines {
    var bytes: [UInt8] = []
    /// Characters beyond ASCII stand as they are.
    var inUTF8 = false

    /// RFC 5322 §2.1.1: a line SHOULD hold no more characters than this.
    static let width = 78
    /// RFC 5322 §2.1.1: nor MUST it hold more than this.
    static let limit = 998

    /// One line as it is. What cannot stand in it (a remote's reply may hold anything) becomes "?".
    mutating func add(_ line: some StringProtocol) {
        if inUTF8 { return addUTF8(line) }
        var count = 0
        for byte in line.utf8 where count < Self.limit {
            bytes.append((0x20...0x7E).contains(byte) || byte == 0x09 ? byte : UInt8(ascii: "?"))
            count += 1
        }
        bytes += [0x0D, 0x0A]
    }

    /// The same in UTF-8: no character is cut in two.
    private mutating func addUTF8(_ line: some StringProtocol) {
        var count = 0
        for scalar in line.unicodeScalars {
            let isSafe = (0x20...0x7E).contains(scalar.value) || scalar.value == 0x09 || scalar.value >= 0xA0
            let octets = isSafe ? Array(UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter) : [UInt8(ascii: "?")]
            count += octets.count
            if count > Self.limit { break }
            bytes += octets
        }
        bytes += [0x0D, 0x0A]
    }

    /// Prose, broken at blanks to ``width``; a leading indent is repeated.
    mutating func addWrapped(_ text: String) {
        let indent = String(text.prefix { $0 == " " })
        addBroken(text, firstIndent: indent, indent: indent)
    }

    /// A header field or a field of a delivery status, folded at blanks (RFC 5322 §2.2.3).
    mutating func addFolded(_ field: String) {
        addBroken(field, firstIndent: "", indent: "    ")
    }

    private mutating func addBroken(_ text: String, firstIndent: String, indent: String) {
        var line = firstIndent
        var isEmpty = true
        for word in text.split(separator: " ") {
            if !isEmpty, line.utf8.count + 1 + word.utf8.count > Self.width {
                add(line)
                line = indent + word
            } else {
                line += isEmpty ? String(word) : " " + word
            }
            isEmpty = false
        }
        add(line)
    }
}
