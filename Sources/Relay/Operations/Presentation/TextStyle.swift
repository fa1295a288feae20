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
    public static func standardOutput() -> TextStyle {
        var size = winsize()
        let isTerminal = isatty(1) == 1
        let columns = isTerminal && ioctl(1, UInt(TIOCGWINSZ), &size) == 0 ? Int(size.ws_col) : 0
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
        let lines = Configuration.wrapped(LogLine.oneLine(text), prefix: prefix, width: width)
        return String(lines.dropFirst(indent))
    }
}

/// Rows of cells in aligned columns, two blanks apart, the last column ragged. Cells are made harmless for terminals.
struct TextTable {
    private var rows: [[String]]

    init(_ titles: [String]) {
        rows = [titles]
    }

    mutating func add(_ cells: [String]) {
        rows.append(cells.map(LogLine.oneLine))
    }

    /// Columns of the longest line.
    var width: Int {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
        return widths.reduce(0, +) + 2 * max(0, columns - 1)
    }

    /// Each line behind `indent` blanks and with its line end.
    func render(_ style: TextStyle, indent: Int = 0) -> String {
        var widths: [Int] = []
        for row in rows {
            for (column, cell) in row.enumerated() {
                if column == widths.count { widths.append(0) }
                widths[column] = max(widths[column], cell.count)
            }
        }
        return rows.enumerated().map { number, row in
            let cells = row.enumerated().map { column, cell in
                column == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[column] - cell.count)
            }
            let line = cells.joined(separator: "  ")
            return String(repeating: " ", count: indent) + (number == 0 ? style.paint(line, .dim) : line) + "\n"
        }.joined()
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
}
