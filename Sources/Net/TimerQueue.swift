import HeapModule

/// How a wait ended.
enum Wake {
    case ready, expired, closed, busy
}

/// A place where one task at a time waits. Made once for each direction of a descriptor and used for all its waits, so that
/// a wait allocates nothing. Touched by the loop's thread only.
final class Waiter {
    /// Who waits; nil when nobody does.
    var continuation: UnsafeContinuation<Wake, Never>?
    /// When the wait ends; `.never` when it has no end, or nobody waits.
    var deadline = Deadline.never
    /// The time of its entry in the queue that counts; `.never` when it has none.
    fileprivate(set) var queued = Deadline.never
}

/// The deadlines of a loop's waits, soonest first.
///
/// Waits are many and short, their deadlines far off and seldom reached. So a waiter keeps its entry when its wait ends,
/// and the next wait with a later deadline uses it: when the entry comes up, it is put back at the time that holds by then.
/// An entry that is dead for good (superseded, or its waiter retired) is garbage; when more than half is, it is swept out.
struct TimerQueue {
    private struct Entry: Comparable {
        let time: Deadline
        let waiter: Waiter

        static func < (one: Entry, other: Entry) -> Bool { one.time < other.time }
        static func == (one: Entry, other: Entry) -> Bool { one.time == other.time }
    }

    /// Garbage below this number of entries is not worth a sweep.
    static let garbageFloor = 64

    private var heap = Heap<Entry>()
    private(set) var garbage = 0

    /// Entries held, the dormant and the dead included.
    var count: Int { heap.count }

    /// When to look next; may be too early, never too late.
    var next: Deadline? { heap.min?.time }

    /// Sets the waiter's deadline. Costs a heap operation only if no entry of its comes up in time.
    mutating func arm(_ waiter: Waiter, until deadline: Deadline) {
        waiter.deadline = deadline
        if deadline < waiter.queued { insert(waiter, at: deadline) }
    }

    /// Leaves the entry to the next wait.
    func disarm(_ waiter: Waiter) {
        waiter.deadline = .never
    }

    /// The waiter will not be used again.
    mutating func retire(_ waiter: Waiter) {
        waiter.deadline = .never
        if waiter.queued == .never { return }
        waiter.queued = .never
        garbage += 1
        sweep()
    }

    /// Takes out one waiter whose deadline is not later than `now`.
    mutating func popExpired(at now: Deadline) -> Waiter? {
        while let first = heap.min, first.time <= now {
            _ = heap.popMin()
            guard first.time == first.waiter.queued else {
                garbage = max(0, garbage - 1)
                continue
            }
            first.waiter.queued = .never
            let deadline = first.waiter.deadline
            if deadline == .never { continue }
            if deadline <= now { return first.waiter }
            insert(first.waiter, at: deadline)
        }
        return nil
    }

    /// Takes out all waiters, each once.
    mutating func removeAll() -> [Waiter] {
        let waiters = heap.unordered.filter { $0.time == $0.waiter.queued }.map(\.waiter)
        waiters.forEach { $0.queued = .never }
        heap = Heap()
        garbage = 0
        return waiters
    }

    private mutating func insert(_ waiter: Waiter, at time: Deadline) {
        if waiter.queued != .never {
            garbage += 1
        }
        waiter.queued = time
        heap.insert(Entry(time: time, waiter: waiter))
        sweep()
    }

    private mutating func sweep() {
        guard garbage > Self.garbageFloor, garbage * 2 > heap.count else { return }
        heap = Heap(heap.unordered.filter { $0.time == $0.waiter.queued })
        garbage = 0
    }
}
