/// Who wrote a message: the domain of its From field (RFC 5322 §3.6.2).
public enum DKIMAuthor {
    // from = "From:" (mailbox-list / address-list) CRLF          RFC 6854 §2.1
    /// The one domain of the addresses in the value of a From field, as the first of them writes it. Groups count by their
    /// members. What readers could take for different addresses is refused, not guessed: the signature would vouch for it.
    public static func domain(of from: some Sequence<UInt8>) throws(DKIMUnsignable) -> String {
        var reader = DKIMAddressReader(try DKIMAddressLexer.tokens(of: Array(from)))
        let domains = try reader.domains()
        guard let first = domains.first else { throw .unreadableFrom("it names no address") }
        if let other = domains.first(where: { !ASCII.equalIgnoringCase($0, first) }) {
            throw .severalDomains(String(decoding: first, as: UTF8.self), String(decoding: other, as: UTF8.self))
        }
        return String(decoding: first, as: UTF8.self)
    }
}

/// Parts the value of an address field into its tokens (RFC 5322 §3.2); comments and folds are gone.
enum DKIMAddressLexer {
    enum Token: Equatable {
        /// `1*atext`, octets of UTF-8 among them (RFC 6532 §3.2), or an encoded-word.
        case atom(ArraySlice<UInt8>)
        case quotedString
        /// `[192.0.2.1]`
        case domainLiteral
        /// One of `<>@,:;.`
        case special(UInt8)
    }

    static func tokens(of value: [UInt8]) throws(DKIMUnsignable) -> [Token] {
        var tokens: [Token] = []
        var index = 0
        while index < value.count {
            let byte = value[index]
            switch byte {
            case ASCII.space, ASCII.tab, ASCII.carriageReturn, ASCII.lineFeed:
                index += 1
            case UInt8(ascii: "("):
                index = try skipComment(value, from: index)
            case UInt8(ascii: "\""):
                index = try skip(value, from: index, to: UInt8(ascii: "\""), "a quoted string")
                tokens.append(.quotedString)
            case UInt8(ascii: "["):
                index = try skip(value, from: index, to: UInt8(ascii: "]"), "a domain literal")
                tokens.append(.domainLiteral)
            case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "@"), UInt8(ascii: ","), UInt8(ascii: ":"),
                UInt8(ascii: ";"), UInt8(ascii: "."):
                tokens.append(.special(byte))
                index += 1
            default:
                guard isAtext(byte) else {
                    throw .unreadableFrom("it holds \"\(SafeText.string([byte]))\" out of place")
                }
                let end = encodedWordEnd(value, from: index) ?? atomEnd(value, from: index)
                tokens.append(.atom(value[index..<end]))
                index = end
            }
        }
        return tokens
    }

    private static func isAtext(_ byte: UInt8) -> Bool {
        byte >= 0x80 || ASCII.isAlphanumeric(byte) || "!#$%&'*+-/=?^_`{|}~".utf8.contains(byte)
    }

    private static func atomEnd(_ value: [UInt8], from start: Int) -> Int {
        value[start...].firstIndex { !isAtext($0) } ?? value.count
    }

    // encoded-word = "=?" charset "?" encoding "?" encoded-text "?="          RFC 2047 §2
    /// Many leave `@`, `.` and `:` as they are in there, which only a reader of encoded-words sees through. Brackets, commas
    /// and quotes would be an address to others, so with them it is none.
    private static func encodedWordEnd(_ value: [UInt8], from start: Int) -> Int? {
        guard value[start...].starts(with: "=?".utf8) else { return nil }
        var marks = 0
        var index = start + 2
        // A line of 76 holds the longest encoded-word; some write longer ones.
        while index < min(value.count, start + encodedWordLimit) {
            switch value[index] {
            case UInt8(ascii: "?"):
                marks += 1
                if marks == 3 {
                    let hasEnd = index + 1 < value.count && value[index + 1] == UInt8(ascii: "=")
                    return hasEnd ? index + 2 : nil
                }
            case UInt8(ascii: "@"), UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: ";"):
                if marks < 2 { return nil }
            case let byte where !isAtext(byte):
                return nil
            default:
                break
            }
            index += 1
        }
        return nil
    }

    /// Octets of an encoded-word. RFC 2047 §2 has 75.
    static let encodedWordLimit = 998

    /// Behind the octet that ends what begins at `start`; a backslash takes the meaning of the octet behind it.
    private static func skip(
        _ value: [UInt8], from start: Int, to end: UInt8, _ what: String
    ) throws(DKIMUnsignable) -> Int {
        var index = start + 1
        while index < value.count {
            if value[index] == end { return index + 1 }
            index += value[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        throw .unreadableFrom("\(what) in it has no end")
    }

    /// Behind a comment, with those inside it.
    private static func skipComment(_ value: [UInt8], from start: Int) throws(DKIMUnsignable) -> Int {
        var depth = 0
        var index = start
        while index < value.count {
            switch value[index] {
            case UInt8(ascii: "("): depth += 1
            case UInt8(ascii: ")"): depth -= 1
            case UInt8(ascii: "\\"): index += 1
            default: break
            }
            index += 1
            if depth == 0 { return index }
        }
        throw .unreadableFrom("a comment in it has no end")
    }
}
