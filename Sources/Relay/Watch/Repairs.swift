import Mail
import Store
import Synchronization

/// Which destinations wait for a repair of their transport security. Safe from any thread.
///
/// It hears of each deferral as it is written down, for a look is due half a minute later; what waited before the start, or
/// found no room, comes from the store.
final class Repairs: Sendable {
    private let book = Mutex(RepairBook())
    private let turns = Mutex(ExceptionTurns())

    var count: Int { book.withLock { $0.count } }

    func noteDeferral(of job: Job, _ cause: Reason.Cause, since: WallTime? = nil, at now: WallTime) {
        book.withLock { $0.noteDeferral(to: job.nextHop, job.message.demand, cause, since: since, at: now) }
    }

    /// What the store says waits everywhere for a cause of TLS policy.
    /// - Parameters:
    ///   - isComplete: false where there may be more than `waiting`.
    ///   - asked: when the store was asked.
    func adopt(_ waiting: [PolicyWait], isComplete: Bool, asked: WallTime, at now: WallTime) {
        book.withLock { book in
            for one in waiting where !book.isKnown(one.destination) {
                guard let cause = Reason.Cause(rawValue: one.cause), let nextHop = NextHop(destination: one.destination)
                else { continue }
                // By which demand of its sender it failed the store does not say; most have none.
                book.noteDeferral(to: nextHop, .ordinary, cause, since: one.since, at: now)
            }
            if isComplete { book.keep(Set(waiting.map(\.destination)), since: asked) }
        }
    }

    func due(at now: WallTime) -> [RepairBook.Trouble] { book.withLock { $0.due(at: now) } }

    func ended(_ destination: String, _ finding: RepairFinding, at now: WallTime) {
        book.withLock { $0.ended(destination, finding, at: now) }
    }

    /// Domains with an exception whose true policy is to be looked at now.
    func dueExceptions(_ domains: [DomainName], at now: WallTime) -> [DomainName] {
        turns.withLock { $0.due(domains, at: now) }
    }

    func ended(_ domain: DomainName) { turns.withLock { $0.ended(domain) } }
}
