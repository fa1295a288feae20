/// Where the keys of a TOML text stand. The parser proper says what a value is but not where, so this small scanner
/// walks the same text and notes line and column of each key and value.
///
/// It knows just enough of TOML 1.0 not to be misled: bare, quoted and dotted keys, table and array-table headers,
/// strings of all four kinds, lists and inline tables over several lines, comments. It is meant for texts the parser
/// took; on others it gives some places, and ends.
struct KeyLocator {
    private let scalars: [Unicode.Scalar]
    private var index = 0
    private var line = 1
    private var column = 1
    private var places = ConfigurationPlaces()
    /// Last element of each array of tables.
    private var elements: [String: Int] = [:]

    /// Tables, lists and parts of keys within one another: ``ConfigurationPlaces/tooDeep`` tells of more. The parser
    /// proper recurses, and deep nesting would exhaust its stack.
    static let depthLimit = 64

    static func places(in text: String) -> ConfigurationPlaces {
        var scalars = Array(text.unicodeScalars)
        // The parser passes over one byte order mark at the very beginning, and counts columns from behind it.
        if scalars.first == "\u{FEFF}" { scalars.removeFirst() }
        var locator = KeyLocator(scalars: scalars)
        locator.scan()
        return locator.places
    }

    private init(scalars: [Unicode.Scalar]) {
        self.scalars = scalars
    }

    private mutating func scan() {
        var table: (path: String, depth: Int) = ("", 0)
        while let scalar = peek {
            switch scalar {
            case " ", "\t", "\r", "\n": advance()
            case "#": skipLine()
            case "[": table = header()
            default:
                keyAndValue(in: table.path, depth: table.depth)
                skipLine()
            }
        }
    }

    /// `[a.b]` or `[[a.b]]`: gives the path that the keys below it belong to, and how deep that is.
    private mutating func header() -> (path: String, depth: Int) {
        advance()
        let isArray = peek == "["
        if isArray { advance() }
        skipBlanks()
        // Of an end, and of a header that is closed at once, the parser tells itself.
        if let scalar = peek, scalar != "]", scalar != "\"", scalar != "'", !Self.isBare(scalar) {
            places.noteUnreadable(here, "a header without a name")
        }
        let parts = keyPath(depth: 0)
        skipLine()
        var path = ""
        for (number, part) in parts.enumerated() {
            path = ConfigurationPlaces.path(path, part.name)
            places.note(path, key: part.place, value: part.place)
            if isArray, number == parts.count - 1 {
                let element = (elements[path] ?? -1) + 1
                elements[path] = element
                path = ConfigurationPlaces.path(path, element)
                places.note(path, key: part.place, value: part.place)
            } else if let element = elements[path] {
                path = ConfigurationPlaces.path(path, element)
            }
        }
        return (path, parts.count)
    }

    private mutating func keyAndValue(in table: String, depth: Int) {
        let parts = keyPath(depth: depth)
        guard peek == "=" else { return }
        advance()
        skipBlanks()
        var path = table
        for part in parts.dropLast() {
            path = ConfigurationPlaces.path(path, part.name)
            places.note(path, key: part.place, value: part.place)
        }
        guard let last = parts.last else { return }
        path = ConfigurationPlaces.path(path, last.name)
        places.note(path, key: last.place, value: here)
        value(at: path, depth: depth + parts.count)
    }

    /// Parts of a dotted key with their places; ends before whatever cannot belong to a key.
    private mutating func keyPath(depth: Int) -> [(name: String, place: TextPlace)] {
        var parts: [(String, TextPlace)] = []
        while true {
            skipBlanks()
            if depth + parts.count > Self.depthLimit {
                giveUp()
                return []
            }
            let place = here
            switch peek {
            case "\"", "'": parts.append((string(), place))
            case let scalar? where Self.isBare(scalar):
                var name = ""
                while let scalar = peek, Self.isBare(scalar) {
                    name.unicodeScalars.append(scalar)
                    advance()
                }
                parts.append((name, place))
            default: return parts
            }
            skipBlanks()
            guard peek == "." else { return parts }
            advance()
        }
    }

    /// Notes where it got too deep, and ends the scan.
    private mutating func giveUp() {
        places.noteTooDeep(here)
        index = scalars.count
    }

    private mutating func value(at path: String, depth: Int) {
        if depth > Self.depthLimit { return giveUp() }
        switch peek {
        case "\"", "'": _ = string()
        case "[":
            advance()
            var element = 0
            while skipToItem(), let scalar = peek, scalar != "]" {
                let start = index
                let item = ConfigurationPlaces.path(path, element)
                places.note(item, key: here, value: here)
                if !BareValue.mayBeValue(scalar) { places.noteUnreadable(here, "a list has no value here") }
                value(at: item, depth: depth + 1)
                element += 1
                if index == start { advance() }
            }
            advance()
        case "{":
            advance()
            while skipToItem(), let scalar = peek, scalar != "}" {
                let start = index
                keyAndValue(in: path, depth: depth)
                if index == start { advance() }
            }
            advance()
        default:
            let place = here
            let start = index
            while let scalar = peek, !"\n\r,]}#".unicodeScalars.contains(scalar) { advance() }
            if let problem = BareValue.problem(in: scalars[start..<index]) { places.noteUnreadable(place, problem) }
        }
    }

    /// Reads a string of any of the four kinds and gives its content, with escapes resolved.
    private mutating func string() -> String {
        guard let quote = peek else { return "" }
        let isMultiline = index + 2 < scalars.count && scalars[index + 1] == quote && scalars[index + 2] == quote
        for _ in 0..<(isMultiline ? 3 : 1) { advance() }
        var text = ""
        while let scalar = peek {
            if scalar == quote {
                if !isMultiline {
                    advance()
                    break
                }
                // Up to two quotes may stand before the closing three.
                var run = 0
                while peek == quote, run < 5 {
                    advance()
                    run += 1
                }
                if run >= 3 { break }
            } else if scalar == "\\", quote == "\"" {
                advance()
                text.unicodeScalars.append(contentsOf: escape())
            } else if scalar == "\n", !isMultiline {
                break
            } else {
                text.unicodeScalars.append(scalar)
                advance()
            }
        }
        return text
    }

    /// What stands behind a backslash.
    private mutating func escape() -> [Unicode.Scalar] {
        guard let scalar = peek else { return [] }
        advance()
        switch scalar {
        case "n": return ["\n"]
        case "t": return ["\t"]
        case "r": return ["\r"]
        case "u", "U":
            var digits = ""
            for _ in 0..<(scalar == "u" ? 4 : 8) {
                guard let digit = peek, digit.properties.isASCIIHexDigit else { break }
                digits.unicodeScalars.append(digit)
                advance()
            }
            return UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init).map { [$0] } ?? []
        default: return [scalar]
        }
    }

    private var here: TextPlace { TextPlace(line: line, column: column) }

    private var peek: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

    private mutating func advance() {
        guard index < scalars.count else { return }
        if scalars[index] == "\n" {
            line += 1
            column = 1
        } else {
            column += 1
        }
        index += 1
    }

    private mutating func skipBlanks() {
        while let scalar = peek, scalar == " " || scalar == "\t" { advance() }
    }

    private mutating func skipLine() {
        while let scalar = peek, scalar != "\n" { advance() }
    }

    /// Blanks, line ends, commas and comments within a list or an inline table. False at the end of the text.
    private mutating func skipToItem() -> Bool {
        while let scalar = peek {
            switch scalar {
            case " ", "\t", "\r", "\n", ",": advance()
            case "#": skipLine()
            default: return true
            }
        }
        return false
    }

    static func isBare(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil) || scalar == "_"
            || scalar == "-"
    }
}
