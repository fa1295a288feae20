/// Octets from strangers as text for logs and notices.
enum SafeText {
    /// One line: blanks for tabs, no control characters and no line or paragraph separators, `\xNN` for octets that are no
    /// UTF-8.
    static func string(_ bytes: some Collection<UInt8>) -> String {
        if bytes.allSatisfy(ASCII.isPrintable) { return String(decoding: bytes, as: UTF8.self) }
        let octets = Array(bytes)
        var text = ""
        var position = 0
        var input = octets.makeIterator()
        var parser = Unicode.UTF8.ForwardParser()
        while true {
            switch parser.parseScalar(from: &input) {
            case .valid(let encoded):
                position += encoded.count
                append(Unicode.UTF8.decode(encoded), to: &text)
            case .error(let length):
                for byte in octets[position..<min(position + length, octets.count)] {
                    let digits = String(byte, radix: 16, uppercase: true)
                    text += "\\x" + (digits.count == 1 ? "0" : "") + digits
                }
                position += length
            case .emptyInput:
                return text
            }
        }
    }

    private static func append(_ scalar: Unicode.Scalar, to text: inout String) {
        switch scalar.properties.generalCategory {
        case .control:
            if scalar == "\t" { text += " " }
        case .lineSeparator, .paragraphSeparator, .format:
            // Formats include the marks that turn the direction of writing: a reply must not rearrange a log.
            break
        default:
            text.unicodeScalars.append(scalar)
        }
    }
}
