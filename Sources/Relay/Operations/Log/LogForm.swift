import CLinux
import Glibc
import Logging

/// How a line is written: for the journal, for a person, or for a program.
///
/// `journal`: `<6>event=…`, the priority in front as systemd takes it from standard error (sd-daemon(3)).
/// `text`: `2026-11-21T09:00:00.123Z info event=…`, the level in colour on a terminal.
/// `json`: `{"time":"2026-11-21T09:00:00.123Z","level":"info","event":"…",…}`, numbers as numbers.
struct LogForm: Sendable {
    let format: Configuration.LogFormat
    var isColoured = false
    var now: @Sendable () -> timespec = LogForm.systemTime

    /// An event of ours as it is written.
    func line(_ level: Logger.Level, _ line: LogLine) -> String {
        guard format == .json else {
            var text = prefix(level)
            line.append(to: &text)
            text += "\n"
            return text
        }
        var text = head(level) + ",\"event\":" + LogLine.quoted(line.event)
        for field in line.fields {
            text += ",\"\(field.key)\":"
            switch field.value {
            case .text(let value): text += LogLine.quoted(LogLine.shortened(value))
            case .number(let digits): text += digits
            case .boolean(let value): text += "\(value)"
            }
        }
        return text + "}\n"
    }

    /// Messages of other libraries may hold anything: each becomes one harmless line.
    func line(_ event: LogEvent, _ metadata: Logger.Metadata = [:]) -> String {
        var named = metadata.merging(event.metadata ?? [:]) { $1 }.mapValues(\.description)
        if let error = event.error { named["error"] = String(describing: error) }
        let all = named.sorted { $0.key < $1.key }
        let message = event.message.description
        guard format == .json else {
            let fields = all.map { " \(LogLine.oneLine($0))=\(LogLine.escaped($1))" }.joined()
            return prefix(event.level) + LogLine.oneLine(message) + fields + "\n"
        }
        // Below names of their own: a key of another library must not pass for one of ours, nor stand there twice.
        let fields = all.map { LogLine.quoted($0) + ":" + LogLine.quoted(LogLine.shortened($1)) }
        return head(event.level) + ",\"message\":" + LogLine.quoted(LogLine.shortened(message))
            + (fields.isEmpty ? "" : ",\"metadata\":{" + fields.joined(separator: ",") + "}") + "}\n"
    }

    /// `{"time":"…","level":"…"`
    private func head(_ level: Logger.Level) -> String {
        "{\"time\":\"\(Self.timestamp(now()))\",\"level\":\"\(level.rawValue)\""
    }

    private func prefix(_ level: Logger.Level) -> String {
        switch format {
        case .journal:
            return "<\(level.journalPriority)>"
        case .text, .json:
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
