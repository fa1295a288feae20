/// `relayctl reload` for people.
public enum ReloadText {
    /// Of a configuration that was applied.
    public static func applied(_ view: ReloadView, style: TextStyle) -> String {
        var text =
            view.changed.isEmpty
            ? "The configuration was read; nothing in it has changed that could be applied now.\n"
            : style.paint("The configuration is applied. Changed:", .green) + "\n" + keys(view.changed)
        if !view.restartNeeded.isEmpty {
            text +=
                style.paint("These hold from the next start of relayd on:", .yellow) + "\n"
                + keys(view.restartNeeded)
        }
        return text
    }

    /// Each fault as relayd prints it, a line each.
    public static func refused(_ view: ReloadView) -> String {
        let faults = view.faults.map(\.description).joined(separator: "\n")
        return "nothing was applied, and relayd goes on as before"
            + (faults.isEmpty ? ": it gave no reason; see its log" : ":\n\(faults)")
    }

    private static func keys(_ keys: [String]) -> String {
        keys.map { "  \(TextStyle.harmless($0))\n" }.joined()
    }
}
