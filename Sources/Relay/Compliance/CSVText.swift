/// Rows of RFC 4180.
public enum CSVText {
    /// One row with its CRLF (RFC 4180 §2.1).
    public static func row(_ cells: [String]) -> String {
        cells.map(cell).joined(separator: ",") + "\r\n"
    }

    /// What begins so is a formula to a spreadsheet, which would compute it: whoever chose a domain's name must not choose
    /// what runs on an auditor's desk.
    private static let formulaStarts: Set<Unicode.Scalar> = ["=", "+", "-", "@", "\t", "\r"]

    /// In quotation marks where it needs them (RFC 4180 §2.6, §2.7). One that a spreadsheet would take for a formula has an
    /// apostrophe before it, as spreadsheets themselves mark text.
    static func cell(_ text: String) -> String {
        let isFormula = text.unicodeScalars.first.map(formulaStarts.contains) ?? false
        let text = isFormula ? "'\(text)" : text
        guard text.unicodeScalars.contains(where: { $0 == "," || $0 == "\"" || $0 == "\r" || $0 == "\n" }) else {
            return text
        }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}
