import CLinux
import Glibc
public import Mail

/// How text is written for people: its width, and whether colour is wanted.
public struct TextStyle: Sendable {
    /// Columns; text is wrapped there.
    public var width: Int
    public var isColoured: Bool

    public init(width: Int, isColoured: Bool) {
        self.width = width
        self.isColoured = isColoured
    }

    /// Columns where nobody says how many there are.
    public static let defaultWidth = 100
    static let widthRange = 60...160

    /// For standard output: colour only on a terminal, and not where NO_COLOR is set (https://no-color.org).
    public static func standardOutput() -> TextStyle { of(STDOUT_FILENO) }

    /// The same for standard error.
    public static func standardError() -> TextStyle { of(STDERR_FILENO) }

    private static func of(_ descriptor: CInt) -> TextStyle {
        var size = winsize()
        let isTerminal = isatty(descriptor) == 1
        let columns = isTerminal && ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 ? Int(size.ws_col) : 0
        let width = columns == 0 ? defaultWidth : min(max(columns, widthRange.lowerBound), widthRange.upperBound)
        let refused = getenv("NO_COLOR").map { $0.pointee != 0 } ?? false
        return TextStyle(width: width, isColoured: isTerminal && !refused)
    }

    /// Controls and their like are escaped, line ends among them.
    public static func harmless(_ text: String) -> String { LogLine.oneLine(text) }

    enum Colour: Int { case red = 31, green = 32, yellow = 33, dim = 2, bold = 1 }

    func paint(_ text: String, _ colour: Colour) -> String {
        isColoured ? "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// `text` broken at blanks, each line after the first behind `indent` blanks.
    func wrapped(_ text: String, indent: Int = 0) -> String {
        let prefix = String(repeating: " ", count: indent)
        // A command is copied as a whole: on a line of its own where it does not fit.
        if let mark = text.firstRange(of: ": relayctl ") {
            let (words, command) = (
                text[..<mark.lowerBound] + ":", LogLine.oneLine(String(text[mark.lowerBound...].dropFirst(2)))
            )
            let before = wrapped(String(words), indent: indent)
            let last =
                before.split(separator: "\n").last.map { before.contains("\n") ? $0.count : $0.count + indent } ?? 0
            return before + (last + 1 + command.count > width ? "\n\(prefix)\(command)" : " \(command)")
        }
        let lines = Configuration.wrapped(LogLine.oneLine(text), prefix: prefix, width: width)
        return String(lines.dropFirst(indent))
    }
}

/// Times as distances, and sizes, for people.
public enum Humane {
    /// `in 4m`, `2h ago`, `now`.
    public static func distance(to time: WallTime, from now: WallTime) -> String {
        let (difference, overflow) = time.seconds.subtractingReportingOverflow(now.seconds)
        if overflow || difference.magnitude > 1000 * 365 * 86_400 { return "far away" }
        if difference == 0 { return "now" }
        let span = span(Int64(difference.magnitude))
        return difference > 0 ? "in \(span)" : "\(span) ago"
    }

    /// The two largest units at most: `45s`, `4m`, `2h30m`, `3d4h`.
    public static func span(_ seconds: Int64) -> String {
        switch seconds {
        case ..<120: return "\(seconds)s"
        case ..<7200 where seconds % 3600 != 0: return "\(seconds / 60)m"
        case ..<86_400: return "\(seconds / 3600)h" + (seconds % 3600 / 60 == 0 ? "" : "\(seconds % 3600 / 60)m")
        default: return "\(seconds / 86_400)d" + (seconds % 86_400 / 3600 == 0 ? "" : "\(seconds % 86_400 / 3600)h")
        }
    }

    /// `812 B`, `14.2 kB`, `1.3 GB`.
    public static func size(_ octets: Int64) -> String {
        if octets < 1000 { return "\(octets) B" }
        var value = octets
        for unit in ["kB", "MB", "GB"] {
            if value < 1_000_000 { return "\(value / 1000).\(value % 1000 / 100) \(unit)" }
            value /= 1000
        }
        return "\(value / 1000).\(value % 1000 / 100) TB"
    }

    static func count(_ number: some BinaryInteger, _ one: String, _ many: String? = nil) -> String {
        number == 1 ? "1 \(one)" : "\(number) \(many ?? one + "s")"
    }

    /// `12,400`
    static func number(_ value: some BinaryInteger) -> String {
        var text = ""
        for (index, digit) in String(value.magnitude).reversed().enumerated() {
            if index > 0, index % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return (value < 0 ? "-" : "") + text.reversed()
    }

    /// `1 recipient`, `12,400 recipients`.
    public static func tally(_ value: some BinaryInteger, _ one: String) -> String {
        "\(number(value)) \(one)" + (value == 1 ? "" : "s")
    }

    /// At most `limit` characters; what is cut off is told by an ellipsis.
    static func short(_ text: String, _ limit: Int) -> String {
        text.count <= limit ? text : text.prefix(max(0, limit - 1)) + "…"
    }

    /// Seconds since `then`, as a span; `-` where there is none.
    static func age(_ then: Int64?, _ now: WallTime) -> String {
        then.map { span(max(0, now.seconds &- $0)) } ?? "-"
    }
}
