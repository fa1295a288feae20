import DNS
import DequeModule
import Mail
import Net
import Store

/// Chooses what is due and who delivers it: station 4.
///
/// A destination is the next-hop domain. Each has its own window of connections and its own back-off, so that a dead one
/// costs others nothing. Fresh mail comes from memory; what waits on disk is loaded in pages by `QueueLoader` when it is
/// due. Memory holds at most ``readyLimit`` jobs: the rest stays on disk.
actor Dispatcher {
    /// Jobs in memory, those under way included.
    static let readyLimit = 20_000
    /// Jobs that may wait in memory for one destination, so that a slow one with much mail leaves room for all others.
    static let destinationReadyLimit = 2000
    /// Octets of content of fresh mail in memory; beyond, the content is read from the store when its turn comes.
    static let contentLimit = 64 * 1024 * 1024
    /// Destinations remembered for their window and back-off although nothing waits for them.
    static let destinationLimit = 50_000

    private let parts: DeliveryParts
    private let loops: LoopGroup
    private let recorder: OutcomeRecorder
    private let loader: Alarm
    private var destinations: [String: Destination] = [:]
    /// Recipients that are in memory: the loader leaves them alone.
    private var held: Set<RecipientNumber> = []
    private var jobs = 0
    private var contentOctets = 0
    private var workers = 0
    private var line: Deque<String> = []
    private var tasks: [Int: Task<Void, Never>] = [:]
    private var nextTask = 0
    private var isDraining = false
    /// True where something was not started because settlements could not be written.
    private var isHeldBack = false
    /// True where something due may lie on disk that is not in memory.
    private(set) var hasMoreOnDisk = true
    /// Recipients let go since the loader's pass began: its pages may still show them as due. Nil between passes.
    private var releasedInPass: Set<RecipientNumber>?
    /// Young mail that the loader read before the session that accepted it could hand it over: not to be taken twice.
    private var loadedYoung = Generations()
    /// When the loader looks at the disk next, as far as it knows; nil while it looks.
    private var planned: WallTime?
    /// The seconds in which something deferred by this process is due again.
    private var wakes: Set<Int64> = []

    init(parts: DeliveryParts, loops: LoopGroup, recorder: OutcomeRecorder, loader: Alarm) {
        self.parts = parts
        self.loops = loops
        self.recorder = recorder
        self.loader = loader
    }

    // MARK: What comes in

    /// Takes fresh jobs whose messages are in the store. Where memory is full they are left to the loader.
    func submit(_ new: [Job]) {
        for var job in new {
            // The loader may have seen the committed row before the session was resumed.
            job.recipients.removeAll { held.contains($0.number) || loadedYoung.contains($0.number) }
            if !job.recipients.isEmpty { take(job) }
        }
    }

    /// Takes jobs read from disk.
    /// - Returns: false where memory is full: the rest stays on disk.
    func load(_ loaded: [Job]) -> Bool {
        for job in loaded {
            if jobs >= Self.readyLimit || isDraining { return false }
            if let destination = destinations[job.destination],
                destination.ready.count >= Self.destinationReadyLimit
            {
                destinations[job.destination]?.hasMoreOnDisk = true
                continue
            }
            if job.message.receivedAt.advanced(by: Generations.age) >= parts.clock() {
                for recipient in job.recipients { loadedYoung.insert(recipient.number) }
            }
            take(job)
        }
        return true
    }

    /// Is this recipient in memory, or was it since the pass began? Then a page of the pass says nothing about it.
    func holds(_ recipient: RecipientNumber) -> Bool {
        held.contains(recipient) || releasedInPass?.contains(recipient) == true
    }

    /// The loader begins a pass: what comes to lie on disk only from now on is the next pass's.
    func beginPass() {
        hasMoreOnDisk = false
        releasedInPass = []
        let now = parts.clock().seconds
        wakes = wakes.filter { $0 > now }
        planned = nil
    }

    /// - Parameter isWhole: false where the pass did not get to the end of what is due.
    func endPass(isWhole: Bool) {
        releasedInPass = nil
        if !isWhole { hasMoreOnDisk = true }
    }

    private func take(_ job: Job) {
        guard !isDraining, jobs < Self.readyLimit else {
            hasMoreOnDisk = true
            return
        }
        let name = job.destination
        var destination = destinations[name] ?? newDestination()
        guard destination.ready.count < Self.destinationReadyLimit else {
            destinations[name]?.hasMoreOnDisk = true
            return
        }
        var job = job
        if let content = job.content {
            if contentOctets + content.count > Self.contentLimit {
                job.content = nil
            } else {
                contentOctets += content.count
            }
        }
        jobs += 1
        for recipient in job.recipients { held.insert(recipient.number) }
        destination.ready.append(job)
        destinations[name] = destination
        serve(name)
    }

    private func newDestination() -> Destination {
        if destinations.count >= Self.destinationLimit,
            let victim = destinations.first(where: { $0.value.workers == 0 && $0.value.ready.isEmpty })?.key
        {
            destinations[victim] = nil
        }
        return Destination(window: parts.newWindow())
    }

    // MARK: Who delivers

    /// Gives what is ready to deliveries, as far as the destination's window and the daemon's limit allow: first to those
    /// that keep a connection open, then to new ones.
    private func serve(_ name: String) {
        guard !isDraining, parts.unsettled.isEmpty, var destination = destinations[name] else { return }
        defer { destinations[name] = destination }
        while let job = destination.ready.first {
            guard !destination.idle.isEmpty || workers < parts.configuration.delivery.connectionLimit else {
                if !destination.isInLine {
                    destination.isInLine = true
                    line.append(name)
                }
                return
            }
            switch destination.window.admit(at: parts.clock()) {
            case .full:
                return
            case .down(let until):
                let refused = Array(destination.ready)
                destination.ready = []
                putOff(refused, because: destination.failure ?? Self.unknownFailure, until: until)
                return
            case .go(let ticket):
                destination.ready.removeFirst()
                let assignment = Assignment(job: job, ticket: ticket, family: destination.family)
                if let idle = destination.idle.popLast() {
                    idle.continuation.resume(returning: assignment)
                } else {
                    destination.workers += 1
                    start(assignment, name)
                }
            }
        }
    }

    private static let unknownFailure = Reason(.connectFailed, "the destination was found dead a short while ago")

    private func start(_ first: Assignment, _ name: String) {
        workers += 1
        let number = nextTask
        nextTask += 1
        let loop = loops.next()
        tasks[number] = Task(executorPreference: loop) { [parts, recorder] in
            let delivery = Delivery(parts: parts, loop: loop)
            var next: Assignment? = first
            while let current = next {
                let (job, result) = await delivery.attempt(current.job, preferring: current.family)
                    .worthRecording(of: current.job, isStopping: parts.stopping.isSet)
                let recorded = await recorder.record(job, result)
                await self.settled(current, result, recorded)
                next = await self.next(name, canServeMore: delivery.canServeMore)
            }
            await delivery.end()
            await self.ended(name, number)
        }
    }

    private func settled(_ done: Assignment, _ result: AttemptResult, _ recorded: OutcomeRecorder.Recorded) {
        release(done.job)
        noteWakes(recorded)
        let name = done.job.destination
        if let failure = result.destinationFailure {
            var generator = SystemRandomNumberGenerator()
            destinations[name]?.window.failed(done.ticket, at: parts.clock(), using: &generator)
            destinations[name]?.failure = failure
        } else {
            destinations[name]?.window.succeeded(done.ticket)
            destinations[name]?.failure = nil
            if let family = result.family { destinations[name]?.family = family }
        }
        submit(recorded.notices)
        serve(name)
        askForMore(name)
    }

    /// Rings the loader where there is room again for what lies on disk.
    private func askForMore(_ name: String) {
        if let destination = destinations[name], destination.hasMoreOnDisk,
            destination.ready.count < Self.destinationReadyLimit / 2
        {
            destinations[name]?.hasMoreOnDisk = false
            hasMoreOnDisk = true
        }
        if hasMoreOnDisk, jobs < Self.readyLimit / 2 { loader.ring() }
    }

    /// Destinations whose part of memory is full: the loader passes over their mail, and is rung when there is room.
    func passOverFull() -> [String] {
        let full = destinations.filter { $0.value.ready.count >= Self.destinationReadyLimit }.map(\.key)
        for name in full { destinations[name]?.hasMoreOnDisk = true }
        return full
    }

    /// The next job for a delivery that settled one. Where there is none it waits, if its connection can serve more and
    /// nobody stands in line for a connection.
    private func next(_ name: String, canServeMore: Bool) async -> Assignment? {
        guard !isDraining, var destination = destinations[name] else { return nil }
        if parts.unsettled.isEmpty, let job = destination.ready.first,
            case .go(let ticket) = destination.window.admit(at: parts.clock())
        {
            destination.ready.removeFirst()
            destinations[name] = destination
            return Assignment(job: job, ticket: ticket, family: destination.family)
        }
        guard canServeMore, line.isEmpty else { return nil }
        let expires = Deadline.after(parts.configuration.delivery.idleTimeout)
        return await withCheckedContinuation { continuation in
            destinations[name]?.idle.append(Destination.Idle(continuation: continuation, expires: expires))
        }
    }

    private func ended(_ name: String, _ number: Int) {
        workers -= 1
        tasks[number] = nil
        destinations[name]?.workers -= 1
        serve(name)
        while workers < parts.configuration.delivery.connectionLimit, let next = line.popFirst() {
            destinations[next]?.isInLine = false
            serve(next)
        }
        askForMore(name)
    }

    private func release(_ job: Job) {
        jobs -= 1
        contentOctets -= job.content?.count ?? 0
        for recipient in job.recipients {
            held.remove(recipient.number)
            releasedInPass?.insert(recipient.number)
        }
    }

    /// Defers jobs of a destination that is backed off: they need no connection of their own to learn it.
    private func putOff(_ refused: [Job], because failure: Reason, until: WallTime) {
        let number = nextTask
        nextTask += 1
        tasks[number] = Task(executorPreference: loops.next()) { [recorder] in
            for job in refused {
                let recorded = await recorder.putOff(job, because: failure, until: until)
                await self.wasPutOff(job, recorded)
            }
            await self.forget(number)
        }
    }

    private func wasPutOff(_ job: Job, _ recorded: OutcomeRecorder.Recorded) {
        release(job)
        noteWakes(recorded)
        submit(recorded.notices)
        askForMore(job.destination)
    }

    private func forget(_ task: Int) { tasks[task] = nil }

    // MARK: Time

    private func noteWakes(_ record: OutcomeRecorder.Recorded) {
        for time in record.nextAttempts { wakes.insert(time.seconds) }
        if let planned, let next = record.nextAttempts.min(), next < planned { loader.ring() }
    }

    /// When the loader must look at the disk again, at the latest in `seconds`. `nextOnDisk` is when the first recipient on
    /// disk is due, those in memory included: it counts only where it lies ahead.
    func nextPass(within seconds: Int64, nextOnDisk: WallTime?) -> WallTime {
        let now = parts.clock()
        if hasMoreOnDisk, jobs < Self.readyLimit / 2 { return now }
        if wakes.contains(where: { $0 <= now.seconds }) { return now }
        let latest = now.advanced(by: seconds)
        if let planned, planned <= now { return now }
        // A clock that was set back must not put off the next look.
        let ahead = [wakes.min().map(WallTime.init(seconds:)), nextOnDisk].compactMap { $0 }.filter { $0 > now }
        let next = min(planned ?? latest, latest, ahead.min() ?? latest)
        planned = next
        return next
    }

    /// Ends deliveries that kept a connection open for nothing. Called about once a second.
    func expireIdle() {
        loadedYoung.rotate(at: parts.clock())
        for (name, destination) in destinations where !destination.idle.isEmpty {
            var kept: Deque<Destination.Idle> = []
            for idle in destination.idle {
                if idle.expires.hasPassed { idle.continuation.resume(returning: nil) } else { kept.append(idle) }
            }
            destinations[name]?.idle = kept
        }
        serveAfterTrouble()
    }

    /// Once the store takes settlements again, what waited meanwhile is served.
    private func serveAfterTrouble() {
        guard parts.unsettled.isEmpty else {
            isHeldBack = true
            return
        }
        guard isHeldBack else { return }
        isHeldBack = false
        for (name, destination) in destinations where !destination.ready.isEmpty { serve(name) }
    }

    // MARK: The end

    /// Starts nothing more, lets go of idle connections, waits for deliveries under way, and cuts off what is left after
    /// `limit`: it stays in the queue.
    func drain(within limit: Duration, on loop: Loop) async {
        isDraining = true
        parts.stopping.set()
        for (name, destination) in destinations {
            for idle in destination.idle { idle.continuation.resume(returning: nil) }
            destinations[name]?.idle = []
            destinations[name]?.ready = []
        }
        line = []
        let deadline = Deadline.after(limit)
        while !tasks.isEmpty, !deadline.hasPassed {
            guard (try? await loop.sleep(until: .after(.milliseconds(20)))) != nil else { break }
        }
        for open in parts.open.all { open.close() }
        await parts.resolver.close()
        for task in Array(tasks.values) { await task.value }
    }

    /// For `relayctl status`.
    var summary: (active: Int, backedOff: Int) {
        let active = destinations.values.count { $0.workers > 0 || !$0.ready.isEmpty }
        return (active, destinations.values.count(where: \.window.isDown))
    }
}
