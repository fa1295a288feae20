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
    /// The same for all copies of a logger, so that a reload reaches each.
    private let currentForm: Current<LogForm>
    private var thresholds: LogThresholds
    private var form: LogForm { currentForm.value }

    init(output: LogOutput, form: LogForm, thresholds: LogThresholds) {
        self.output = output
        let current = Current(form)
        currentForm = current
        self.thresholds = thresholds
        output.tellLosses { count in current.value.line(.warning, LogLine("log-lines-lost").with("count", count)) }
    }

    /// Lines are written by `log` from now on, in all copies of the logger.
    func adopt(_ log: Configuration.Log) {
        currentForm.replace(with: LogForm(log, output: output))
        thresholds.set(log)
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
        let writer = LogWriter(
            output: output, form: LogForm(configuration, output: output),
            thresholds: thresholds ?? LogThresholds(configuration))
        self.init(label: label, factory: { _ in writer })
    }
}

extension LogForm {
    init(_ configuration: Configuration.Log, output: LogOutput) {
        let format = configuration.format ?? (output.isTerminal ? .text : .journal)
        self.init(format: format, isColoured: format == .text && output.isTerminal && getenv("NO_COLOR") == nil)
    }
}
