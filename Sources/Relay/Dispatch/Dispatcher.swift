import DNS
import DequeModule
import Logging
import Mail
import Net
import Store

/// Chooses what is due and who delivers it: station 4.
///
/// A destination is the next-hop domain. Each has its own window of connections and its own back-off, so that a dead one
/// costs others nothing: what waits for it stays on disk, untouched, until one probe has come through. Fresh mail comes
/// from memory; what waits on disk is loaded by `QueueLoader` when its time has come. What is in memory is bounded over
/// all, for each destination and for each sender, and a part of each bound is kept for senders with little mail, so that
/// none with much of it can be in their way.
actor Dispatcher {
    var parts: DeliveryParts
    var recorder: OutcomeRecorder
    let loops: LoopGroup
    let loader: Alarm
    let log: Logger
    var destinations: [String: Destination] = [:]
    var sites: [String: Site] = [:]
    /// Destinations of which due mail lies on disk.
    var overflowing: Set<String> = []
    /// Those that may be down, or full in memory: only these are to be passed over on disk.
    var shut: Set<String> = []
    /// Those that may keep an idle connection open.
    var idling: Set<String> = []
    var memory = ReadyMemory()
    var workers = 0
    /// Destinations that wait for one of the connections of the whole daemon.
    var line: Deque<Destination> = []
    var tasks: [Int: Task<Void, Never>] = [:]
    private var nextTask = 0
    var isDraining = false
    /// True where something was not started because settlements could not be written.
    var isHeldBack = false
    /// Rises with each change of the configuration: a delivery ends its connection when it belongs to an older one.
    var generation = 0
    var passes = PassBook()
    /// Under way: see ``settleOverdue(_:)``.
    var lastTryTasks = 0

    init(parts: DeliveryParts, loops: LoopGroup, recorder: OutcomeRecorder, loader: Alarm, log: Logger) {
        self.parts = parts
        self.loops = loops
        self.recorder = recorder
        self.loader = loader
        self.log = log
    }

    /// Another configuration holds from now on: deliveries begin with it. Those under way keep what they began with, and end
    /// their connection after the message they have. Where mail goes another way now, what waits in memory is read from
    /// disk again.
    func adopt(_ new: DeliveryParts, _ recorder: OutcomeRecorder) {
        let isRerouted = new.terms.routing != parts.terms.routing
        parts = new
        self.recorder = recorder
        generation += 1
        // Their limits may be others: whoever is under way gives back the place it took at the site of before.
        sites = [:]
        for destination in destinations.values {
            let limits = parts.limits(of: destination.name)
            destination.window.adopt(parts.newWindow(limit: limits.connections))
            destination.pace = limits.rate.map { Pace($0) }
            destination.site = nil
            destination.isInSiteLine = false
            for idle in destination.idle { idle.continuation.resume(returning: nil) }
            destination.idle = []
            guard isRerouted else { continue }
            for job in destination.ready.removeAll(where: { $0.awaited == nil }) { release(job) }
        }
        if isRerouted { wantAllDue() }
        for destination in Array(destinations.values) where !destination.ready.isEmpty { serve(destination) }
    }

    // MARK: What comes in

    /// Takes fresh jobs whose messages are in the store. Where memory is full they are left to the loader.
    func submit(_ new: [Job]) {
        for var job in new {
            // The loader may have seen the committed row before the session was resumed.
            job.recipients.removeAll { memory.holds($0.number) || passes.hasSeen($0.number) }
            if !job.recipients.isEmpty { take(job) }
        }
    }

    /// Takes jobs read from disk.
    /// - Returns: false where memory is full: the rest stays on disk.
    func load(_ loaded: [Job]) -> Bool {
        for var job in loaded {
            if isDraining || memory.isFull { return false }
            // A session may have handed the same over while the message was read.
            job.recipients.removeAll { isKnown($0.number) }
            if job.recipients.isEmpty { continue }
            for recipient in job.recipients where recipient.attempts == 0 { passes.see(recipient.number) }
            take(job)
        }
        return true
    }

    /// Where fresh mail must wait from the start, the log says so once.
    private func take(_ job: Job) {
        guard !isDraining, memory.admits(job.lane), isOnItsWay(job) else {
            if let awaited = job.awaited { return awaited.answer(job, isDraining ? Self.stopped : Self.overloaded) }
            passes.hasMoreOnDisk = true
            return
        }
        guard let destination = destination(job.destination) else {
            if let awaited = job.awaited { return awaited.answer(job, Self.overloaded) }
            // Not at once: there will be room when some of the many that are down are up again.
            passes.lookAgain(at: parts.clock().advanced(by: QueueLoader.interval))
            return
        }
        if let why = obstacle(to: job, at: destination) {
            if let awaited = job.awaited { return awaited.answer(job, .deferred(why, nil)) }
            if job.isFresh { recorder.tell(job, waitsFor: why, until: destination.opening(at: parts.clock())) }
            return overflow(destination)
        }
        if destination.ready.count >= ReadyMemory.destinationReadyLimit { shut.insert(destination.name) }
        guard ReadyMemory.admits(job.lane, at: destination) else {
            if let awaited = job.awaited { return awaited.answer(job, Self.overloaded) }
            return overflow(destination)
        }
        var job = job
        if !memory.hold(&job) { return job.awaited?.answer(job, Self.overloaded) ?? () }
        destination.ready.append(job, lane: job.lane)
        serve(destination)
    }

    /// It goes where the routes of now send it: it may have been made under those of before.
    func isOnItsWay(_ job: Job) -> Bool {
        guard let recipient = job.recipients.first else { return false }
        return parts.terms.routing.nextHop(for: recipient.mailbox.domain) == job.nextHop
    }

    /// Why mail for it is better left on disk now; nil where it may come.
    private func obstacle(to job: Job, at destination: Destination) -> Reason? {
        let now = parts.clock()
        if let suspension = parts.terms.orders.suspension(of: destination.name, at: now) {
            return suspension.reasonInWords
        }
        switch destination.opening(at: now) {
        case .open: return nil
        // One is enough to find out.
        case .probe where destination.ready.isEmpty: return nil
        case .probe, .closed:
            let failure = destination.failure ?? Self.unknownFailure
            return job.goesPast(failure) ? nil : failure
        }
    }

    /// Mail of it lies on disk: the loader is to look there when there is room or time.
    func overflow(_ destination: Destination) {
        destination.hasMoreOnDisk = true
        overflowing.insert(destination.name)
    }

    /// The destination of that name, or nil where so many are down or overflowing that no more can be remembered.
    func destination(_ name: String) -> Destination? {
        if let known = destinations[name] { return known }
        if destinations.count >= ReadyMemory.destinationLimit {
            // One that is down is remembered: that is what its back-off is for.
            if let victim = destinations.first(where: { $0.value.isForgettable })?.value {
                assign(nil, to: victim)
                destinations[victim.name] = nil
            } else if destinations.count >= 2 * ReadyMemory.destinationLimit {
                return nil
            }
        }
        let limits = parts.limits(of: name)
        let new = Destination(
            name: name, window: parts.newWindow(limit: limits.connections), pace: limits.rate.map(Pace.init))
        destinations[name] = new
        return new
    }

    /// Lets go of a job: it is settled, or lies on disk.
    func release(_ job: Job) {
        memory.release(job)
        passes.noteReleased(job.recipients.map(\.number))
    }

    /// Lets go of all that wait in memory for a destination that takes none of it now. The log says so of what is fresh: nothing else
    /// would say of it before its first attempt.
    /// - Parameter leaves: those that stay.
    func putBack(_ destination: Destination, but leaves: (Job) -> Bool = { _ in false }, because reason: Reason) {
        var answered: [Job] = []
        let opening = destination.opening(at: parts.clock())
        for job in destination.ready.removeAll(where: { !leaves($0) }) {
            release(job)
            guard job.awaited == nil else {
                answered.append(job)
                continue
            }
            if job.isFresh { recorder.tell(job, waitsFor: reason, until: opening) }
            overflow(destination)
        }
        for job in answered { job.awaited?.answer(job, .deferred(reason, nil)) }
    }

    /// A number for a task that ``drain(until:on:)`` waits for.
    func newTask() -> Int {
        defer { nextTask += 1 }
        return nextTask
    }

    func forget(_ task: Int) { tasks[task] = nil }

    /// Told to clients that wait for a delivery which does not begin.
    static let stopReason = Reason(.shutdown, "the relay is stopping: try again")
    static let stopped = Outcome.deferred(stopReason, nil)
    static let overloaded = Outcome.deferred(
        Reason(.localFailure, "too many messages wait for their delivery: try again later"), nil)
    static let unknownFailure = Reason(.connectFailed, "the destination was found dead a short while ago")

    // MARK: The end

    /// Starts nothing more, lets go of idle connections, ends lookups and connects, waits for deliveries that have a connection, and at
    /// `deadline` cuts off what is left. What was not handed over stays in the queue.
    func drain(until deadline: Deadline, on loop: Loop) async {
        isDraining = true
        parts.stopping.set()
        for destination in destinations.values {
            for idle in destination.idle { idle.continuation.resume(returning: nil) }
            destination.idle = []
            for job in destination.ready.removeAll(where: { _ in true }) { job.awaited?.answer(job, Self.stopped) }
        }
        line = []
        parts.open.refuseNew()
        // Who still looks something up has no connection, and gets none any more: what it is told now ends it. Policies before the
        // resolver, so that what fails with it counts against no domain.
        // It is not waited for until policies are written down: a disk may take longer than the end has.
        await parts.policies.letGo()
        await parts.resolver.close()
        while !tasks.isEmpty, !deadline.hasPassed {
            guard await loop.pause(.milliseconds(20)) else { break }
        }
        parts.open.cut()
        for task in Array(tasks.values) { await task.value }
    }
}

extension Suspension {
    /// For a sender's client that waits, and for notices.
    var reasonInWords: Reason {
        let why = reason.isEmpty ? "" : ": \(reason)"
        return Reason(.suspended, "mail to \(destination) is held back by the operator of this relay\(why)")
    }
}
