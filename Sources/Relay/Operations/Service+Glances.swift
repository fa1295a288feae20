import Mail
import Store

/// What is asked of the disk for those who must not wait for it: the operator and monitoring, who ask most when it hangs.
struct Glances: Sendable {
    let counts: Glance<QueueCounts>
    let space: Glance<FreeSpace>
    let gauges: Glance<QueueGauges>
    let turn: Glance<QueueTurn>
    let writing: Glance<Bool>
    /// How the queue stands, for monitoring.
    let queueLook = Paced<QueueGauges?>(every: MetricsPace.scan)

    init(patience: Duration) {
        counts = Glance(patience: patience)
        space = Glance(patience: patience)
        gauges = Glance(patience: patience)
        turn = Glance(patience: patience)
        writing = Glance(patience: patience)
    }
}

extension Service {
    func counts() async -> Glance<QueueCounts>.Answer {
        await glances.counts.take { [store] in try? await Self.counts(of: store) }
    }

    /// With what rests behind a crash.
    static func counts(of store: SQLiteStore) async throws(StoreError) -> QueueCounts {
        var counts = try await store.counts()
        counts.restingMessages = try await store.resting(at: Self.clock())
        return counts
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
}
