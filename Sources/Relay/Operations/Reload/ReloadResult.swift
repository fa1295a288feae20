import Logging
import Mail

/// What came of an order to read the configuration again.
public struct ReloadResult: Hashable, Sendable {
    /// False where the old configuration goes on unchanged; ``faults`` say why.
    public let applied: Bool
    /// Keys whose value, or whose file, is another one now: `delivery.port`, `intake.tls_certificate`, `rule`.
    public let changed: [String]
    /// Keys whose new value waits for the next start of the daemon.
    public let restartNeeded: [String]
    /// Empty where it was applied.
    public let faults: [ConfigurationFault]

    static func refused(_ faults: [ConfigurationFault]) -> ReloadResult {
        ReloadResult(applied: false, changed: [], restartNeeded: [], faults: faults)
    }

    /// Lines of the log about one reload that was refused: a file with a thousand rules may be wrong a thousand times.
    static let faultLines = 100

    /// Says in the log what came of it.
    func tell(_ log: Logger) {
        guard !applied else {
            return log.event(
                .notice,
                LogLine("reloaded").with("changed", Self.list(changed)).with("restart_needed", Self.list(restartNeeded))
            )
        }
        for fault in faults.prefix(Self.faultLines) {
            log.event(.error, LogLine("reload-refused").with(fault))
        }
        guard faults.count > Self.faultLines else { return }
        log.event(
            .error,
            LogLine("reload-refused").with("reason", "there are more faults than are told here")
                .with("others", faults.count - Self.faultLines))
    }

    private static func list(_ keys: [String]) -> String? { keys.isEmpty ? nil : keys.joined(separator: ",") }
}

extension LogLine {
    /// Where it stands, what is wrong, and what to do.
    consuming func with(_ fault: ConfigurationFault) -> LogLine {
        with("file", fault.file.isEmpty ? nil : fault.file)
            .with("line", fault.place?.line).with("column", fault.place?.column)
            .with("key", fault.key.isEmpty ? nil : fault.key).with("reason", fault.problem)
            .with("cure", fault.cure.isEmpty ? nil : fault.cure)
    }
}
