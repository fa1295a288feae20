import CLinux
import Glibc
import Synchronization

extension Loop {
    // MARK: Tasks

    /// Runs the body as a task on this loop and waits for it.
    public func run<Value: Sendable, Failure: Error>(
        _ body: @Sendable @escaping () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let task = Task(executorPreference: self) { () async -> Result<Value, Failure> in
            do throws(Failure) {
                return .success(try await body())
            } catch {
                return .failure(error)
            }
        }
        return try await task.value.get()
    }

    /// Starts a task on this loop. Whoever calls owns it and awaits its value.
    @discardableResult
    public func task<Value: Sendable>(_ body: @Sendable @escaping () async -> Value) -> Task<Value, Never> {
        Task(executorPreference: self, operation: body)
    }

    /// This instant; on the loop's own thread the clock as read when the turn began, which costs nothing.
    public var now: Deadline {
        isOnThread ? turnStart : .now
    }

    // MARK: Waits. All of this on the loop's thread.

    /// Waits at the waiter until somebody resumes it or the deadline passes.
    nonisolated(nonsending) func wait(at waiter: Waiter, until deadline: Deadline) async -> Wake {
        if isStopping { return .closed }
        if deadline <= turnStart { return .expired }
        if waiter.continuation != nil { return .busy }
        return await withUnsafeContinuation { continuation in
            waiter.continuation = continuation
            counters.waits.add(1)
            if deadline != .never {
                counters.timers.add(1)
                deadlines.arm(waiter, until: deadline)
            }
        }
    }

    /// Ends the wait, if somebody waits. The task is queued, it does not run before this returns.
    func resume(_ waiter: Waiter, with wake: Wake) {
        guard let continuation = waiter.continuation else { return }
        waiter.continuation = nil
        counters.waits.add(-1)
        if waiter.deadline != .never {
            counters.timers.add(-1)
            deadlines.disarm(waiter)
        }
        continuation.resume(returning: wake)
    }

    /// Suspends the task until the deadline. Ends early with `.closed` when the loop stops; it does not hear a cancellation:
    /// use `Alarm` for a sleep that somebody may end.
    public func sleep(until deadline: Deadline) async throws(SocketError) {
        try await Alarm(on: self).wait(until: deadline)
    }

    // MARK: Descriptors

    func epollControl(_ operation: CInt, _ number: CInt, _ events: UInt32, _ key: UInt64) throws(Errno) {
        var event = epoll_event(events: events, data: epoll_data_t(u64: key))
        let epoll = epoll.rawValue
        try Errno.check { epoll_ctl(epoll, operation, number, &event) }
    }

    /// Hands an event to its registration. One that was closed meanwhile has left the table, or has left its number to a
    /// younger one: then the event is late and dropped.
    func dispatch(_ events: UInt32, to key: UInt64) {
        let number = Int(UInt32(truncatingIfNeeded: key))
        guard number < table.count, let registration = table[number], registration.key == key else { return }
        registration.arrived(events)
    }

    // MARK: Counters, for tests and status; exact when read on the loop

    /// Descriptors in epoll.
    public var registrations: Int { counters.registrations.value }
    /// Waits with a deadline.
    public var timers: Int { counters.timers.value }
    /// Waits, with and without.
    public var waits: Int { counters.waits.value }
    /// Streams not closed.
    public var openStreams: Int { counters.streams.value }
}

/// Numbers that the loop's thread writes and any thread reads.
struct Counters: ~Copyable {
    let registrations = Counter()
    let timers = Counter()
    let waits = Counter()
    let streams = Counter()
}

/// A number with one writer: load and store, no locked instruction.
struct Counter: ~Copyable {
    private let atomic = Atomic(0)

    var value: Int { atomic.load(ordering: .relaxed) }

    func add(_ step: Int) {
        atomic.store(value &+ step, ordering: .relaxed)
    }
}
