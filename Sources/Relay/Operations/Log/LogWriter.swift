import CLinux
import Glibc
public import Logging

/// The backend of swift-log: one line for each event, as the journal or as a person reads it.
///
/// `journal`: `<6>event=…`, the priority in front as systemd takes it from standard error (sd-daemon(3)).
/// `text`: `2026-11-21T09:00:00.123Z info event=…`, the level in colour on a terminal.
public struct LogWriter: LogHandler {
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?
    public var logLevel: Logger.Level

    private let output: LogOutput
    private let format: Configuration.LogFormat
    private let isColoured: Bool
    private let now: @Sendable () -> timespec

    init(
        output: LogOutput, format: Configuration.LogFormat, level: Logger.Level, isColoured: Bool,
        now: @escaping @Sendable () -> timespec = LogWriter.systemTime
    ) {
        self.output = output
        self.format = format
        self.logLevel = level
        self.isColoured = isColoured
        self.now = now
    }

    public func log(event: LogEvent) {
        output.write(line(event))
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Messages of other libraries may hold anything: each becomes one harmless line.
    func line(_ event: LogEvent) -> String {
        var line = prefix(event.level) + LogLine.oneLine(event.message.description)
        let all = metadata.merging(metadataProvider?.get() ?? [:]) { $1 }.merging(event.metadata ?? [:]) { $1 }
        for (key, value) in all.sorted(by: { $0.key < $1.key }) {
            line += " \(LogLine.oneLine(key))=\(LogLine.escaped(value.description))"
        }
        if let error = event.error { line += " error=\(LogLine.escaped(String(describing: error)))" }
        return line + "\n"
    }

    private func prefix(_ level: Logger.Level) -> String {
        switch format {
        case .journal, .json:
            return "<\(level.journalPriority)>"
        case .text:
            let word = isColoured ? "\u{1B}[\(level.colour)m\(level.rawValue)\u{1B}[0m" : level.rawValue
            return "\(Self.timestamp(now())) \(word) "
        }
    }

    /// RFC 3339 §5.6 in UTC, to the millisecond.
    static func timestamp(_ time: timespec) -> String {
        var seconds = time.tv_sec
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func digits(_ value: some BinaryInteger, _ width: Int = 2) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        let date = "\(digits(Int(parts.tm_year) + 1900, 4))-\(digits(parts.tm_mon + 1))-\(digits(parts.tm_mday))"
        let clock = "\(digits(parts.tm_hour)):\(digits(parts.tm_min)):\(digits(parts.tm_sec))"
        return "\(date)T\(clock).\(digits(time.tv_nsec / 1_000_000, 3))Z"
    }

    private static let systemTime: @Sendable () -> timespec = {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return time
    }
}

extension Logger {
    /// The daemon's logger as configured. Keep `output` and flush it at the end.
    public init(_ label: String, _ configuration: Configuration.Log, output: LogOutput) {
        let format = configuration.format ?? (output.isTerminal ? .text : .journal)
        let writer = LogWriter(
            output: output, format: format, level: configuration.level,
            isColoured: format == .text && output.isTerminal && getenv("NO_COLOR") == nil)
        self.init(label: label, factory: { _ in writer })
    }
}

extension Logger.Level {
    /// syslog(3) priorities.
    var journalPriority: Int {
        switch self {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }

    /// SGR parameter.
    fileprivate var colour: Int {
        switch self {
        case .trace, .debug: 2
        case .info: 32
        case .notice: 36
        case .warning: 33
        case .error, .critical: 31
        }
    }
}
