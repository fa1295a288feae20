/// Spans of time as people type them: as the configuration has them.
public enum SpanText {
    /// Whole seconds of `90s`, `2h`, `1d12h`; nil where it is no span, or one of less than a second.
    public static func seconds(_ text: String) -> Int64? {
        guard let duration = DurationText.parse(text) else { return nil }
        let (seconds, rest) = duration.components
        return rest == 0 && seconds > 0 ? seconds : nil
    }
}
