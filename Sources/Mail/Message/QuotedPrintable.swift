/// The encoding of RFC 2045 §6.7, of text whose lines end in CRLF.
enum QuotedPrintable {
    /// Octets of an encoded line (RFC 2045 §6.7, rule 5).
    static let width = 76

    /// Line ends stay line ends; a CR or LF that is none is encoded.
    static func encoded(_ text: [UInt8]) -> [UInt8] {
        var encoded: [UInt8] = []
        encoded.reserveCapacity(text.count + text.count / 8)
        var column = 0
        for (index, octet) in text.enumerated() {
            let next = index + 1 < text.count ? text[index + 1] : nil
            if octet == ASCII.lineFeed, index > 0, text[index - 1] == ASCII.carriageReturn {
                encoded.append(octet)
                column = 0
                continue
            }
            if octet == ASCII.carriageReturn, next == ASCII.lineFeed {
                encoded.append(octet)
                continue
            }
            let isLast = next == nil || next == ASCII.carriageReturn
            let isPlain =
                (33...126).contains(octet) && octet != UInt8(ascii: "=") || ASCII.isBlank(octet) && !isLast
            // Room for the `=` of a soft break, wherever another octet may follow.
            if column + (isPlain ? 1 : 3) > width - 1 {
                encoded += [UInt8(ascii: "="), ASCII.carriageReturn, ASCII.lineFeed]
                column = 0
            }
            if isPlain {
                encoded.append(octet)
                column += 1
            } else {
                encoded += [UInt8(ascii: "="), digits[Int(octet >> 4)], digits[Int(octet & 15)]]
                column += 3
            }
        }
        return encoded
    }

    /// It may stand in a message as it is where only 7 bits pass (RFC 2045 §2.7): no octet above 127, no NUL, no line of more
    /// than 998 octets.
    static func isSevenBit(_ text: [UInt8]) -> Bool {
        var column = 0
        for octet in text {
            if octet >= 0x80 || octet == 0 { return false }
            column = octet == ASCII.lineFeed ? 0 : column + 1
            // The CR of the line end counts here, so that one more is allowed.
            if column > ContentLines.limit + 1 { return false }
        }
        return true
    }

    private static let digits = Array("0123456789ABCDEF".utf8)
}
