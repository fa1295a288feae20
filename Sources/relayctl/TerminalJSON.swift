/// JSON as it may be shown on a terminal.
enum TerminalJSON {
    /// The same value in ASCII: beyond it are controls, marks that turn the direction of writing, and letters that look like
    /// others; JSON has an escape for each character of a string (RFC 8259 §7), and none can stand outside of one.
    static func ascii(_ json: [UInt8]) -> String {
        var text = ""
        text.reserveCapacity(json.count)
        for unit in String(decoding: json, as: UTF8.self).utf16 {
            switch unit {
            case 0x7F...:
                let digits = String(unit, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(Unicode.Scalar(UInt8(truncatingIfNeeded: unit)))
            }
        }
        return text
    }
}
