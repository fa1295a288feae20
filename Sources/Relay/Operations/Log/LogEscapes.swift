/// How values are written so that they stay values.
extension LogLine {
    /// A value as it stands behind its `=`.
    static func escaped(_ value: String) -> String {
        let utf8 = value.utf8
        if !utf8.isEmpty, utf8.count <= valueLimit, utf8.allSatisfy(isBare) { return value }
        var result = "\""
        var octets = 0
        for scalar in value.unicodeScalars {
            octets += scalar.utf8.count
            if octets > valueLimit {
                result += "…"
                break
            }
            appendEscaped(scalar, to: &result, quoted: true)
        }
        return result + "\""
    }

    /// Free text on one line: controls and their like are escaped, quotes stay.
    static func oneLine(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
        var result = ""
        for scalar in text.unicodeScalars { appendEscaped(scalar, to: &result, quoted: false) }
        return result
    }

    private static func isBare(_ octet: UInt8) -> Bool {
        octet > 0x20 && octet < 0x7F && octet != UInt8(ascii: "\"") && octet != UInt8(ascii: "\\")
    }

    private static func appendEscaped(_ scalar: Unicode.Scalar, to result: inout String, quoted: Bool) {
        switch scalar {
        case "\n": result += "\\n"
        case "\r": result += "\\r"
        case "\t": result += "\\t"
        case "\"" where quoted: result += "\\\""
        case "\\" where quoted: result += "\\\\"
        case _ where isUnsafe(scalar): result += "\\u{\(hexadecimal(scalar, width: 2))}"
        default: result.unicodeScalars.append(scalar)
        }
    }

    /// True for what must not reach a log or a terminal as it is.
    static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return scalar.value < 0x20 || scalar.value == 0x7F }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: return true
        default: return false
        }
    }

    static func hexadecimal(_ scalar: Unicode.Scalar, width: Int) -> String {
        let digits = String(scalar.value, radix: 16)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}

extension LogLine {
    /// A JSON string in its quotes (RFC 8259 §7). What must not reach a log or a terminal as it is stands as `\\u202e`; all
    /// other characters stand for themselves.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where isUnsafe(scalar):
                for unit in UTF16.encode(scalar) ?? UTF16.encodedReplacementCharacter {
                    let digits = String(unit, radix: 16)
                    result += "\\u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
                }
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// The beginning of `value` within ``valueLimit`` octets, whole characters, with `…` behind where something is missing.
    static func shortened(_ value: String) -> String {
        guard value.utf8.count > valueLimit else { return value }
        var result = ""
        var octets = 0
        for scalar in value.unicodeScalars {
            octets += scalar.utf8.count
            if octets > valueLimit { break }
            result.unicodeScalars.append(scalar)
        }
        return result + "…"
    }
}
