/// A value of JSON that a stranger wrote.
enum JSONNode: Hashable, Sendable {
    case null
    case bool(Bool)
    /// As it was written.
    case number(String)
    case string(String)
    case array([JSONNode])
    case object([Member])

    /// RFC 8259 §4 lets names stand twice; readers see to it.
    struct Member: Hashable, Sendable {
        let name: String
        let value: JSONNode
    }

    /// For a sentence: "a string".
    var kind: String {
        switch self {
        case .null: "null"
        case .bool: "true or false"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

/// Why octets are not read as JSON.
struct JSONFault: Error, Hashable {
    let words: String
    /// Where, counted from 0.
    let octet: Int
}

/// Reads one JSON text (RFC 8259), in bounded depth and size.
///
/// It is lenient where nothing is lost by it: a byte order mark, NUL octets at the end, control characters within strings,
/// and text that is not Unicode, which becomes U+FFFD. The last is remembered in ``isDamaged``.
struct JSONReader {
    private let octets: [UInt8]
    private var position = 0
    private var count = 0
    /// Some text could not be kept as it was written.
    private(set) var isDamaged = false

    /// Arrays and objects within each other; a report has six.
    static let depthLimit = 32
    /// Values of one text. A report of ten thousand details has a hundred thousand.
    static let valueLimit = 1_000_000

    init(_ octets: [UInt8]) {
        self.octets = octets
    }

    /// The value that is the whole text.
    mutating func read() throws(JSONFault) -> JSONNode {
        if octets.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        let node = try value(depth: 0)
        skipBlanks()
        while position < octets.count, octets[position] == 0 { position += 1 }
        guard position == octets.count else { throw fault("there is something behind the end of the JSON") }
        return node
    }

    private mutating func value(depth: Int) throws(JSONFault) -> JSONNode {
        guard depth <= Self.depthLimit else { throw fault("the JSON is nested more than \(Self.depthLimit) deep") }
        count += 1
        guard count <= Self.valueLimit else { throw fault("the JSON has more than \(Self.valueLimit) values") }
        skipBlanks()
        guard position < octets.count else { throw fault("the JSON breaks off") }
        switch octets[position] {
        case UInt8(ascii: "{"): return .object(try members(depth: depth))
        case UInt8(ascii: "["): return .array(try elements(depth: depth))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
        default:
            for (word, node) in Self.words where octets[position...].starts(with: word) {
                position += word.count
                return node
            }
            throw fault("this is not JSON")
        }
    }

    private static let words: [([UInt8], JSONNode)] = [
        (Array("null".utf8), .null), (Array("true".utf8), .bool(true)), (Array("false".utf8), .bool(false)),
    ]

    private mutating func members(depth: Int) throws(JSONFault) -> [JSONNode.Member] {
        var members: [JSONNode.Member] = []
        position += 1
        if take(UInt8(ascii: "}")) { return members }
        repeat {
            skipBlanks()
            guard position < octets.count else { throw fault("the JSON breaks off") }
            guard octets[position] == UInt8(ascii: "\"") else { throw fault("a name in quotation marks is due") }
            let name = try string()
            guard take(UInt8(ascii: ":")) else { throw due("a colon") }
            members.append(JSONNode.Member(name: name, value: try value(depth: depth + 1)))
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else { throw due("a comma or a closing brace") }
        return members
    }

    private mutating func elements(depth: Int) throws(JSONFault) -> [JSONNode] {
        var elements: [JSONNode] = []
        position += 1
        if take(UInt8(ascii: "]")) { return elements }
        repeat {
            elements.append(try value(depth: depth + 1))
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "]")) else { throw due("a comma or a closing bracket") }
        return elements
    }

    /// RFC 8259 §6, but for leading zeros, which harm nobody.
    private mutating func number() throws(JSONFault) -> String {
        let start = position
        if octets[position] == UInt8(ascii: "-") { position += 1 }
        try digits()
        if position < octets.count, octets[position] == UInt8(ascii: ".") {
            position += 1
            try digits()
        }
        if position < octets.count, octets[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < octets.count, "+-".utf8.contains(octets[position]) { position += 1 }
            try digits()
        }
        return String(decoding: octets[start..<position], as: UTF8.self)
    }

    private mutating func digits() throws(JSONFault) {
        let start = position
        while position < octets.count, ASCII.isDigit(octets[position]) { position += 1 }
        guard position > start else { throw due("a digit") }
    }

    private mutating func string() throws(JSONFault) -> String {
        position += 1
        var text: [UInt8] = []
        var start = position
        while position < octets.count {
            switch octets[position] {
            case UInt8(ascii: "\""):
                text += octets[start..<position]
                position += 1
                return decoded(text)
            case UInt8(ascii: "\\"):
                text += octets[start..<position]
                position += 1
                try escape(into: &text)
                start = position
            default: position += 1
            }
        }
        throw fault("the JSON breaks off within a string")
    }

    private mutating func escape(into text: inout [UInt8]) throws(JSONFault) {
        guard position < octets.count else { throw fault("the JSON breaks off within a string") }
        let letter = octets[position]
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var code = UInt32(try unit())
            // RFC 8259 §7: a pair of surrogates is one character; half of one is none.
            if code & 0xFC00 == 0xD800, octets[position...].starts(with: [0x5C, 0x75]) {
                let before = position
                position += 2
                let low = UInt32(try unit())
                if low & 0xFC00 == 0xDC00 {
                    code = 0x1_0000 + (code & 0x3FF) << 10 + low & 0x3FF
                } else {
                    position = before
                }
            }
            let scalar = Unicode.Scalar(code)
            if scalar == nil { isDamaged = true }
            text += Array(String(Character(scalar ?? "\u{FFFD}")).utf8)
        default: throw fault("a string has an escape that JSON does not know")
        }
    }

    /// The four digits behind `\u`.
    private mutating func unit() throws(JSONFault) -> UInt16 {
        let digits = octets[position...].prefix(4).compactMap(ASCII.hexDigitValue)
        guard digits.count == 4 else { throw fault("\\u is due four hexadecimal digits") }
        position += 4
        return digits.reduce(0) { $0 << 4 | UInt16($1) }
    }

    private mutating func decoded(_ text: [UInt8]) -> String {
        if let text = String(validating: text, as: UTF8.self) { return text }
        isDamaged = true
        return String(decoding: text, as: UTF8.self)
    }

    private mutating func skipBlanks() {
        while position < octets.count, [0x20, 0x09, 0x0A, 0x0D].contains(octets[position]) { position += 1 }
    }

    /// Behind blanks.
    private mutating func take(_ octet: UInt8) -> Bool {
        skipBlanks()
        guard position < octets.count, octets[position] == octet else { return false }
        position += 1
        return true
    }

    private func due(_ words: String) -> JSONFault {
        position < octets.count ? fault("\(words) is due") : fault("the JSON breaks off")
    }

    private func fault(_ words: String) -> JSONFault { JSONFault(words: words, octet: position) }
}
