import Logging
import Synchronization

extension Configuration.LogStation {
    /// Which station each event of the log belongs to: the one table, for `log.levels` and for docs/log.md.
    static let events: [String: Configuration.LogStation] = {
        let table: [(Configuration.LogStation, [String])] = [
            (
                .intake,
                [
                    "accepted", "answered", "refused", "connection-refused", "accept-failed", "auth-failed",
                    "tls-failed", "proxy-refused", "users-read", "users-refused", "room-short", "room-back",
                ]
            ),
            (
                .dispatch,
                [
                    "rerouted", "destination-down", "destination-up", "suspended", "resumed", "ordered",
                    "hold-rule-added", "hold-rule-removed", "repaired",
                ]
            ),
            (
                .route,
                [
                    "sts-fetched", "sts-refreshed", "sts-fetch-failed", "sts-fetch-prevented", "sts-record-missing",
                    "sts-record-back", "sts-ran-out", "sts-cache-damaged", "sts-cache-removed", "resolver",
                    "exception-added", "exception-ended", "exception-unneeded", "exception-needed",
                    "exception-store-failed", "exception-damaged", "observed-store-failed",
                ]
            ),
            (
                .delivery,
                [
                    "delivery", "host-failed", "dkim-key-unpublished", "dkim-key-published", "dkim-key-not-begun",
                    "dkim-unsigned",
                ]
            ),
            (
                .outcome,
                [
                    "settle-failed", "settle-given-up", "settle-refused", "quarantined", "notice-failed",
                    "undeliverable-notice", "canary-sent", "canary-result",
                ]
            ),
            (
                .report,
                [
                    "reports-off", "reports-planned", "reports-incomplete", "reports-forgotten", "report-store-failed",
                    "report-begun", "report-postponed", "report-sent", "report-ended", "observation-dropped",
                    "observations-off",
                ]
            ),
            (
                .operations,
                [
                    "started", "start-failed", "stopping", "stopped", "reloaded", "reload-refused", "own-name",
                    "trace-set-aside", "trace-off", "store-opened", "journal-damaged", "journal-later",
                    "journal-missing",
                    "journal-stuck", "journal-goes-on", "in-flight-missing", "store-failed",
                    "descriptors-short", "library-unsafe", "trust-anchors-missing", "control-failed", "metrics-failed",
                    "log-lines-lost", "alarm-raised", "alarm-cleared", "alarm-acknowledged", "alarm-untold",
                    "alarms-full", "absence", "runs-as-root", "rights-too-wide", "rights-given-up", "crashed",
                    "crash-suspect", "clock-stepped", "clock-right", "clock-believed", "clock-moved",
                ]
            ),
        ]
        var events: [String: Configuration.LogStation] = [:]
        for (station, names) in table {
            for name in names { events[name] = station }
        }
        return events
    }()

    /// What is in no table is the daemon's own affair; a test keeps it from happening.
    init(of event: String) { self = Self.events[event] ?? .operations }
}

/// The least level of each station, which may be changed while the daemon runs. Safe from any thread.
public final class LogThresholds: Sendable {
    /// Four bits for each station, in the order of their cases, and four for the least of all.
    private let packed: Atomic<UInt64>

    public init(_ configuration: Configuration.Log) {
        packed = Atomic(Self.pack(configuration))
    }

    /// One level for all.
    convenience init(_ level: Logger.Level) {
        var log = Configuration.Log()
        log.level = level
        self.init(log)
    }

    /// From the next line on. ``Configuration/Log/format`` stays what it was.
    public func set(_ configuration: Configuration.Log) {
        packed.store(Self.pack(configuration), ordering: .relaxed)
    }

    /// The least level that any station logs.
    var least: Logger.Level { Self.level(packed.load(ordering: .relaxed), at: Self.leastPlace) }

    func level(of station: Configuration.LogStation) -> Logger.Level {
        Self.level(packed.load(ordering: .relaxed), at: Self.place(station))
    }

    private static let leastPlace = Configuration.LogStation.allCases.count
    private static let places = Dictionary(
        uniqueKeysWithValues: Configuration.LogStation.allCases.enumerated().map { ($0.element, $0.offset) })

    private static func place(_ station: Configuration.LogStation) -> Int { places[station] ?? leastPlace }

    private static func pack(_ configuration: Configuration.Log) -> UInt64 {
        var packed: UInt64 = 0
        var least = Logger.Level.critical
        for station in Configuration.LogStation.allCases {
            let level = configuration.level(of: station)
            least = min(least, level)
            packed |= number(level) << UInt64(4 * place(station))
        }
        // Lines of other libraries have no station: they go by `log.level`.
        return packed | number(min(least, configuration.level)) << UInt64(4 * leastPlace)
    }

    private static func number(_ level: Logger.Level) -> UInt64 {
        UInt64(Logger.Level.allCases.firstIndex(of: level) ?? 0)
    }

    private static func level(_ packed: UInt64, at place: Int) -> Logger.Level {
        let index = Int(packed >> UInt64(4 * place) & 0xF)
        return index < Logger.Level.allCases.count ? Logger.Level.allCases[index] : .info
    }
}
