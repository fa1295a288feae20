import DequeModule
import Logging
import Mail
import Net
import Store

/// Who delivers: connections of a destination, of the site its hosts are, and of the whole daemon.
extension Dispatcher {
    /// Gives what is ready to deliveries, as far as all limits allow: first to those that keep a connection open, then to
    /// new ones.
    func serve(_ destination: Destination) {
        guard !isDraining else { return }
        guard parts.unsettled.isEmpty else {
            isHeldBack = true
            return
        }
        while !destination.ready.isEmpty {
            guard let (job, ticket) = admitted(at: destination) else { return }
            if job.isAbandoned {
                if let ticket { destination.window.released(ticket) }
                release(job)
            } else {
                assign(job, ticket, destination)
            }
        }
    }

    /// The job whose turn it is, where everything allows to begin with it now; else whatever is in the way rings later.
    private func admitted(at destination: Destination) -> (Job, DestinationWindow.Ticket?)? {
        let now = parts.clock()
        if let suspension = parts.terms.orders.suspension(of: destination.name, at: now) {
            putBack(destination, because: suspension.reasonInWords)
            return nil
        }
        if let until = destination.restsUntil, until > now {
            putBack(destination, because: destination.failure ?? Self.unknownFailure)
            passes.wake(at: until)
            return nil
        }
        if destination.idle.isEmpty {
            // Each has a connection, or is between two messages: it takes the next by itself.
            guard destination.workers < destination.window.width else { return nil }
            guard workers < parts.configuration.delivery.connectionLimit else {
                standInLine(destination)
                return nil
            }
            if let site = destination.site, site.isFull {
                standInLine(destination, of: site)
                return nil
            }
        }
        switch destination.window.admit(at: now) {
        case .full:
            return nil
        case .down(let until):
            let failure = destination.failure ?? Self.unknownFailure
            putBack(destination, but: { $0.goesPast(failure) }, because: failure)
            passes.wake(at: until)
            // They go past the window, but not all at once.
            guard destination.workers < DestinationWindow.firstWidth else { return nil }
            return destination.ready.popFirst().map { ($0, nil) }
        case .go(let ticket):
            if let wait = paceWait(of: destination) {
                destination.window.released(ticket)
                pause(destination, for: wait)
                return nil
            }
            guard let job = destination.ready.popFirst() else {
                destination.window.released(ticket)
                return nil
            }
            return (job, ticket)
        }
    }

    /// Milliseconds until the rates of the destination and its site allow one more message; nil for now, which is taken.
    private func paceWait(of destination: Destination) -> Int64? {
        guard destination.pace != nil || destination.site?.pace != nil else { return nil }
        let now = Deadline.now.milliseconds
        var pace = destination.pace
        if let later = pace?.admit(at: now) { return later - now }
        if let later = destination.site?.pace?.admit(at: now) { return later - now }
        destination.pace = pace
        return nil
    }

    /// In slices, so that neither the end nor a new rate waits for a long one.
    private func pause(_ destination: Destination, for milliseconds: Int64) {
        guard !destination.isPaced, !isDraining else { return }
        destination.isPaced = true
        let number = newTask()
        let (loop, name) = (loops.next(), destination.name)
        tasks[number] = Task(executorPreference: loop) {
            _ = await loop.pause(.milliseconds(min(max(1, milliseconds), Self.paceSlice)))
            await self.resume(name, number)
        }
    }

    private func resume(_ name: String, _ task: Int) {
        forget(task)
        guard let destination = destinations[name] else { return }
        destination.isPaced = false
        serve(destination)
    }

    /// Milliseconds.
    private static let paceSlice: Int64 = 1000
    /// Messages that a delivery takes in a row while others stand in line for a connection.
    private static let turn = 20

    private func standInLine(_ destination: Destination) {
        guard !destination.isInLine else { return }
        destination.isInLine = true
        line.append(destination)
        endOneIdle()
    }

    private func standInLine(_ destination: Destination, of site: Site) {
        guard !destination.isInSiteLine else { return }
        destination.isInSiteLine = true
        site.line.append(destination)
        // A connection to the site that lies idle is in its way.
        endOneIdle { $0.site === site }
    }

    private func assign(_ job: Job, _ ticket: DestinationWindow.Ticket?, _ destination: Destination) {
        let assignment = Assignment(job: job, ticket: ticket, family: destination.family)
        memory.began(job)
        if let idle = destination.idle.popLast() {
            idle.continuation.resume(returning: assignment)
        } else {
            destination.workers += 1
            start(assignment, destination)
        }
    }

    /// A connection that lies idle is in the way of a destination that has none.
    private func endOneIdle(where fits: (Destination) -> Bool = { _ in true }) {
        for name in idling {
            guard let holder = destinations[name], let idle = holder.idle.popFirst() else {
                idling.remove(name)
                continue
            }
            guard fits(holder) else {
                holder.idle.prepend(idle)
                continue
            }
            return idle.continuation.resume(returning: nil)
        }
    }

    private func start(_ first: Assignment, _ destination: Destination) {
        workers += 1
        destination.site?.inUse += 1
        let number = newTask()
        let loop = loops.next()
        let name = destination.name
        let place = SitePlace(destination.site)
        let generation = generation
        tasks[number] = Task(executorPreference: loop) { [parts, recorder] in
            let delivery = Delivery(parts: parts, loop: loop)
            var next: Assignment? = first
            var served = 0
            while let current = next {
                let attempt = await delivery.attempt(current.job, preferring: current.family) { terms in
                    await self.enter(terms, name, place, generation)
                }
                switch attempt {
                case .noPlace:
                    await self.gaveBack(current)
                    next = nil
                case .resting(let until, let reason):
                    await self.rests(current, until: until, because: reason)
                    next = nil
                case .made(let made):
                    let (job, result) = made.worthRecording(of: current.job, isStopping: parts.stopping.isSet)
                    let recorded = await recorder.record(job, result)
                    await self.settled(current, result, recorded)
                    served += 1
                    next = await self.next(name, canServeMore: delivery.canServeMore, generation, served: served)
                }
            }
            await delivery.end()
            await self.ended(name, number, place)
        }
    }

    // MARK: Sites

    /// A delivery has found which hosts it goes to, and asks for a place there.
    /// - Returns: false where the site has no place left, or its rate none: the job is to be given back.
    private func enter(_ terms: SiteTerms, _ name: String, _ place: SitePlace, _ generation: Int) -> Bool {
        // By limits of before: they end with their job.
        guard generation == self.generation else { return true }
        if let site = place.site, site.name == terms.name { return true }
        let site = sites[terms.name] ?? Site(terms)
        sites[terms.name] = site
        if let destination = destinations[name] { assign(site, to: destination) }
        // From now on the destination asks both before it begins.
        if site.isFull || site.pace?.admit(at: Deadline.now.milliseconds) != nil {
            forget(site)
            return false
        }
        let old = place.site
        site.inUse += 1
        place.site = site
        old.map(leave)
        return true
    }

    /// The destination goes to the hosts of `site`.
    func assign(_ site: Site?, to destination: Destination) {
        guard destination.site !== site else { return }
        let old = destination.site
        old?.members -= 1
        site?.members += 1
        destination.site = site
        old.map(forget)
    }

    private func leave(_ site: Site) {
        site.inUse -= 1
        while !site.isFull, let next = site.line.popFirst() {
            next.isInSiteLine = false
            serve(next)
        }
        forget(site)
    }

    private func forget(_ site: Site) {
        if site.isForgettable, sites[site.name] === site { sites[site.name] = nil }
    }

    /// The job was not begun: its site has no place.
    private func gaveBack(_ assignment: Assignment) {
        memory.ended(assignment.job)
        let job = assignment.job
        guard let destination = destinations[job.destination], !isDraining else {
            job.awaited?.answer(job, Self.stopped)
            return release(job)
        }
        if let ticket = assignment.ticket { destination.window.released(ticket) }
        guard isOnItsWay(job) else {
            release(job)
            return passes.hasMoreOnDisk = true
        }
        destination.ready.prepend(job, lane: job.lane)
    }

    /// The job was not begun: the hosts of its destination rest. That counts neither against the message nor against the
    /// destination: it waits for the end of the rest.
    private func rests(_ assignment: Assignment, until: WallTime, because reason: Reason) {
        memory.ended(assignment.job)
        let job = assignment.job
        release(job)
        guard let destination = destinations[job.destination] else { return }
        if let ticket = assignment.ticket { destination.window.released(ticket) }
        destination.restsUntil = until
        destination.failure = reason
        shut.insert(destination.name)
        passes.wake(at: until)
        if let awaited = job.awaited { return awaited.answer(job, .deferred(reason, nil)) }
        if job.recipients.allSatisfy({ $0.attempts == 0 }) {
            recorder.tell(job, waitsFor: reason, until: .closed(until: until))
        }
        overflow(destination)
        putBack(destination, because: reason)
    }

    // MARK: What came of it

    private func settled(_ done: Assignment, _ result: AttemptResult, _ recorded: OutcomeRecorder.Recorded) {
        memory.ended(done.job)
        release(done.job)
        // Whom the attempt said nothing about: it was cut off by our end.
        done.job.awaited?.answer(done.job, Self.stopped)
        passes.wake(at: recorded.nextAttempts)
        if !recorded.isWritten { passes.hasMoreOnDisk = true }
        if passes.isLate(for: recorded.nextAttempts) { loader.ring() }
        if let destination = destinations[done.job.destination] {
            if let ticket = done.ticket { note(result, of: done.job, ticket, destination) }
            destination.delivered.add(result.deliveredCount, at: parts.clock())
            destination.lastLevel = result.levelInWords ?? destination.lastLevel
            serve(destination)
            askForMore(destination)
        }
        submit(recorded.notices)
    }

    /// What the end of an attempt says about the destination.
    private func note(
        _ result: AttemptResult, of job: Job, _ ticket: DestinationWindow.Ticket, _ destination: Destination
    ) {
        let wasDown = destination.window.isDown
        if let failure = result.destinationFailure, job.isAlone(in: failure) {
            destination.window.released(ticket)
        } else if let failure = result.destinationFailure {
            var generator = SystemRandomNumberGenerator()
            destination.window.failed(ticket, at: parts.clock(), using: &generator)
            destination.failure = failure
        } else {
            destination.window.succeeded(ticket)
            destination.failure = result.lastReason
            destination.restsUntil = nil
            destination.family = result.family ?? destination.family
        }
        tell(destination, wasDown: wasDown)
    }

    /// Says once that a destination is down, and when it is back: the messages that wait for it say nothing each.
    private func tell(_ destination: Destination, wasDown: Bool) {
        if destination.window.isDown { shut.insert(destination.name) }
        switch (wasDown, destination.opening(at: parts.clock())) {
        case (false, .closed(let until)):
            log.event(
                .notice,
                LogLine("destination-down").with("destination", destination.name)
                    .with("cause", destination.failure?.cause.rawValue).with("next", until.rfc3339)
                    .with("reason", destination.failure?.detail))
        case (true, .open):
            log.event(.notice, LogLine("destination-up").with("destination", destination.name))
            // What waited on disk may come.
            if destination.hasMoreOnDisk { loader.ring() }
        case (true, .closed(let until)):
            passes.wake(at: until)
        default: break
        }
    }

    /// The next job for a delivery that settled one. Where there is none it waits, if its connection can serve more and
    /// nobody stands in line for a connection.
    private func next(
        _ name: String, canServeMore: Bool, _ generation: Int, served: Int
    ) async -> Assignment? {
        guard !isDraining, generation == self.generation, let destination = destinations[name] else { return nil }
        if served >= Self.turn, !line.isEmpty || destination.site?.line.isEmpty == false { return nil }
        if !parts.unsettled.isEmpty {
            isHeldBack = true
        } else if parts.terms.orders.suspension(of: name, at: parts.clock()) == nil, !destination.ready.isEmpty,
            case .go(let ticket) = destination.window.admit(at: parts.clock())
        {
            if let wait = paceWait(of: destination) {
                destination.window.released(ticket)
                pause(destination, for: wait)
            } else if let job = nextWanted(at: destination) {
                memory.began(job)
                return Assignment(job: job, ticket: ticket, family: destination.family)
            } else {
                destination.window.released(ticket)
            }
        }
        guard canServeMore, line.isEmpty, destination.site?.line.isEmpty ?? true else { return nil }
        let expires = Deadline.after(parts.configuration.delivery.idleTimeout)
        return await withCheckedContinuation { continuation in
            destination.idle.append(Destination.Idle(continuation: continuation, expires: expires))
            idling.insert(name)
        }
    }

    /// The job whose turn it is; those whose clients gave up are let go of.
    private func nextWanted(at destination: Destination) -> Job? {
        while let job = destination.ready.popFirst() {
            if !job.isAbandoned { return job }
            release(job)
        }
        return nil
    }

    private func ended(_ name: String, _ number: Int, _ place: SitePlace) {
        workers -= 1
        tasks[number] = nil
        destinations[name]?.workers -= 1
        if let site = place.site { leave(site) }
        while workers < parts.configuration.delivery.connectionLimit, let next = line.popFirst() {
            next.isInLine = false
            serve(next)
        }
        guard let destination = destinations[name] else { return }
        serve(destination)
        askForMore(destination)
    }

    /// Rings the loader where there is room again for what lies on disk.
    func askForMore(_ destination: Destination) {
        let isWanted =
            destination.hasMoreOnDisk && destination.ready.count < ReadyMemory.destinationReadyLimit / 2
            && destination.opening(at: parts.clock()) == .open
        if memory.hasRoom, isWanted || passes.hasMoreOnDisk { loader.ring() }
    }

    // MARK: Time

    /// Ends deliveries that kept a connection open for nothing. Called about once a second.
    func expireIdle() {
        passes.rotate(at: parts.clock())
        for name in idling {
            guard let destination = destinations[name], !destination.idle.isEmpty else {
                idling.remove(name)
                continue
            }
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
}

/// The place of one delivery at a site. Touched by the dispatcher only, once it is made.
final class SitePlace: @unchecked Sendable {
    // @unchecked Sendable because every access is within the dispatcher.
    var site: Site?

    init(_ site: Site?) { self.site = site }
}

extension AttemptResult {
    var deliveredCount: Int {
        recipients.count { if case .delivered = $0.outcome { true } else { false } }
    }

    /// Why the last recipient that was not delivered was not.
    var lastReason: Reason? { recipients.last { $0.outcome.reason != nil }?.outcome.reason }

    /// How the host that took part proved itself: `dane`, `webpki`, `encrypted`, `none`.
    var levelInWords: String? { recipients.lazy.compactMap(\.trace.verified).first?.rawValue }
}
