import DequeModule
import Logging
import Mail
import Net
import Store
import Synchronization

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
    func admitted(at destination: Destination) -> (Job, DestinationWindow.Ticket?)? {
        let now = parts.clock()
        if let suspension = parts.terms.orders.suspension(of: destination.name, at: now) {
            putBack(destination, because: suspension.reasonInWords)
            return nil
        }
        if let until = destination.restsUntil(at: now) {
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

    /// Messages that a delivery takes in a row while others stand in line for a connection.
    static let turn = 20

    func assign(_ job: Job, _ ticket: DestinationWindow.Ticket?, _ destination: Destination) {
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
    func endOneIdle(where fits: (Destination) -> Bool = { _ in true }) {
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

    func start(_ first: Assignment, _ destination: Destination) {
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
            let entered = Mutex<SiteTerms?>(nil)
            while let current = next {
                let attempt = await delivery.attempt(current.job, preferring: current.family) { terms in
                    // It keeps its place from one job to the next.
                    if entered.withLock({ $0 == terms }) { return true }
                    let isIn = await self.enter(terms, name, place, generation)
                    if isIn { entered.withLock { $0 = terms } }
                    return isIn
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
                    served += 1
                    next = await self.settled(
                        current, result, recorded, canServeMore: delivery.canServeMore, generation, served: served)
                }
            }
            await delivery.end()
            await self.ended(name, number, place)
        }
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
    func serveAfterTrouble() {
        guard isHeldBack, parts.unsettled.isEmpty else { return }
        isHeldBack = false
        for destination in Array(destinations.values) where !destination.ready.isEmpty { serve(destination) }
    }
}
