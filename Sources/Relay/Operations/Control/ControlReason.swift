/// The operator's words for an order.
public enum ControlReason {
    /// Without blanks around it; nil where nothing is left, more than ``ControlLimits/reason`` octets, or what must not reach
    /// a log or a terminal.
    public static func read(_ text: String) -> String? {
        let words = text.drop { $0 == " " }
        guard let last = words.lastIndex(where: { $0 != " " }) else { return nil }
        let reason = String(words[...last])
        guard reason.utf8.count <= ControlLimits.reason, !reason.unicodeScalars.contains(where: LogLine.isUnsafe) else {
            return nil
        }
        return reason
    }
}
