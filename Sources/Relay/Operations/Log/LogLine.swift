public import Logging

/// One event as `event=name key=value …`, in the order the keys are added: the form of every line the daemon logs.
///
/// A value stands bare where it is made of printable ASCII without blanks, quotes and backslashes; else it stands in
/// double quotes with `\"`, `\\`, `\n`, `\r`, `\t`, and `\u{…}` for every other control, line separator, bidirectional
/// override and invisible format character. What a stranger wrote can neither end the line, nor pass for another
/// key, nor move a terminal's cursor. The line is valid UTF-8 always.
public struct LogLine: Sendable, CustomStringConvertible {
    public private(set) var text: String

    /// Octets of one value before escaping; what is longer is cut and ends in `…`. RFC 5321 §4.5.3.1.5 allows a reply
    /// line 512 of them.
    public static let valueLimit = 1024

    /// `event` and the keys are words of ours: lower case letters, digits, `-` and `_`.
    public init(_ event: StaticString) {
        text = "event=\(event)"
    }

    /// Adds ` key=value`; nothing for nil.
    public mutating func add(_ key: StaticString, _ value: (some CustomStringConvertible)?) {
        guard let value else { return }
        text += " \(key)="
        text += Self.escaped(value.description)
    }

    /// The same, for chains.
    public func with(_ key: StaticString, _ value: (some CustomStringConvertible)?) -> LogLine {
        var line = self
        line.add(key, value)
        return line
    }

    public var description: String { text }

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

extension Logger {
    /// Logs one event. The line is only made when `level` is logged.
    public func event(_ level: Logger.Level, _ line: @autoclosure () -> LogLine) {
        log(level: level, "\(line().text)")
    }
}
