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

    /// Says in the log what came of it.
    func tell(_ log: Logger) {
        guard !applied else {
            return log.event(
                .notice,
                LogLine("reloaded").with("changed", Self.list(changed)).with("restart_needed", Self.list(restartNeeded))
            )
        }
        for line in faults.lines(LogLine("reload-refused")) { log.event(.error, line) }
    }

    private static func list(_ keys: [String]) -> String? { keys.isEmpty ? nil : keys.joined(separator: ",") }
}
