import Mail
import Store

/// Keeps alarms in memory, and fails while it is told to.
actor AlarmMemory: WatchStore {
    private(set) var kept: [OperatorAlarm] = []
    /// So many of the next writes fail.
    private var failures = 0
    private(set) var writes = 0

    init(_ kept: [OperatorAlarm] = []) { self.kept = kept }

    /// Nothing can be read.
    private var isFailing = false
    func setFailing(_ isFailing: Bool) { self.isFailing = isFailing }

    func fail(_ count: Int) { failures = count }

    private func begin() throws(StoreError) {
        writes += 1
        guard failures > 0 else { return }
        failures -= 1
        throw .full
    }

    func addAlarm(_ alarm: OperatorAlarm) async throws(StoreError) -> OperatorAlarm {
        try begin()
        var alarm = alarm
        alarm.number = Int64(kept.count + 1)
        kept.append(alarm)
        return alarm
    }

    func updateAlarm(_ alarm: OperatorAlarm) async throws(StoreError) -> Bool {
        try begin()
        guard let index = kept.firstIndex(where: { $0.number == alarm.number }) else { return false }
        kept[index] = alarm
        return true
    }

    func standingAlarms() async throws(StoreError) -> [OperatorAlarm] {
        if isFailing { throw .busy }
        return kept.filter(\.isStanding)
    }

    func alarms(before: Int64?, limit: Int) async throws(StoreError) -> [OperatorAlarm] {
        Array(kept.reversed().filter { $0.number < before ?? .max }.prefix(limit))
    }
}
