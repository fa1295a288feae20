import CLinux
import DequeModule
import Glibc
import Synchronization

/// One thread with epoll, timers and a wake-up, which is also a task executor.
///
/// A session is one task, `Task(executorPreference: loop) { … }` or `loop.task { … }`, and stays on the loop for its whole
/// life: its child tasks too, but not a bare `Task { }`. Whatever runs here must not block. A loop that was started must be
/// shut down, or its thread lives on.
public final class Loop: TaskExecutor, @unchecked Sendable {
    // @unchecked Sendable because: `name`, the descriptors, the counters and `inbox` are immutable, atomic or behind a lock;
    // everything under "The loop's own" is touched by the loop's thread only, which every entry checks (`isOnThread`).

    /// Jobs run in one turn before the loop looks at its descriptors and timers again; about 1 ms of work.
    static let jobsPerTurn = 1_024
    /// Events taken from epoll at once; the rest wait for the next turn.
    static let eventsPerTurn = 256
    /// Turns that a stopping loop gives its tasks to end. What still wants to run then goes to the global executor.
    static let drainTurns = 1_000

    /// For log and thread list; the kernel shows the first 15 octets.
    public let name: String

    let epoll: FileDescriptor
    private let wakeup: FileDescriptor
    private let inbox = Mutex(Inbox())
    let counters = Counters()

    // The loop's own.
    private var jobs = Deque<UnownedJob>()
    private var received: [Inbox.Item] = []
    private(set) var isStopping = false
    var deadlines = TimerQueue()
    /// Registered descriptors by number.
    var table: [Registration?] = []
    /// Number of the last registration; wraps.
    var lastGeneration: UInt32 = 0
    /// The clock as read at the start of this turn.
    private(set) var turnStart = Deadline.now
    /// Counts the turns, so that a stream can tell how much it moved in this one.
    private(set) var turn: UInt64 = 0

    /// Makes the descriptors; `start()` makes the thread.
    public init(name: String) throws(Errno) {
        self.name = name
        epoll = try FileDescriptor { epoll_create1(CInt(EPOLL_CLOEXEC)) }
        wakeup = try FileDescriptor { eventfd(0, CInt(EFD_CLOEXEC | EFD_NONBLOCK)) }
        // Edge-triggered: each write to it is an event, and nobody needs to read it.
        let number = wakeup.rawValue
        try epollControl(EPOLL_CTL_ADD, number, EPOLLIN.rawValue | EPOLLET.rawValue, Self.wakeupKey)
    }

    /// epoll's datum for the wake-up; no descriptor has this number.
    private static let wakeupKey = UInt64.max

    // MARK: Whose thread is this?

    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        // Fails only when 1,024 keys are in use: then nothing is ever on a loop, and every wait says so.
        _ = pthread_key_create(&key, nil)
        return key
    }()

    /// The loop whose thread this is.
    public static var current: Loop? {
        waxwing_thread_value(key).map { Unmanaged<Loop>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Whether the caller runs on this loop's thread.
    public var isOnThread: Bool {
        waxwing_thread_value(Self.key) == Unmanaged.passUnretained(self).toOpaque()
    }

    // MARK: Work from everywhere

    /// Runs the job on the loop's thread. From there it is queued; from elsewhere it goes through the inbox. A loop that has
    /// stopped has the job run by a thread of the global executor, so that no task hangs.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if isOnThread {
            jobs.append(job)
        } else if !post(.job(job)) {
            runElsewhere(job)
        }
    }

    /// Runs the job in this loop's name on a thread that is not its own. The global executor cannot take it as it is: the task
    /// would go on to its preferred executor, which is this one, and come back, for ever.
    private func runElsewhere(_ job: UnownedJob) {
        Task.detached { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }

    /// Calls the body on the loop's thread: at once from there, soon from elsewhere. False when the loop has stopped.
    @discardableResult
    func perform(_ body: @Sendable @escaping () -> Void) -> Bool {
        if isOnThread {
            body()
            return true
        }
        return post(.call(body))
    }

    private func post(_ item: Inbox.Item) -> Bool {
        let (isAccepted, mustWake) = inbox.withLock { $0.put(item) }
        if mustWake { wake() }
        return isAccepted
    }

    private func wake() {
        let number = wakeup.rawValue
        // Fails with EAGAIN only after 2^64 - 2 writes, when the event is pending anyway.
        _ = eventfd_write(number, 1)
    }

    // MARK: Life

    /// Starts the thread, once; a second call does nothing.
    public func start() throws(Errno) {
        let this = Unmanaged.passUnretained(self)
        let result = inbox.withLock { inbox -> CInt in
            guard inbox.phase == .made else { return 0 }
            var thread = pthread_t()
            // The thread keeps the loop alive until it ends.
            let result = pthread_create(&thread, nil, { Loop.threadMain($0) }, this.retain().toOpaque())
            if result == 0 {
                inbox.phase = .running
                inbox.thread = thread
            } else {
                this.release()
            }
            return result
        }
        try Errno.checkReturned(result)
    }

    /// Ends the loop in order: waits are resumed with `.closed`, tasks run to their end (within `drainTurns`), the thread is
    /// joined. Blocks until then; on the loop's own thread it only begins the end. Called again it does nothing.
    public func shutdown() {
        let (thread, mustWake) = inbox.withLock { $0.stop() }
        if mustWake { wake() }
        guard let thread else { return }
        // On its own thread nobody can wait for it: the system cleans up after it.
        _ = isOnThread ? pthread_detach(thread) : pthread_join(thread, nil)
    }

    private static func threadMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        guard let argument else { return nil }
        let loop = Unmanaged<Loop>.fromOpaque(argument).takeRetainedValue()
        pthread_setspecific(key, argument)
        pthread_setname_np(pthread_self(), String(decoding: loop.name.utf8.prefix(15), as: UTF8.self))
        SignalStack.during { loop.runUntilStopped() }
        pthread_setspecific(key, nil)
        return nil
    }

    private func runUntilStopped() {
        let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: Self.eventsPerTurn)
        defer { events.deallocate() }
        receive()
        while !isStopping {
            runJobs()
            poll(into: events)
        }
        for registration in table {
            registration?.close()
        }
        // Those who wait at no descriptor: sleeps and alarms.
        for waiter in deadlines.removeAll() {
            resume(waiter, with: .closed)
        }
        for _ in 0..<Self.drainTurns {
            runJobs()
            poll(into: events)
            receive()
            // Nothing to run here, and nothing has come in: from now on the inbox takes nothing.
            if jobs.isEmpty, inbox.withLock({ $0.finish(evenIfFull: false) }) { return }
        }
        _ = inbox.withLock { $0.finish(evenIfFull: true) }
        receive()
        while let job = jobs.popFirst() {
            runElsewhere(job)
        }
    }

    /// Runs what is queued, and what that queues in turn, but not for ever: descriptors and timers must be served too.
    private func runJobs() {
        let executor = asUnownedTaskExecutor()
        for _ in 0..<Self.jobsPerTurn {
            guard let job = jobs.popFirst() else { return }
            job.runSynchronously(on: executor)
        }
    }

    /// One look at descriptors and timers, sleeping if there is nothing to run.
    private func poll(into events: UnsafeMutablePointer<epoll_event>) {
        let timeout: CInt = jobs.isEmpty && !isStopping ? milliseconds(to: deadlines.next) : 0
        let count = epoll_wait(epoll.rawValue, events, CInt(Self.eventsPerTurn), timeout)
        // -1 is EINTR here: the descriptors and the array are good.
        turnStart = .now
        turn &+= 1
        var hasMail = false
        for index in 0..<max(0, Int(count)) {
            let event = events[index]
            if event.data.u64 == Self.wakeupKey {
                hasMail = true
            } else {
                dispatch(event.events, to: event.data.u64)
            }
        }
        while let waiter = deadlines.popExpired(at: turnStart) {
            resume(waiter, with: .expired)
        }
        if hasMail { receive() }
    }

    /// Milliseconds for epoll_wait, rounded up so that no deadline is met early; -1 for no deadline.
    private func milliseconds(to deadline: Deadline?) -> CInt {
        guard let deadline, deadline != .never else { return -1 }
        let now = Deadline.now
        if deadline <= now { return 0 }
        let nanoseconds = deadline.nanoseconds - now.nanoseconds
        return CInt(clamping: nanoseconds / 1_000_000 + (nanoseconds % 1_000_000 == 0 ? 0 : 1))
    }

    /// Empties the inbox in the order of arrival.
    private func receive() {
        let mustStop = inbox.withLock { $0.take(into: &received) }
        for item in received {
            switch item {
            case .job(let job): jobs.append(job)
            case .call(let body): body()
            }
        }
        received.removeAll(keepingCapacity: true)
        if mustStop { isStopping = true }
    }
}
