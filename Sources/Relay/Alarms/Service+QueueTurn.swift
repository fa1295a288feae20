import Mail
import Store

/// What of the queue waits for longer than its turn.
struct QueueTurn: Sendable {
    /// A destination where nothing holds mail back and nothing is tried.
    struct Stuck: Sendable {
        let name: String
        let due: Int
        let seconds: Int64
    }

    let stuck: Stuck?
    /// The time of the recipient that is due longest.
    let firstDue: WallTime?
}

extension Service {
    /// Mail that has been due for longer at a destination that is ready, where nothing is under way, was passed over: the loader looks
    /// every half minute. Ours.
    private static let idleDue: Int64 = 120
    /// Destinations that are looked at for that, those with most mail first, and recipients of each. Ours.
    private static let looks = 20
    private static let sample = 100

    func readTurn() async throws -> QueueTurn {
        QueueTurn(
            stuck: try await stuckDestination(at: Self.clock()),
            firstDue: try await store.nextDue(after: WallTime(seconds: .min)))
    }

    /// The destination with most mail of which nothing holds it back and nothing is tried: no suspension, no pause, no limit.
    private func stuckDestination(at now: WallTime) async throws -> QueueTurn.Stuck? {
        let page = try await destinations(limit: ControlLimits.usualDestinations, suspendedOnly: false)
        let idle = page.destinations.filter { $0.state == "ready" && $0.due > 0 && $0.active == 0 }
        for view in idle.prefix(Self.looks) {
            let due = try await store.due(
                at: view.name, before: now.advanced(by: -Self.idleDue), passing: [], isUrgentOnly: false,
                limit: Self.sample)
            guard let first = due.map(\.nextAttempt).min() else { continue }
            return QueueTurn.Stuck(name: view.name, due: view.due, seconds: now.seconds - first.seconds)
        }
        return nil
    }
}
