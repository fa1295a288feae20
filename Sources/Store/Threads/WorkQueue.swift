import Glibc

/// A bounded queue between tasks and one or more threads of the store: tasks push without waiting, threads wait.
///
/// Two lanes: a taker gets the urgent one first.
final class WorkQueue<Item: Sendable>: @unchecked Sendable {
    // @unchecked Sendable because the stored variables are only touched between `lock` and `unlock` of `mutex`.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let arrived = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var urgent: [Item] = []
    private var ordinary: [Item] = []
    private var ordinaryWeight = 0
    /// What `takeOne` hands out next, last first: taking from the front of an array would move all the others.
    private var outgoing: [Item] = []
    private var isClosed = false
    private let limit: Int
    private let weightLimit: Int
    private let urgentLimit: Int

    /// - Parameters:
    ///   - limit: items of the ordinary lane.
    ///   - weightLimit: sum of their weights (octets, as a rule).
    ///   - urgentLimit: items of the urgent lane.
    init(limit: Int, weightLimit: Int = .max, urgentLimit: Int = 0) {
        self.limit = limit
        self.weightLimit = weightLimit
        self.urgentLimit = urgentLimit
        pthread_mutex_init(mutex, nil)
        // Waits with an end are counted by the clock that nobody sets.
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(arrived, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(arrived)
        pthread_mutex_destroy(mutex)
        arrived.deallocate()
        mutex.deallocate()
    }

    enum Push {
        case taken
        case refused
        case closed
    }

    func push(_ item: Item, weight: Int = 0, urgently: Bool = false) -> Push {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        if isClosed { return .closed }
        if urgently {
            if urgent.count >= urgentLimit { return .refused }
            urgent.append(item)
        } else {
            if ordinary.count + outgoing.count >= limit || ordinaryWeight &+ weight > weightLimit { return .refused }
            ordinary.append(item)
            ordinaryWeight &+= weight
        }
        pthread_cond_signal(arrived)
        return .taken
    }

    /// For what must not be lost for want of room, and is little: without a limit. Nothing happens once the queue is closed.
    func pushAlways(_ item: Item) {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        if isClosed { return }
        urgent.append(item)
        pthread_cond_signal(arrived)
    }

    /// Waits for work and takes all of it; nil once the queue is closed and empty.
    /// - Parameter end: by CLOCK_MONOTONIC, in nanoseconds; then what is taken may be nothing. Nil waits without end.
    func takeAll(until end: UInt64? = nil) -> (urgent: [Item], ordinary: [Item])? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while urgent.isEmpty && ordinary.isEmpty {
            if isClosed { return nil }
            guard let end else {
                pthread_cond_wait(arrived, mutex)
                continue
            }
            var time = timespec(tv_sec: time_t(end / 1_000_000_000), tv_nsec: Int(end % 1_000_000_000))
            if pthread_cond_timedwait(arrived, mutex, &time) == ETIMEDOUT { break }
        }
        let work = (urgent, ordinary)
        urgent = []
        ordinary = []
        ordinaryWeight = 0
        return work
    }

    /// Waits for work and takes one item; nil once the queue is closed and empty.
    func takeOne() -> Item? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while outgoing.isEmpty && ordinary.isEmpty {
            if isClosed { return nil }
            pthread_cond_wait(arrived, mutex)
        }
        if outgoing.isEmpty {
            outgoing = ordinary.reversed()
            ordinary = []
        }
        return outgoing.popLast()
    }

    /// Takes what came meanwhile, without waiting.
    func takeUrgent() -> [Item] {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        let work = urgent
        urgent = []
        return work
    }

    /// Nothing more is taken in; what is inside is still handed out.
    func close() {
        pthread_mutex_lock(mutex)
        isClosed = true
        pthread_cond_broadcast(arrived)
        pthread_mutex_unlock(mutex)
    }
}
