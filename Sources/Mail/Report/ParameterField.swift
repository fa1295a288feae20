/// A field of the form `value; name=parameter; …` (RFC 2045 §5.1): Content-Type, Content-Disposition, and without
/// parameters Content-Transfer-Encoding.
struct ParameterField: Hashable {
    /// In lower case, without blanks and comments.
    let value: String
    /// In their order, names in lower case.
    let parameters: [Parameter]

    struct Parameter: Hashable {
        let name: String
        let value: String
    }

    /// Parameters that are read.
    static let parameterLimit = 50

    init(_ octets: [UInt8]) {
        var scanner = ParameterScanner(octets)
        value = String(decoding: scanner.word(stops: ";").map(ASCII.lowercased), as: UTF8.self)
        var parameters: [Parameter] = []
        while scanner.take(";"), parameters.count < Self.parameterLimit {
            let name = String(decoding: scanner.word(stops: ";=").map(ASCII.lowercased), as: UTF8.self)
            guard scanner.take("=") else { continue }
            let value = String(decoding: scanner.word(stops: ";"), as: UTF8.self)
            if !name.isEmpty { parameters.append(Parameter(name: name, value: value)) }
        }
        self.parameters = parameters
    }

    /// The first of that name, which is in lower case; one that comes in pieces or encoded (RFC 2231 §3, §4) as they stand.
    func parameter(_ name: String) -> String? {
        if let whole = parameters.first(where: { $0.name == name || $0.name == "\(name)*" }) { return whole.value }
        let pieces = parameters.filter { $0.name.hasPrefix("\(name)*") }
        return pieces.isEmpty ? nil : pieces.map(\.value).joined()
    }
}

/// Reads words of a structured field: atoms and quoted strings, comments passed over (RFC 5322 §3.2).
private struct ParameterScanner {
    private var rest: ArraySlice<UInt8>

    init(_ octets: [UInt8]) {
        rest = octets[...]
    }

    /// Up to one of `stops`. Blanks outside of quotation marks do not count; those of a folded line within them do, as one
    /// would like them gone in a file name, and nobody knows.
    mutating func word(stops: String) -> [UInt8] {
        var word: [UInt8] = []
        while let octet = rest.first, !stops.utf8.contains(octet) {
            rest = rest.dropFirst()
            switch octet {
            case UInt8(ascii: "\""): word += quoted()
            case UInt8(ascii: "("): skipComment()
            case ASCII.space, ASCII.tab: break
            default: word.append(octet)
            }
        }
        return word
    }

    mutating func take(_ octet: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: octet) else { return false }
        rest = rest.dropFirst()
        return true
    }

    /// Behind the opening mark; the closing one may be missing.
    private mutating func quoted() -> [UInt8] {
        var text: [UInt8] = []
        while let octet = rest.popFirst() {
            if octet == UInt8(ascii: "\"") { break }
            if octet == UInt8(ascii: "\\"), let next = rest.popFirst() {
                text.append(next)
            } else {
                text.append(octet)
            }
        }
        return text
    }

    /// Behind the opening parenthesis; comments may hold comments.
    private mutating func skipComment() {
        var depth = 1
        while depth > 0, let octet = rest.popFirst() {
            switch octet {
            case UInt8(ascii: "("): depth += 1
            case UInt8(ascii: ")"): depth -= 1
            case UInt8(ascii: "\\"): rest = rest.dropFirst()
            default: break
            }
        }
    }
}
