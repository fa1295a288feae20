/// `keyword` or `keyword=value` behind a path (RFC 5321 §4.1.2 `esmtp-param`).
struct CommandParameter {
    /// In upper case.
    let keyword: String
    let value: ArraySlice<UInt8>?

    // Mail-parameters = esmtp-param *(SP esmtp-param)
    // esmtp-param = esmtp-keyword ["=" esmtp-value]
    // esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
    // esmtp-value = 1*(%d33-60 / %d62-126 / UTF8-non-ascii)

    /// Reads what stands behind a path: nothing, or a blank and parameters.
    static func list(_ rest: ArraySlice<UInt8>) throws(CommandError) -> [CommandParameter] {
        if rest.isEmpty { return [] }
        guard rest.first == ASCII.space else { throw .badParameter }
        var parameters: [CommandParameter] = []
        for text in rest.dropFirst().split(separator: ASCII.space, omittingEmptySubsequences: false) {
            let parameter = try CommandParameter(text)
            // A parameter given twice has two meanings (RFC 1870 §6.1, RFC 6152 §2, RFC 3461 §4.5 allow one each).
            if parameters.contains(where: { $0.keyword == parameter.keyword }) { throw .badParameter }
            parameters.append(parameter)
        }
        return parameters
    }

    private init(_ text: ArraySlice<UInt8>) throws(CommandError) {
        let keyword = text.prefix { $0 != UInt8(ascii: "=") }
        guard let first = keyword.first, ASCII.isAlphanumeric(first),
            keyword.allSatisfy({ ASCII.isAlphanumeric($0) || $0 == UInt8(ascii: "-") })
        else { throw .badParameter }
        if keyword.count < text.count {
            let value = text.dropFirst(keyword.count + 1)
            // Whether the octets above ASCII are UTF-8 is for the one value that may have them (ORCPT).
            guard !value.isEmpty, value.allSatisfy({ $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "=") }) else {
                throw .badParameter
            }
            self.value = value
        } else {
            value = nil
        }
        self.keyword = String(decoding: keyword.map(ASCII.uppercased), as: UTF8.self)
    }

    /// The value as text, for a parameter that must have one, of ASCII.
    func text() throws(CommandError) -> String {
        guard let value, value.allSatisfy({ $0 < 0x80 }) else { throw .badValue(keyword) }
        return String(decoding: value, as: UTF8.self)
    }

    /// The value as a word, in upper case: its case does not matter.
    func word() throws(CommandError) -> String {
        try text().uppercased()
    }

    /// True, for a parameter that may have no value.
    func flag() throws(CommandError) -> Bool {
        if value != nil { throw .badValue(keyword) }
        return true
    }
}
