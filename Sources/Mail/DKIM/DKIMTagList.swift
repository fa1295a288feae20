/// The `tag=value` list that signatures and key records are written in (RFC 6376 §3.2).
struct DKIMTagList {
    struct Tag {
        let name: String
        /// Without the blanks and folds round it, with those inside.
        let value: ArraySlice<UInt8>
        /// All between `=` and the next `;` or the end: indices of the text.
        let range: Range<Int>
    }

    /// In the order of the text, no name twice.
    let tags: [Tag]

    // tag-list  =  tag-spec *( ";" tag-spec ) [ ";" ]
    // tag-spec  =  [FWS] tag-name [FWS] "=" [FWS] tag-value [FWS]
    /// Reads `text` to its end. Blanks behind the last `;` are let pass: DNS panels and folding leave them there.
    init(_ text: ArraySlice<UInt8>) throws(DKIMFault) {
        var tags: [Tag] = []
        var names: Set<String> = []
        var start = text.startIndex
        while start < text.endIndex {
            let end = text[start...].firstIndex(of: UInt8(ascii: ";")) ?? text.endIndex
            let spec = text[start..<end]
            if Self.trimmed(spec).isEmpty, end == text.endIndex, !tags.isEmpty { break }
            let tag = try Self.tag(spec)
            guard names.insert(tag.name).inserted else {
                throw DKIMFault(.syntax, "the tag \(tag.name)= is there twice")
            }
            tags.append(tag)
            start = end < text.endIndex ? end + 1 : end
        }
        guard !tags.isEmpty else { throw DKIMFault(.syntax, "there is no tag") }
        self.tags = tags
    }

    subscript(name: String) -> Tag? {
        tags.first { $0.name == name }
    }

    /// The value of a tag that must be there and say something.
    func required(_ name: String) throws(DKIMFault) -> ArraySlice<UInt8> {
        guard let tag = self[name] else { throw DKIMFault(.unacceptable, "the tag \(name)= is missing") }
        guard !tag.value.isEmpty else { throw DKIMFault(.unacceptable, "the tag \(name)= is empty") }
        return tag.value
    }

    // tag-name  =  ALPHA *ALNUMPUNC
    // tag-value =  [ tval *( 1*(WSP / FWS) tval ) ]
    private static func tag(_ spec: ArraySlice<UInt8>) throws(DKIMFault) -> Tag {
        guard let sign = spec.firstIndex(of: UInt8(ascii: "=")) else {
            let words = trimmed(spec).isEmpty ? "a tag is empty" : "\"\(RecordFields.quoted(trimmed(spec)))\" is no tag"
            throw DKIMFault(.syntax, words)
        }
        let name = trimmed(spec[..<sign])
        guard let first = name.first, ASCII.isLetter(first), name.count <= nameLimit,
            name.allSatisfy({ ASCII.isAlphanumeric($0) || $0 == UInt8(ascii: "_") })
        else { throw DKIMFault(.syntax, "\"\(RecordFields.quoted(name))\" is no name of a tag") }
        let range = sign + 1..<spec.endIndex
        let value = trimmed(spec[range])
        // Octets of UTF-8 may stand in mail with SMTPUTF8 (RFC 8616 §5).
        guard spec.allSatisfy({ $0 > ASCII.space && $0 != 0x7F || isFolding($0) }), isFolded(spec) else {
            throw DKIMFault(.syntax, "the tag \(RecordFields.quoted(name))= holds control characters")
        }
        return Tag(name: String(decoding: name, as: UTF8.self), value: value, range: range)
    }

    /// Octets of a name; a bound of ours, the longest known has two.
    static let nameLimit = 64

    // FWS = [*WSP CRLF] 1*WSP
    /// Each CR and LF in `text` is part of a CRLF with a blank behind it, or with nothing behind it.
    private static func isFolded(_ text: ArraySlice<UInt8>) -> Bool {
        for (index, byte) in zip(text.indices, text) {
            switch byte {
            case ASCII.carriageReturn:
                guard index + 1 < text.endIndex, text[index + 1] == ASCII.lineFeed else { return false }
            case ASCII.lineFeed:
                guard index > text.startIndex, text[index - 1] == ASCII.carriageReturn else { return false }
                guard index + 1 == text.endIndex || ASCII.isBlank(text[index + 1]) else { return false }
            default:
                break
            }
        }
        return true
    }

    static func isFolding(_ byte: UInt8) -> Bool {
        ASCII.isBlank(byte) || byte == ASCII.carriageReturn || byte == ASCII.lineFeed
    }

    static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let rest = text.drop(while: isFolding)
        guard let last = rest.lastIndex(where: { !isFolding($0) }) else { return rest.prefix(0) }
        return rest[...last]
    }

    /// The parts of a value between colons, without the blanks round them. One at least, which may be empty.
    static func list(_ value: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        value.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false).map(trimmed)
    }
}
