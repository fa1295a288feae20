import Logging

/// Why relayd did not start, told to whoever reads along: in plain words to a person at a terminal, else as events of the log, in its
/// form and at level error whatever `log.level` is, so that a search of the log finds them.
public struct StartFailure: Sendable {
    private let faults: [ConfigurationFault]
    /// Where there is no fault with its place.
    private let reason: String
    /// For a terminal.
    private let words: [String]

    /// What is wrong with the configuration. Never empty.
    public init(_ faults: [ConfigurationFault]) {
        self.faults = faults
        words = faults.map(\.description)
        reason = ""
    }

    /// What the service ran into.
    public init(_ error: ServiceError) {
        faults = error.faults
        words = ["relayd: \(error)"]
        reason = "\(error)"
    }

    /// - Parameter log: how the log is to be written, as far as it is known.
    public func tell(_ log: Configuration.Log, on output: LogOutput) {
        let form = LogForm(log, output: output)
        if form.format == .text, output.isTerminal {
            for line in words { output.write("\(line)\n") }
        } else {
            for line in events { output.write(form.line(.error, line)) }
        }
    }

    /// The same as lines of the log.
    var events: [LogLine] {
        let beginning = LogLine("start-failed")
        return faults.isEmpty ? [beginning.with("reason", reason)] : faults.lines(beginning)
    }
}
