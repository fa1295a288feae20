import Logging
import Mail
import Store

/// Looks ahead: which mail will be returned by itself before anybody acts, and says so while there is time to.
struct Forecast: Sendable {
    /// Seconds ahead, and half of a message's lifetime at most: an alarm from the first minute on would be none.
    static let usual: Int64 = 86_400
    /// Seconds between two looks at most.
    static let longestPause: Int64 = 300
    static let shortestPause: Int64 = 5

    let store: any WatchStore
    let alarms: any AlarmSink
    let log: Logger
    let clock: @Sendable () -> WallTime

    /// Seconds to look ahead.
    static func horizon(_ before: Int64 = usual, lifetime: Int64) -> Int64 { max(1, min(before, lifetime / 2)) }

    /// Seconds between two looks: a tenth of what there is to act in.
    static func pause(_ horizon: Int64) -> Int64 { min(max(horizon / 10, shortestPause), longestPause) }

    /// What will be returned within so many seconds.
    func view(within seconds: Int64) async throws(StoreError) -> ForecastView {
        let sums = try await store.expiring(before: clock().advanced(by: seconds), limit: WatchLimits.page)
        return ForecastView(
            seconds: seconds, destinations: sums.map(ForecastRow.init).sorted(by: ForecastRow.isSooner),
            isComplete: sums.count < WatchLimits.page)
    }

    /// Raises what is new, and clears what will not expire any more.
    func look(ahead seconds: Int64) async {
        do throws(StoreError) {
            let view = try await view(within: seconds)
            let rows = Dictionary(grouping: view.destinations, by: \.destination)
            for (destination, rows) in rows {
                alarms.raise(.mailWillExpire, of: destination, ForecastText.words(destination, rows))
            }
            // Where the list was cut, one that is not in it may only be later.
            if view.isComplete {
                alarms.clear(
                    .mailWillExpire, exceptOf: Set(rows.keys),
                    because: "what would have expired was delivered, returned, or is given more time")
            }
        } catch {
            guard error != .closed else { return }
            log.event(
                .error, LogLine("store-failed").with("doing", "looking what expires").with("reason", "\(error)"))
        }
    }
}
