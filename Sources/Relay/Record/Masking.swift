/// Makes a text fit for a stranger's eyes: local parts of addresses, logins and clients are masked.
///
/// An address keeps the first letter of its local part: `a***@example.org`. Every form of words that has an `@` in it counts as
/// one, Message-IDs among them.
public struct Masking: Sendable {
    /// What stands for what is masked.
    static let mask = "***"
    /// Keys of log lines whose values say who a client is.
    private static let clientKeys: Set<String> = [
        "client", "user", "login", "helo", "orig_client", "orig_name", "orig_helo", "forwarded",
    ]

    /// Words that are masked wherever they stand alone.
    private let words: [String]

    /// - Parameter words: what is known to name somebody: local parts, logins, names and addresses of clients. Words of one
    ///   letter mask nothing.
    public init(words: some Sequence<String> = []) {
        // Longer ones first, so that none is cut by another.
        self.words = Set(words.filter { $0.utf8.count > 1 }).sorted {
            ($0.utf8.count, $0) > ($1.utf8.count, $1)
        }
    }

    /// Addresses only: of a text of our own making, in which the words may mean something else.
    public static func addresses(in text: String) -> String {
        let scalars = Array(text.unicodeScalars)
        guard scalars.contains("@") else { return text }
        var output: [Unicode.Scalar] = []
        output.reserveCapacity(scalars.count)
        for scalar in scalars {
            guard scalar == "@" else {
                output.append(scalar)
                continue
            }
            hideLocalPart(at: &output)
            output.append(scalar)
        }
        var masked = String.UnicodeScalarView()
        masked.append(contentsOf: output)
        return String(masked)
    }

    /// What stands at the end of `output` up to the beginning of the local part becomes its first letter and the mask.
    private static func hideLocalPart(at output: inout [Unicode.Scalar]) {
        var start = output.count
        if output.last == "\"" {
            // Quoted: back to the quote that opens it, or to the beginning of the line: rather too much than too little.
            start -= 1
            while start > 0, output[start - 1] != "\n" {
                start -= 1
                if output[start] == "\"", start == 0 || output[start - 1] != "\\" { break }
            }
            output.removeSubrange(start...)
            output += mask.unicodeScalars
            return
        }
        while start > 0, isLocal(output[start - 1]) { start -= 1 }
        guard start < output.count else { return }
        let first = output[start]
        output.removeSubrange(start...)
        output.append(first)
        output += mask.unicodeScalars
    }

    /// May stand in a local part without quotes (RFC 5322 §3.2.3, RFC 6531 §3.3), or in what somebody took for one.
    private static func isLocal(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value >= 0x80 { return !scalar.properties.isWhitespace }
        return scalar.value > 0x20 && scalar.value != 0x7F && !"<>()[],;:\"\\@".unicodeScalars.contains(scalar)
    }

    /// Addresses, and the words wherever they stand for themselves.
    public func text(_ text: String) -> String {
        var masked = text
        for word in words { masked = Self.hiding(word, in: masked) }
        return Self.addresses(in: masked)
    }

    /// The same for a line of the log, in either of its forms: besides, what its keys say of clients.
    public func logLine(_ line: String) -> String {
        var masked = line
        for key in Self.clientKeys {
            masked = Self.hidingValue(of: "\(key)=", in: masked)
            masked = Self.hidingValue(of: "\"\(key)\":", in: masked)
        }
        return text(masked)
    }

    /// Whole words only: what a letter, a digit, or what joins them stands beside is another.
    private static func hiding(_ word: String, in text: String) -> String {
        let bytes = Array(text.utf8)
        let wanted = Array(word.utf8)
        guard bytes.count >= wanted.count else { return text }
        var output: [UInt8] = []
        var place = 0
        while place < bytes.count {
            let end = place + wanted.count
            if end <= bytes.count, bytes[place..<end].elementsEqual(wanted), !isWord(bytes, place - 1),
                !isWord(bytes, end)
            {
                output += Array(mask.utf8)
                place = end
            } else {
                output.append(bytes[place])
                place += 1
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    private static func isWord(_ bytes: [UInt8], _ place: Int) -> Bool {
        guard bytes.indices.contains(place) else { return false }
        let byte = bytes[place]
        return byte >= 0x80 || Unicode.Scalar(byte).properties.isAlphabetic
            || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
    }

    /// The value behind each `key` that begins a word: bare up to a blank, or in quotes.
    private static func hidingValue(of key: String, in line: String) -> String {
        let bytes = Array(line.utf8)
        let wanted = Array(key.utf8)
        var output: [UInt8] = []
        var place = 0
        while place < bytes.count {
            let end = place + wanted.count
            guard end <= bytes.count, bytes[place..<end].elementsEqual(wanted),
                place == 0 || [UInt8(ascii: " "), UInt8(ascii: "{"), UInt8(ascii: ",")].contains(bytes[place - 1])
            else {
                output.append(bytes[place])
                place += 1
                continue
            }
            output += wanted
            place = end
            let isQuoted = place < bytes.count && bytes[place] == UInt8(ascii: "\"")
            if isQuoted { place += 1 }
            while place < bytes.count {
                let byte = bytes[place]
                if isQuoted, byte == UInt8(ascii: "\\") {
                    place += 2
                    continue
                }
                if isQuoted ? byte == UInt8(ascii: "\"") : [0x20, 0x2C, 0x7D].contains(byte) { break }
                place += 1
            }
            if isQuoted { place += 1 }
            place = min(place, bytes.count)
            output += isQuoted ? Array("\"\(mask)\"".utf8) : Array(mask.utf8)
        }
        return String(decoding: output, as: UTF8.self)
    }
}
