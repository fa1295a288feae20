import Mail
import Net
import Store

/// What the operator sees of the dispatcher.
extension Dispatcher {
    /// For `relayctl status` and the metrics.
    struct Summary: Sendable {
        var active = 0
        var backedOff = 0
        var jobs = 0
        var underWay = 0
    }

    var summary: Summary {
        var summary = Summary(jobs: memory.jobs, underWay: workers)
        for destination in destinations.values {
            if destination.workers > 0 || !destination.ready.isEmpty { summary.active += 1 }
            if destination.window.isDown { summary.backedOff += 1 }
        }
        return summary
    }

    /// One destination as it stands in memory.
    struct DestinationState: Sendable {
        let name: String
        /// Jobs that wait in memory.
        let ready: Int
        let connections: Int
        let window: Int
        let isDown: Bool
        let downSince: WallTime?
        /// When a destination that is down is tried again.
        let nextProbe: WallTime?
        /// Its site has no place for it, or its rate allows no more now.
        let isWaiting: Bool
        let site: String?
        let deliveredPerMinute: Double
        let level: String?
        let reason: Reason?
    }

    func state(of name: String) -> DestinationState? {
        destinations[name].map(state)
    }

    /// Of all that are named; those that nothing is known of are left out.
    func states(of names: [String]) -> [DestinationState] {
        names.compactMap(state)
    }

    /// Destinations with deliveries under way or mail in memory.
    func busyStates() -> [DestinationState] {
        destinations.values.filter { $0.workers > 0 || !$0.ready.isEmpty || $0.window.isDown }.map(state)
    }

    private func state(_ destination: Destination) -> DestinationState {
        let now = parts.clock()
        let nextProbe: WallTime? =
            switch destination.opening(at: now) {
            case .open: nil
            case .probe: now
            case .closed(let until): until
            }
        return DestinationState(
            name: destination.name, ready: destination.ready.count, connections: destination.workers,
            window: destination.window.width, isDown: destination.window.isDown,
            downSince: destination.window.downSince, nextProbe: nextProbe,
            isWaiting: destination.isInSiteLine || destination.isPaced || destination.isInLine,
            site: destination.site?.name, deliveredPerMinute: destination.delivered.perMinute(at: now),
            level: destination.lastLevel, reason: destination.failure)
    }
}
