import DequeModule
import Mail
import Net
import Store

/// Sites: limits that destinations with the same hosts share.
extension Dispatcher {
    /// A delivery has found which hosts it goes to, and asks for a place there.
    /// - Returns: false where the site has no place left, or its rate none: the job is to be given back.
    func enter(_ terms: SiteTerms, _ name: String, _ place: SitePlace, _ generation: Int) -> Bool {
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

    func leave(_ site: Site) {
        site.inUse -= 1
        while !site.isFull, let next = site.line.popFirst() {
            next.isInSiteLine = false
            serve(next)
        }
        forget(site)
    }

    func forget(_ site: Site) {
        if site.isForgettable, sites[site.name] === site { sites[site.name] = nil }
    }

    /// The job was not begun: its site has no place.
    func gaveBack(_ assignment: Assignment) {
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
    func rests(_ assignment: Assignment, until: WallTime, because reason: Reason) {
        memory.ended(assignment.job)
        let job = assignment.job
        release(job)
        guard let destination = destinations[job.destination] else { return }
        if let ticket = assignment.ticket { destination.window.released(ticket) }
        let until = destination.rests(until: until, at: parts.clock())
        destination.failure = reason
        shut.insert(destination.name)
        passes.wake(at: until)
        if let awaited = job.awaited { return awaited.answer(job, .deferred(reason, nil)) }
        if job.isFresh { recorder.tell(job, waitsFor: reason, until: .closed(until: until)) }
        overflow(destination)
        putBack(destination, because: reason)
    }
}

/// The place of one delivery at a site. Touched by the dispatcher only, once it is made.
final class SitePlace: @unchecked Sendable {
    // @unchecked Sendable because every access is within the dispatcher.
    var site: Site?

    init(_ site: Site?) { self.site = site }
}
