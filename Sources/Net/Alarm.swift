import Synchronization

/// A sleep that any thread may end. One task waits at a time; a ring with nobody waiting is kept, once.
public final class Alarm: @unchecked Sendable {
    // @unchecked Sendable because: `isRung` is touched by the loop's thread only (`wait` checks, `ring` goes there by
    // itself), and so is the waiter, as all waiters are.

    private static let lastDeadline = Deadline(nanoseconds: .max - 1)

    private let loop: Loop
    private let waiter = Waiter()
    private var isRung = false
    private let isPosted = Atomic(false)

    /// An alarm for tasks on that loop.
    public init(on loop: Loop) {
        self.loop = loop
    }

    deinit {
        // Its entry among the timers may be years away: swept out now. Nobody waits, who waits holds the alarm.
        loop.perform(Retirement(loop: loop, waiter: waiter).act)
    }

    /// Waits for a ring or the deadline; true if it rang. Throws `.closed` when the loop stops, `.busy` if another task waits.
    @discardableResult
    public func wait(until deadline: Deadline) async throws(SocketError) -> Bool {
        guard loop.isOnThread else { throw .offLoop }
        if isRung {
            isRung = false
            return true
        }
        // Without a deadline the loop could not find it when it stops: it has no descriptor.
        switch await loop.wait(at: waiter, until: min(deadline, Self.lastDeadline)) {
        case .ready: return true
        case .expired: return false
        case .closed: throw .closed
        case .busy: throw .busy
        }
    }

    /// Ends the wait, or the next one if nobody waits. From any thread; many rings before the loop's turn are one.
    public func ring() {
        if isPosted.exchange(true, ordering: .acquiringAndReleasing) { return }
        loop.perform { [self] in
            isPosted.store(false, ordering: .releasing)
            if waiter.continuation == nil { isRung = true } else { loop.resume(waiter, with: .ready) }
        }
    }
}

/// A waiter on its way to the loop that will forget it.
private struct Retirement: @unchecked Sendable {
    // @unchecked Sendable because: the waiter has no other holder but the loop's own timers, and `act` runs on the loop.

    let loop: Loop
    let waiter: Waiter

    func act() {
        loop.deadlines.retire(waiter)
    }
}
