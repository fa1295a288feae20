import DequeModule
import Logging
import Mail
import Net
import Store

/// What came of a delivery, and what its worker does next.
extension Dispatcher {
    /// What the delivery that settled a job does next. Where its destination has more it takes the first of that itself, rather than wake
    /// another; where there is none it waits, if its connection can serve more and nobody stands in line for a connection.
    /// - Parameter served: jobs it has had in a row.
    func settled(
        _ done: Assignment, _ result: AttemptResult, _ recorded: OutcomeRecorder.Recorded, canServeMore: Bool,
        _ generation: Int, served: Int
    ) async -> Assignment? {
        let name = done.job.destination
        note(done, result, recorded)
        let next = mayGoOn(name, generation, served: served) ? nextAtOnce(name) : nil
        if let destination = destinations[name] {
            serve(destination)
            askForMore(destination)
        }
        submit(recorded.notices)
        if let next { return next }
        guard canServeMore, mayGoOn(name, generation, served: served), line.isEmpty,
            let destination = destinations[name],
            destination.site?.line.isEmpty ?? true
        else { return nil }
        let expires = Deadline.after(parts.configuration.delivery.idleTimeout)
        return await withCheckedContinuation { continuation in
            destination.idle.append(Destination.Idle(continuation: continuation, expires: expires))
            idling.insert(name)
        }
    }

    private func note(_ done: Assignment, _ result: AttemptResult, _ recorded: OutcomeRecorder.Recorded) {
        memory.ended(done.job)
        release(done.job)
        // Whom the attempt said nothing about: it was cut off by our end.
        done.job.awaited?.answer(done.job, Self.stopped)
        passes.wake(at: recorded.nextAttempts)
        if !recorded.isWritten { passes.hasMoreOnDisk = true }
        if passes.isLate(for: recorded.nextAttempts) { loader.ring() }
        if let destination = destinations[done.job.destination] {
            // An attempt that our end cut off says nothing about the destination.
            if let ticket = done.ticket, !isDraining || !result.recipients.isEmpty {
                note(result, of: done.job, ticket, destination)
            }
            destination.delivered.add(result.deliveredCount, at: parts.clock())
            destination.lastLevel = result.levelInWords ?? destination.lastLevel
        }
    }

    /// What the end of an attempt says about the destination.
    func note(
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
            destination.endRest()
            destination.family = result.family ?? destination.family
        }
        tell(destination, wasDown: wasDown)
    }

    /// Says once that a destination is down, and when it is back: the messages that wait for it say nothing each.
    func tell(_ destination: Destination, wasDown: Bool) {
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
            if destination.hasMoreOnDisk { wantRefill() }
        case (true, .closed(let until)):
            passes.wake(at: until)
        default: break
        }
    }

    /// A delivery may have another job: not where the daemon stops, another configuration holds, or others stand in line for its place.
    private func mayGoOn(_ name: String, _ generation: Int, served: Int) -> Bool {
        guard !isDraining, generation == self.generation, let destination = destinations[name] else { return false }
        return served < Self.turn || (line.isEmpty && destination.site?.line.isEmpty ?? true)
    }

    /// The next job of the destination, where one may begin now.
    private func nextAtOnce(_ name: String) -> Assignment? {
        guard let destination = destinations[name] else { return nil }
        if !parts.unsettled.isEmpty {
            isHeldBack = true
            return nil
        }
        guard parts.terms.orders.suspension(of: name, at: parts.clock()) == nil, !destination.ready.isEmpty,
            case .go(let ticket) = destination.window.admit(at: parts.clock())
        else { return nil }
        if let wait = paceWait(of: destination) {
            destination.window.released(ticket)
            pause(destination, for: wait)
            return nil
        }
        guard let job = nextWanted(at: destination) else {
            destination.window.released(ticket)
            return nil
        }
        memory.began(job)
        return Assignment(job: job, ticket: ticket, family: destination.family)
    }

    /// The job whose turn it is; those whose clients gave up are let go of.
    func nextWanted(at destination: Destination) -> Job? {
        while let job = destination.ready.popFirst() {
            if !job.isAbandoned { return job }
            release(job)
        }
        return nil
    }

    func ended(_ name: String, _ number: Int, _ place: SitePlace) {
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
        if destination.hasMoreOnDisk, destination.ready.count < ReadyMemory.destinationReadyLimit / 2,
            memory.jobs < ReadyMemory.readyLimit, destination.opening(at: parts.clock()) == .open
        {
            wantRefill()
        } else if passes.hasMoreOnDisk, memory.hasRoom {
            loader.ring()
        }
    }

    /// The loader is to look through all that is due, and at once: mail on disk was made due, or may go where it could not, without
    /// passing through memory. An ordinary pass asks only for what became due since the one before, and would pass over times that it
    /// has looked at; and the loader sleeps on where nobody rings.
    func wantAllDue() {
        passes.hasMoreOnDisk = true
        loader.ring()
    }

    /// The loader is to look at once what ``refills()`` names: it sleeps on where nobody says that there is something to do.
    func wantRefill() {
        if passes.isRefillWanted { return }
        passes.isRefillWanted = true
        loader.ring()
    }
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
