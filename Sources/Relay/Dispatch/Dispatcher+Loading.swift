import Mail
import Net
import Store

/// What the loader asks: what is wanted from the disk, and what is not.
extension Dispatcher {
    /// One destination of which mail lies on disk, and how much of it may come.
    struct Refill: Sendable {
        let destination: String
        /// Recipients; 1 where the destination is down, and one letter is to find out whether it still is.
        let room: Int
        /// How many of each sender are in memory already: they come first in what is read.
        let waiting: [SenderLane: Int]

        /// Recipients of one sender that come in before those of another who has fewer are looked for.
        static let firstShare = 250
        /// The whole memory of a destination.
        static let lastShare = ReadyMemory.destinationReadyLimit
    }

    func isKnown(_ recipient: RecipientNumber) -> Bool {
        memory.holds(recipient) || passes.wasReleased(recipient)
    }

    /// Those of a page from disk that are not in memory, and were not since the pass began: of the others it says nothing.
    func wanted(_ page: [DueRecipient]) -> [DueRecipient] {
        page.filter { !isKnown($0.number) }
    }

    /// Those of a page whose time has come that nobody works on: they are claimed until ``settleOverdue(_:of:)`` or
    /// ``unclaim(_:)``. What waits in memory is taken out of it: it waits too long.
    func claimOverdue(_ page: [OverdueRecipient]) -> [OverdueRecipient] {
        let known = page.filter { !passes.wasReleased($0.due.number) }
        let waiting = known.filter { memory.holds($0.due.number) && !memory.isUnderWay($0.due.number) }
        takeOut(Dictionary(grouping: waiting, by: \.due.destination).mapValues { Set($0.map(\.due.number)) })
        let mine = known.filter { !memory.holds($0.due.number) }
        memory.claim(mine.map(\.due.number))
        return mine
    }

    /// The loader begins a pass: what comes to lie on disk only from now on is the next pass's.
    func beginPass(at time: WallTime) -> (isWhole: Bool, from: WallTime) {
        passes.begin(at: time)
    }

    func endPass(isComplete: Bool) {
        passes.end(isComplete: isComplete)
    }

    /// What is passed over now: what is down, suspended, or has no room.
    func exclusion() -> DueExclusion {
        let now = parts.clock()
        var excluded = DueExclusion()
        excluded.destinations = parts.terms.orders.suspensions(at: now).map(\.destination)
        excluded.senders = memory.fullSenders
        // Passed over for want of memory, not for good.
        if !excluded.senders.isEmpty { passes.hasMoreOnDisk = true }
        for name in shut {
            guard let destination = destinations[name] else {
                shut.remove(name)
                continue
            }
            switch destination.opening(at: now) {
            case .closed:
                overflow(destination)
                if destination.failure?.cause.isTLSPolicy == true {
                    excluded.ordinary.append(destination.name)
                } else {
                    excluded.destinations.append(destination.name)
                }
            case .probe:
                // By its refill: one letter.
                overflow(destination)
                excluded.destinations.append(destination.name)
            case .open:
                let waiting = destination.ready.count
                if waiting < ReadyMemory.destinationReadyLimit {
                    shut.remove(name)
                    continue
                }
                overflow(destination)
                if waiting >= ReadyMemory.destinationReadyLimit + ReadyMemory.destinationReserve {
                    excluded.destinations.append(destination.name)
                } else {
                    excluded.lanes += destination.ready.counts.filter {
                        $0.value >= ReadyMemory.lightLane && $0.key.priority == .normal
                    }.map {
                        LanePlace(destination: destination.name, lane: $0.key)
                    }
                }
            }
        }
        return excluded
    }

    /// The destinations that can take some of what lies on disk for them.
    func refills() -> [Refill] {
        let now = parts.clock()
        var refills: [Refill] = []
        // Whoever ends next rings for the others: when there is room, all is looked through.
        if memory.jobs >= ReadyMemory.readyLimit, !overflowing.isEmpty { passes.hasMoreOnDisk = true }
        for name in overflowing where !memory.isFull {
            guard let destination = destination(name) else { continue }
            if parts.terms.orders.suspension(of: name, at: now) != nil { continue }
            let room: Int
            switch destination.opening(at: now) {
            case .closed(let until):
                passes.wake(at: until)
                continue
            case .probe: room = destination.ready.isEmpty ? 1 : 0
            case .open: room = ReadyMemory.destinationReadyLimit - destination.ready.count
            }
            guard room > 0, room == 1 || memory.jobs < ReadyMemory.readyLimit else { continue }
            if room < ReadyMemory.destinationReadyLimit / 2, destination.opening(at: now) == .open { continue }
            destination.hasMoreOnDisk = false
            refills.append(
                Refill(
                    destination: name, room: room,
                    waiting: destination.ready.counts))
        }
        for refill in refills { overflowing.remove(refill.destination) }
        return refills
    }

    /// The refill is done.
    /// - Parameters:
    ///   - loaded: recipients that came in.
    ///   - isComplete: all that was due is in memory now.
    func refilled(_ refill: Refill, loaded: Int, isComplete: Bool) {
        guard !isComplete, let destination = destination(refill.destination) else { return }
        overflow(destination)
        // All that came in may be delivered by now, the one letter of a probe too: then nobody else asks for more. Where nothing
        // came in, asking at once would ask without end.
        if loaded > 0 { askForMore(destination) }
    }

    /// When the loader must look at the disk again, at the latest in `seconds`.
    /// - Parameter next: when the first recipient on disk becomes due that was not when the last pass looked.
    func nextPass(within seconds: Int64, known next: WallTime?) -> WallTime {
        passes.next(at: parts.clock(), within: seconds, hasRoom: memory.hasRoom, known: next)
    }

    var lookedAt: WallTime { passes.lookedAt }

    // MARK: Overdue

    /// Notices of delay and returns for mail that got no attempt when its time came: that of destinations that are down.
    /// - Parameter claimed: all that were claimed for it.
    /// - Returns: once they are written; false where so many are being tried for the last time that no more are to be read.
    func settleOverdue(_ jobs: [(job: Job, last: Reason?)], of claimed: [RecipientNumber]) async -> Bool {
        let recorder = recorder
        var lastTries: [Job] = []
        var due: [(job: Job, failure: Reason)] = []
        for (job, last) in jobs {
            let down = destinations[job.destination].flatMap { $0.window.isDown ? $0.failure : nil }
            let failure = down ?? last ?? Self.neverTried
            if failure.cause.isTLSPolicy, recorder.isOver(job, of: failure) {
                lastTries.append(job)
                continue
            }
            due.append((job, failure))
        }
        await remind(due)
        let left = Set(lastTries.flatMap { $0.recipients.map(\.number) })
        unclaim(claimed.filter { !left.contains($0) })
        if !lastTries.isEmpty { tryLast(lastTries) }
        return lastTryTasks < Self.lastTryLimit
    }

    /// So many at once, that they share commits.
    private func remind(_ due: [(job: Job, failure: Reason)]) async {
        let (recorder, loop) = (recorder, loops.next())
        for start in stride(from: 0, to: due.count, by: Self.remindedAtOnce) {
            let some = due[start..<min(due.count, start + Self.remindedAtOnce)]
            let recorded = await withTaskGroup(of: OutcomeRecorder.Recorded.self) { group in
                for (job, failure) in some {
                    group.addTask(executorPreference: loop) { await recorder.remind(job, of: failure) }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            for one in recorded {
                passes.wake(at: one.nextAttempts)
                submit(one.notices)
            }
        }
    }

    private static let remindedAtOnce = 64

    /// Tasks that try what a policy kept back for the last time, each over one connection.
    private static let lastTryLimit = 4

    /// Mail that a policy kept back is not given up before one more attempt: it asks for a newer policy (RFC 8461 §5, Q-09),
    /// and the records may have been mended. One after the other, past the windows of their destinations.
    private func tryLast(_ jobs: [Job]) {
        lastTryTasks += 1
        let number = newTask()
        let loop = loops.next()
        tasks[number] = Task(executorPreference: loop) { [parts, recorder] in
            let delivery = Delivery(parts: parts, loop: loop)
            for job in jobs where !parts.stopping.isSet {
                let recorded: OutcomeRecorder.Recorded
                switch await delivery.attempt(job, preferring: nil, entering: { _ in true }) {
                case .made(let made):
                    await delivery.end()
                    let (kept, result) = made.worthRecording(of: job, isStopping: parts.stopping.isSet)
                    recorded = await recorder.record(kept, result)
                // The end has come: the next start asks.
                case .resting where parts.stopping.isSet: recorded = OutcomeRecorder.Recorded()
                // Dead as well, meanwhile: there is nobody to ask.
                case .resting(_, let reason): recorded = await recorder.remind(job, of: reason)
                case .noPlace: recorded = OutcomeRecorder.Recorded()
                }
                await self.triedLast(job, recorded)
            }
            await self.endedLastTries(number)
        }
    }

    private func endedLastTries(_ task: Int) {
        lastTryTasks -= 1
        forget(task)
    }

    private func triedLast(_ job: Job, _ recorded: OutcomeRecorder.Recorded) {
        unclaim(job.recipients.map(\.number))
        passes.wake(at: recorded.nextAttempts)
        submit(recorded.notices)
    }

    private static let neverTried = Reason(
        .localFailure, "there was no attempt yet: mail to this destination waits its turn")
}
