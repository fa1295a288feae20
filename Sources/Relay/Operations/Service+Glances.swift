import Mail
import Store

/// What is asked of the disk for those who must not wait for it: the operator and monitoring, who ask most when it hangs.
struct Glances: Sendable {
    let counts: Glance<QueueCounts>
    let space: Glance<FreeSpace>
    let gauges: Glance<QueueGauges>
    let turn: Glance<QueueTurn>
    /// How the queue stands, for monitoring.
    let queueLook = Paced<QueueGauges?>(every: MetricsPace.scan)

    init(patience: Duration) {
        counts = Glance(patience: patience)
        space = Glance(patience: patience)
        gauges = Glance(patience: patience)
        turn = Glance(patience: patience)
    }
}

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
    /// Mail that has been due for longer waits for more than its turn.
    static let longDue: Int64 = 900
    /// The same at a destination that is ready, and where nothing is under way: the loader looks every half minute. Ours.
    private static let idleDue: Int64 = 120
    /// Destinations that are looked at for that, those with most mail first, and recipients of each. Ours.
    private static let looks = 20
    private static let sample = 100

    func counts() async -> Glance<QueueCounts>.Answer {
        await glances.counts.take { [store] in try? await store.counts() }
    }

    func space() async -> Glance<FreeSpace>.Answer {
        await glances.space.take { [store] in try? await store.freeSpace() }
    }

    func gauges() async -> Glance<QueueGauges>.Answer {
        await glances.gauges.take { [glances] in await glances.queueLook.value { await self.readGauges() } }
    }

    func turn() async -> Glance<QueueTurn>.Answer {
        await glances.turn.take { try? await self.readTurn() }
    }

    /// Costs a walk through an index of the store: for ``Paced`` only.
    private func readGauges() async -> QueueGauges? {
        do throws(StoreError) {
            let counts = try await store.counts()
            let now = Self.clock()
            var gauges = QueueGauges(
                messages: counts.messages, quarantinedMessages: counts.quarantinedMessages, held: counts.heldRecipients)
            let deferred = try await store.deferred(at: now)
            gauges.deferred = deferred
            gauges.due = max(0, counts.dueRecipients - deferred)
            let first = try await store.nextDue(after: WallTime(seconds: .min))
            gauges.oldestDue = first.map { max(0, now.seconds - $0.seconds) } ?? 0
            return gauges
        } catch {
            return nil
        }
    }

    private func readTurn() async throws -> QueueTurn {
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
