import Glibc
public import Logging

/// The backend of swift-log: one line for each event, in one of the forms of ``LogForm``.
public struct LogWriter: LogHandler {
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?
    /// The least level of any station; setting it sets all of them.
    public var logLevel: Logger.Level {
        get { thresholds.least }
        set { thresholds = LogThresholds(newValue) }
    }

    private let output: LogOutput
    private let form: LogForm
    private var thresholds: LogThresholds

    init(output: LogOutput, form: LogForm, thresholds: LogThresholds) {
        self.output = output
        self.form = form
        self.thresholds = thresholds
        output.tellLosses { count in form.line(.warning, LogLine("log-lines-lost").with("count", count)) }
    }

    public func log(event: LogEvent) {
        output.write(form.line(event, metadata.merging(metadataProvider?.get() ?? [:]) { $1 }))
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes an event of ours, where its station logs `level`.
    func write(_ level: Logger.Level, _ line: LogLine) {
        guard level >= thresholds.level(of: Configuration.LogStation(of: line.event)) else { return }
        output.write(form.line(level, line))
    }
}

extension Logger {
    /// The daemon's logger as configured. Keep `output` and flush it at the end.
    /// - Parameter thresholds: of whoever changes levels later; those of `configuration` where nobody does.
    public init(
        _ label: String, _ configuration: Configuration.Log, output: LogOutput, thresholds: LogThresholds? = nil
    ) {
        let format = configuration.format ?? (output.isTerminal ? .text : .journal)
        let form = LogForm(
            format: format, isColoured: format == .text && output.isTerminal && getenv("NO_COLOR") == nil)
        let writer = LogWriter(
            output: output, form: form, thresholds: thresholds ?? LogThresholds(configuration))
        self.init(label: label, factory: { _ in writer })
    }
}
