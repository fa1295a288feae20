/// Writes a DKIM-Signature field, folded (RFC 6376 §3.5, DKIM-24).
struct DKIMFieldWriter {
    /// Characters of a line, without CRLF, where the text lets itself be folded (RFC 5322 §2.1.1). What cannot be, a name,
    /// has fewer than 998 by far.
    static let lineLimit = 78

    private var text: [UInt8] = []
    private var lineStart = 0

    /// The whole field, with an empty `b=` where `signature` is, and with its last CRLF.
    static func field(_ terms: DKIMTerms, names: [String], bodyHash: [UInt8], signature: [UInt8]) -> [UInt8] {
        var writer = DKIMFieldWriter()
        writer.text += Array("\(DKIMSignature.fieldName):".utf8)
        writer.addTag("v", "1")
        writer.addTag("a", terms.algorithm.rawValue)
        writer.addTag("c", terms.canonicalization.description)
        writer.addTag("d", terms.signingDomain.text)
        writer.addTag("s", terms.selector.text)
        writer.addTag("t", String(terms.time.seconds))
        if let expiry = terms.expiry { writer.addTag("x", String(expiry.seconds)) }
        if let identity = terms.identity { writer.addTag("i", identity.description) }
        writer.addNames(names)
        writer.addTag("bh", String(decoding: Base64.encoded(bodyHash), as: UTF8.self))
        writer.addSignature(Base64.encoded(signature))
        writer.text += [ASCII.carriageReturn, ASCII.lineFeed]
        return writer.text
    }

    private var lineLength: Int { text.count - lineStart }

    /// Begins a line where `count` octets and a blank would not fit on this one; else writes the blank.
    private mutating func makeRoom(for count: Int) {
        if lineLength + 1 + count > Self.lineLimit { fold() } else { text.append(ASCII.space) }
    }

    private mutating func fold() {
        text += [ASCII.carriageReturn, ASCII.lineFeed]
        lineStart = text.count
        text.append(ASCII.space)
    }

    private mutating func addTag(_ name: String, _ value: String) {
        let tag = Array("\(name)=\(value);".utf8)
        makeRoom(for: tag.count)
        text += tag
    }

    /// `h=`, folded behind its colons.
    private mutating func addNames(_ names: [String]) {
        for (index, name) in names.enumerated() {
            let isLast = index + 1 == names.count
            let piece = Array((index == 0 ? "h=" : "").utf8) + Array(name.utf8) + [UInt8(ascii: isLast ? ";" : ":")]
            if index == 0 {
                makeRoom(for: piece.count)
            } else if lineLength + piece.count > Self.lineLimit {
                fold()
            }
            text += piece
        }
    }

    /// `b=`, last and on lines of its own, so that it can be left out and put in.
    private mutating func addSignature(_ base64: [UInt8]) {
        fold()
        text += Array("b=".utf8)
        var rest = base64[...]
        while !rest.isEmpty {
            if lineLength >= Self.lineLimit { fold() }
            let piece = rest.prefix(Self.lineLimit - lineLength)
            text += piece
            rest = rest.dropFirst(piece.count)
        }
    }
}
