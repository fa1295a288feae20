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

    private var parts: DeliveryParts
    private let loops: LoopGroup
    private var recorder: OutcomeRecorder
    private var generation = 0  // Of ``parts``.
    private let loader: Alarm
    private var destinations: [String: Destination] = [:]
    /// Recipients that are in memory: the loader leaves them alone.
    private var held: Set<RecipientNumber> = []
    private var jobs = 0
    private var contentOctets = 0
    private var workers = 0
    /// Destinations that wait for one of the connections of the whole daemon.
    private var line: Deque<Destination> = []
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
    /// The time up to which the last pass asked for what is due.
    private(set) var lookedAt = WallTime(seconds: .min)
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

    /// Those of a page from disk that are not in memory, and were not since the pass began: of the others it says nothing.
    func wanted(_ page: [DueRecipient]) -> [DueRecipient] {
        page.filter { !isKnown($0.number) }
    }

    /// Takes jobs read from disk.
    /// - Returns: false where memory is full: the rest stays on disk.
    func load(_ loaded: [Job]) -> Bool {
        for var job in loaded {
            if jobs >= Self.readyLimit || isDraining { return false }
            // A session may have handed the same over while the message was read.
            job.recipients.removeAll { isKnown($0.number) }
            if job.recipients.isEmpty { continue }
            for recipient in job.recipients where recipient.attempts == 0 { loadedYoung.insert(recipient.number) }
            take(job)
        }
        return true
    }

    private func isKnown(_ recipient: RecipientNumber) -> Bool {
        held.contains(recipient) || releasedInPass?.contains(recipient) == true
    }

    /// The loader begins a pass: what comes to lie on disk only from now on is the next pass's.
    func beginPass(at time: WallTime) {
        lookedAt = time
        hasMoreOnDisk = false
        releasedInPass = []
        wakes = wakes.filter { $0 > time.seconds }
        planned = nil
    }

    /// - Parameter isWhole: false where the pass did not get to the end of what is due.
    func endPass(isWhole: Bool) {
        releasedInPass = nil
        if !isWhole { hasMoreOnDisk = true }
    }

    private func take(_ job: Job) {
        guard !isDraining, jobs < Self.readyLimit else {
            if let awaited = job.awaited { return awaited.answer(job, isDraining ? Self.stopped : Self.overloaded) }
            hasMoreOnDisk = true
            return
        }
        let destination = destination(job.destination)
        guard destination.ready.count < Self.destinationReadyLimit else {
            if let awaited = job.awaited { return awaited.answer(job, Self.overloaded) }
            destination.hasMoreOnDisk = true
            return
        }
        var job = job
        if let content = job.content {
            if contentOctets + content.count > Self.contentLimit {
                if let awaited = job.awaited { return awaited.answer(job, Self.overloaded) }
                job.content = nil
            } else {
                contentOctets += content.count
            }
        }
        jobs += 1
        for recipient in job.recipients { held.insert(recipient.number) }
        destination.ready.append(job)
        serve(destination)
    }

    private func destination(_ name: String) -> Destination {
        if let known = destinations[name] { return known }
        // One that is down is remembered: that is what its back-off is for.
        if destinations.count >= Self.destinationLimit,
            let victim = destinations.first(where: { $0.value.isForgettable })?.key
        {
            destinations[victim] = nil
        }
        let new = Destination(name: name, window: parts.newWindow())
        destinations[name] = new
        return new
    }

    // MARK: Who delivers

    /// Gives what is ready to deliveries, as far as the destination's window and the daemon's limit allow: first to those
    /// that keep a connection open, then to new ones.
    private func serve(_ destination: Destination) {
        guard !isDraining else { return }
        guard parts.unsettled.isEmpty else {
            isHeldBack = true
            return
        }
        while let job = destination.ready.first {
            if job.isAbandoned {
                destination.ready.removeFirst()
                release(job)
                continue
            }
            guard !destination.idle.isEmpty || workers < parts.configuration.delivery.connectionLimit else {
                if !destination.isInLine {
                    destination.isInLine = true
                    line.append(destination)
                    releaseOneIdle()
                }
                return
            }
            switch destination.window.admit(at: parts.clock()) {
            case .full:
                return
            case .down(let until):
                let failure = destination.failure ?? Self.unknownFailure
                let refused = destination.ready.filter { !$0.goesPast(failure) }
                destination.ready.removeAll { !$0.goesPast(failure) }
                if !refused.isEmpty { putOff(Array(refused), because: failure, until: until) }
                guard let free = destination.ready.popFirst() else { return }
                assign(free, nil, destination)
            case .go(let ticket):
                destination.ready.removeFirst()
                assign(job, ticket, destination)
            }
        }
    }

    private func assign(_ job: Job, _ ticket: DestinationWindow.Ticket?, _ destination: Destination) {
        let assignment = Assignment(job: job, ticket: ticket, family: destination.family)
        if let idle = destination.idle.popLast() {
            idle.continuation.resume(returning: assignment)
        } else {
            destination.workers += 1
            start(assignment, destination)
        }
    }

    /// A connection that lies idle is in the way of a destination that has none.
    private func releaseOneIdle() {
        guard let holder = destinations.values.first(where: { !$0.idle.isEmpty }) else { return }
        holder.idle.popFirst()?.continuation.resume(returning: nil)
    }

    /// Told to clients that wait for a delivery which does not begin.
    private static let stopped = Outcome.deferred(Reason(.shutdown, "the relay is stopping: try again"), nil)
    private static let overloaded = Outcome.deferred(
        Reason(.localFailure, "too many messages wait for their delivery: try again later"), nil)

    private static let unknownFailure = Reason(.connectFailed, "the destination was found dead a short while ago")

    private func start(_ first: Assignment, _ destination: Destination) {
        workers += 1
        let number = nextTask
        nextTask += 1
        let loop = loops.next()
        let name = destination.name
        tasks[number] = Task(executorPreference: loop) { [parts, recorder, generation] in
            let delivery = Delivery(parts: parts, loop: loop)
            var next: Assignment? = first
            while let current = next {
                let (job, result) = await delivery.attempt(current.job, preferring: current.family)
                    .worthRecording(of: current.job, isStopping: parts.stopping.isSet)
                let recorded = await recorder.record(job, result)
                await self.settled(current, result, recorded)
                next = await self.next(name, generation, canServeMore: delivery.canServeMore)
            }
            await delivery.end()
            await self.ended(name, number)
        }
    }

    private func settled(_ done: Assignment, _ result: AttemptResult, _ recorded: OutcomeRecorder.Recorded) {
        release(done.job)
        // Whom the attempt said nothing about: it was cut off by our end.
        done.job.awaited?.answer(done.job, Self.stopped)
        noteWakes(recorded)
        let destination = destination(done.job.destination)
        if let ticket = done.ticket { note(result, of: done.job, ticket, destination) }
        submit(recorded.notices)
        serve(destination)
        askForMore(destination)
    }

    /// What the end of an attempt says about the destination.
    private func note(
        _ result: AttemptResult, of job: Job, _ ticket: DestinationWindow.Ticket, _ destination: Destination
    ) {
        if let failure = result.destinationFailure, job.isAlone(in: failure) {
            destination.window.released(ticket)
        } else if let failure = result.destinationFailure {
            var generator = SystemRandomNumberGenerator()
            destination.window.failed(ticket, at: parts.clock(), using: &generator)
            destination.failure = failure
        } else {
            destination.window.succeeded(ticket)
            destination.failure = nil
            destination.family = result.family ?? destination.family
        }
    }

    /// Rings the loader where there is room again for what lies on disk.
    private func askForMore(_ destination: Destination) {
        if destination.hasMoreOnDisk, destination.ready.count < Self.destinationReadyLimit / 2 {
            destination.hasMoreOnDisk = false
            hasMoreOnDisk = true
        }
        if hasMoreOnDisk, jobs < Self.readyLimit / 2 { loader.ring() }
    }

    /// Destinations whose part of memory is full: the loader passes over their mail, and is rung when there is room.
    func passOverFull() -> [String] {
        let full = destinations.values.filter { $0.ready.count >= Self.destinationReadyLimit }
        for destination in full { destination.hasMoreOnDisk = true }
        return full.map(\.name)
    }

    /// The next job for a delivery that settled one. Where there is none it waits, if its connection can serve more and
    /// nobody stands in line for a connection.
    private func next(_ name: String, _ begun: Int, canServeMore: Bool) async -> Assignment? {
        guard !isDraining, begun == generation else { return nil }
        let destination = destination(name)
        while let job = destination.ready.first, job.isAbandoned {
            destination.ready.removeFirst()
            release(job)
        }
        if !parts.unsettled.isEmpty {
            isHeldBack = true
        } else if let job = destination.ready.first,
            case .go(let ticket) = destination.window.admit(at: parts.clock())
        {
            destination.ready.removeFirst()
            return Assignment(job: job, ticket: ticket, family: destination.family)
        }
        guard canServeMore, line.isEmpty else { return nil }
        let expires = Deadline.after(parts.configuration.delivery.idleTimeout)
        return await withCheckedContinuation { continuation in
            destination.idle.append(Destination.Idle(continuation: continuation, expires: expires))
        }
    }

    private func ended(_ name: String, _ number: Int) {
        workers -= 1
        tasks[number] = nil
        let destination = destination(name)
        destination.workers -= 1
        serve(destination)
        while workers < parts.configuration.delivery.connectionLimit, let next = line.popFirst() {
            next.isInLine = false
            serve(next)
        }
        askForMore(destination)
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
        askForMore(destination(job.destination))
    }

    private func forget(_ task: Int) { tasks[task] = nil }

    // MARK: Time

    private func noteWakes(_ record: OutcomeRecorder.Recorded) {
        for time in record.nextAttempts { wakes.insert(time.seconds) }
        if let planned, let next = record.nextAttempts.min(), next < planned { loader.ring() }
    }

    /// When the loader must look at the disk again, at the latest in `seconds`. `nextOnDisk` is when the first recipient on
    /// disk becomes due that was not when the last pass looked: those that were are in memory.
    func nextPass(within seconds: Int64, nextOnDisk: WallTime?) -> WallTime {
        let now = parts.clock()
        if hasMoreOnDisk, jobs < Self.readyLimit / 2 { return now }
        if wakes.contains(where: { $0 <= now.seconds }) { return now }
        let latest = now.advanced(by: seconds)
        if let planned, planned <= now { return now }
        // A clock that was set back must not put off the next look.
        let wake = wakes.min().map(WallTime.init(seconds:))
        let next = min(planned ?? latest, latest, wake ?? latest, nextOnDisk ?? latest)
        planned = next
        return next
    }

    /// Ends deliveries that kept a connection open for nothing. Called about once a second.
    func expireIdle() {
        loadedYoung.rotate(at: parts.clock())
        for destination in destinations.values where !destination.idle.isEmpty {
            var kept: Deque<Destination.Idle> = []
            for idle in destination.idle {
                if idle.expires.hasPassed { idle.continuation.resume(returning: nil) } else { kept.append(idle) }
            }
            destination.idle = kept
        }
        serveAfterTrouble()
    }

    /// Once the store takes settlements again, what waited meanwhile is served.
    private func serveAfterTrouble() {
        guard isHeldBack, parts.unsettled.isEmpty else { return }
        isHeldBack = false
        for destination in Array(destinations.values) where !destination.ready.isEmpty { serve(destination) }
    }

    /// The client that waited for these jobs gave up: those that wait are let go of, those under way end before the final dot.
    func forget(_ abandoned: [Job]) {
        for name in Set(abandoned.map(\.destination)) {
            guard let destination = destinations[name] else { continue }
            for job in destination.ready where job.isAbandoned { release(job) }
            destination.ready.removeAll(where: \.isAbandoned)
        }
    }

    // MARK: New settings

    /// For deliveries that begin from now on; those under way end with their job. Where mail goes another way now, what waits
    /// in memory is read from disk again.
    func adopt(_ new: DeliveryParts, _ recorder: OutcomeRecorder) {
        let isRerouted = new.routing != parts.routing
        parts = new
        self.recorder = recorder
        generation += 1
        for destination in destinations.values {
            destination.window.adopt(new.newWindow())
            for idle in destination.idle { idle.continuation.resume(returning: nil) }
            destination.idle = []
            guard isRerouted else { continue }
            for job in destination.ready where job.awaited == nil { release(job) }
            hasMoreOnDisk = true
            destination.ready.removeAll { $0.awaited == nil }
        }
        if isRerouted { loader.ring() }
        for destination in Array(destinations.values) where !destination.ready.isEmpty { serve(destination) }
    }

    // MARK: The end

    /// Starts nothing more, lets go of idle connections, waits for deliveries under way, and at `deadline` cuts off what is
    /// left: it stays in the queue.
    func drain(until deadline: Deadline, on loop: Loop) async {
        isDraining = true
        parts.stopping.set()
        for destination in destinations.values {
            for idle in destination.idle { idle.continuation.resume(returning: nil) }
            destination.idle = []
            for job in destination.ready { job.awaited?.answer(job, Self.stopped) }
            destination.ready = []
        }
        line = []
        while !tasks.isEmpty, !deadline.hasPassed {
            guard await loop.pause(.milliseconds(20)) else { break }
        }
        parts.open.cut()
        // Before the resolver, so that what fails with it counts against no domain.
        await parts.policies.close()
        await parts.resolver.close()
        for task in Array(tasks.values) { await task.value }
    }

    /// For `relayctl status`.
    var summary: (active: Int, backedOff: Int) {
        let active = destinations.values.count { $0.workers > 0 || !$0.ready.isEmpty }
        return (active, destinations.values.count(where: \.window.isDown))
    }
}
