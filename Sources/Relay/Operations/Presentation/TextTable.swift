/// Rows of cells in aligned columns, two blanks apart, the last column ragged. Cells are made harmless for terminals.
struct TextTable {
    private var rows: [[Cell]]
    /// Columns of numbers: their cells stand right.
    private let numbers: Set<Int>

    private struct Cell {
        var text: String
        var colour: TextStyle.Colour?
    }

    init(_ titles: [String], numbers: Set<Int> = []) {
        rows = [titles.map { Cell(text: $0) }]
        self.numbers = numbers
    }

    /// - Parameter colours: of cells, by column.
    mutating func add(_ cells: [String], colours: [Int: TextStyle.Colour] = [:]) {
        rows.append(
            cells.enumerated().map { Cell(text: LogLine.oneLine($0.element), colour: colours[$0.offset]) })
    }

    /// Columns of the longest line.
    var width: Int { widths.reduce(0, +) + 2 * max(0, widths.count - 1) }

    private var widths: [Int] {
        var widths: [Int] = []
        for row in rows {
            for (column, cell) in row.enumerated() {
                if column == widths.count { widths.append(0) }
                widths[column] = max(widths[column], cell.text.count)
            }
        }
        return widths
    }

    /// Each line behind `indent` blanks and with its line end.
    func render(_ style: TextStyle, indent: Int = 0) -> String {
        lines(style).map { String(repeating: " ", count: indent) + $0 + "\n" }.joined()
    }

    /// The titles first.
    func lines(_ style: TextStyle) -> [String] {
        let widths = widths
        return rows.enumerated().map { number, row in
            let cells = row.enumerated().map { column, cell in
                let padding = String(repeating: " ", count: widths[column] - cell.text.count)
                let text = cell.colour.map { style.paint(cell.text, $0) } ?? cell.text
                if numbers.contains(column) { return padding + text }
                return column == row.count - 1 ? text : text + padding
            }
            let line = cells.joined(separator: "  ")
            return number == 0 ? style.paint(line, .dim) : line
        }
    }
}
