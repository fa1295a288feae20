/// The octets of the header section that a signature covers (RFC 6376 §3.7).
struct DKIMHeaderHash {
    private let content: [UInt8]
    /// The places of the fields by name in lower case, the lowest last.
    private let places: [String: [Range<Int>]]

    init(_ header: HeaderSection, of content: [UInt8]) {
        self.content = content
        var places: [String: [Range<Int>]] = [:]
        for field in header.fields where !field.name.isEmpty {
            places[ASCII.lowercased(field.name), default: []].append(field.range)
        }
        self.places = places
    }

    /// The fields that `names` stand for, in that order, each with its CRLF. Of fields with one name the lowest is taken
    /// first; a name for which none is left is nothing (DKIM-09; RFC 6376 §5.4.2).
    func fields(_ names: [String], _ form: DKIMCanonicalization.Form) -> [UInt8] {
        var octets: [UInt8] = []
        var taken: [String: Int] = [:]
        for name in names {
            let ranges = places[name] ?? []
            let count = taken[name, default: 0]
            guard count < ranges.count else { continue }
            taken[name] = count + 1
            octets += form.field(content[ranges[ranges.count - 1 - count]])
        }
        return octets
    }

    /// The signature's own field at the end: without the value of `b=` and all blanks round it, and without the last CRLF
    /// (DKIM-08).
    static func ownField(_ field: ArraySlice<UInt8>, _ form: DKIMCanonicalization.Form) -> [UInt8] {
        var text = Array(field)
        if text.suffix(2).elementsEqual("\r\n".utf8) { text.removeLast(2) }
        if let colon = text.firstIndex(of: UInt8(ascii: ":")),
            let tag = (try? DKIMTagList(text[(colon + 1)...]))?["b"]
        {
            text.removeSubrange(tag.range)
        }
        return Array(form.field(text[...]).dropLast(2))
    }
}

extension ASCII {
    /// `text` with letters A to Z as a to z.
    static func lowercased(_ text: String) -> String {
        String(decoding: text.utf8.map(lowercased), as: UTF8.self)
    }
}
