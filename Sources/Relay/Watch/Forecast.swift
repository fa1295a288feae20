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
    /// Seconds of that time which do not count against mail of a destination (``StandingOrders/secondsSuspended(_:from:to:)``).
    let leftOut: @Sendable (_ destination: String, _ from: WallTime, _ to: WallTime) -> Int64
    /// The suspension of a destination that holds at a time.
    var suspension: @Sendable (_ destination: String, _ time: WallTime) -> Suspension? = { _, _ in nil }

    /// Seconds to look ahead.
    static func horizon(_ before: Int64 = usual, lifetime: Int64) -> Int64 { max(1, min(before, lifetime / 2)) }

    /// Seconds between two looks: a tenth of what there is to act in.
    static func pause(_ horizon: Int64) -> Int64 { min(max(horizon / 10, shortestPause), longestPause) }

    /// What will be returned within so many seconds.
    func view(within seconds: Int64) async throws(StoreError) -> ForecastView {
        let now = clock()
        let end = now.advanced(by: seconds)
        let sums = try await store.expiring(before: end, limit: WatchLimits.page)
        var rows: [ForecastRow] = []
        var suspended: [ForecastRow] = []
        for sum in sums.compactMap({ lengthened($0, at: now, before: end) }) {
            var row = ForecastRow(sum)
            guard let suspension = suspension(sum.destination, now) else {
                rows.append(row)
                continue
            }
            row.waiting = WaitingView(suspension)
            // The rest of the suspension does not count either, and without an end nothing is given up.
            if let until = suspension.until {
                let rest = max(0, until.seconds &- now.seconds)
                row.first = Schedule.effectiveExpiry(sum.first, suspended: rest).seconds
                row.last = Schedule.effectiveExpiry(sum.last, suspended: rest).seconds
                if row.first < end.seconds {
                    row.last = max(row.first, min(row.last, end.seconds))
                    rows.append(row)
                    continue
                }
            }
            suspended.append(row)
        }
        return ForecastView(
            seconds: seconds, destinations: rows.sorted(by: ForecastRow.isSooner),
            isComplete: sums.count < WatchLimits.page,
            suspended: suspended.isEmpty ? nil : suspended.sorted(by: ForecastRow.isSooner))
    }

    /// With the time that does not count; nil where the first of them is given up behind `end`. That is reckoned from the one received
    /// first, which expires first unless lifetimes differ; how many of the others are later still is not looked for.
    private func lengthened(_ sum: ExpirySum, at now: WallTime, before end: WallTime) -> ExpirySum? {
        let time = leftOut(sum.destination, sum.received, now)
        guard time > 0 else { return sum }
        var sum = sum
        sum.first = Schedule.effectiveExpiry(sum.first, suspended: time)
        sum.last = max(sum.first, min(Schedule.effectiveExpiry(sum.last, suspended: time), end))
        return sum.first < end ? sum : nil
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
