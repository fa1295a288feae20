import Glibc

/// What is on its way to the trace.
enum TraceItem: Sendable {
    case life(Life)
    case note(TraceNote)
    case document(TraceDocument)
}

/// The bounded queue before the trace's thread: whoever records never waits, and the thread waits until enough has gathered.
final class TraceIntake: @unchecked Sendable {
    // @unchecked Sendable because the stored variables are only touched between `lock` and `unlock` of `mutex`.
    typealias Order = @Sendable (TraceWriter) -> Void

    /// Orders that may wait.
    static let orderLimit = 1024

    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let arrived = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var items: [TraceItem] = []
    private var weight = 0
    private var orders: [Order] = []
    private var isClosed = false

    init() {
        pthread_mutex_init(mutex, nil)
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

    /// False where there is no room, or the queue is closed.
    func push(_ item: TraceItem) -> Bool {
        let octets = item.weight
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        if isClosed || items.count >= TraceLimits.pendingLimit || weight &+ octets > TraceLimits.pendingBytes {
            return false
        }
        items.append(item)
        weight &+= octets
        // The first one starts the time of gathering, a full group ends it.
        if items.count == 1 || items.count == TraceWriter.groupLimit { pthread_cond_signal(arrived) }
        return true
    }

    /// An order runs on the thread, behind all that was pushed before it, without the time of gathering.
    func push(_ order: @escaping Order) -> WorkQueue<Order>.Push {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        if isClosed { return .closed }
        if orders.count >= Self.orderLimit { return .refused }
        orders.append(order)
        pthread_cond_signal(arrived)
        return .taken
    }

    /// Waits until a group has gathered, its time is over, or there is an order; nil once the queue is closed and empty.
    func take() -> (items: [TraceItem], orders: [Order])? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while items.isEmpty && orders.isEmpty {
            if isClosed { return nil }
            pthread_cond_wait(arrived, mutex)
        }
        var end = timespec()
        clock_gettime(CLOCK_MONOTONIC, &end)
        end.tv_nsec += TraceWriter.gatherNanoseconds
        if end.tv_nsec >= 1_000_000_000 {
            end.tv_sec += 1
            end.tv_nsec -= 1_000_000_000
        }
        while orders.isEmpty && !isClosed && items.count < TraceWriter.groupLimit {
            if pthread_cond_timedwait(arrived, mutex, &end) == ETIMEDOUT { break }
        }
        let work = (items, orders)
        items = []
        orders = []
        weight = 0
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

extension TraceItem {
    /// Octets of memory, about.
    var weight: Int {
        switch self {
        case .life(let life): life.weight
        case .note(let note): 128 &+ note.words.utf8.count
        case .document(let document): 128 &+ document.bytes.count
        }
    }
}

extension Life {
    fileprivate var weight: Int {
        var sum = 512 &+ (messageID?.utf8.count ?? 0) &+ sender.utf8.count &+ 32 &* notices.count
        for note in notes { sum &+= 32 &+ note.words.utf8.count }
        for recipient in recipients {
            sum &+= 256 &+ (recipient.detail?.utf8.count ?? 0) &+ (recipient.reply?.utf8.count ?? 0)
            for attempt in recipient.attempts { sum &+= 256 &+ (attempt.reply?.utf8.count ?? 0) }
        }
        return sum
    }
}
