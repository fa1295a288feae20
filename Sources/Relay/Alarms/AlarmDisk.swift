import Logging
import Mail
import Net
import Store
import Synchronization

/// Writes what changes in an ``AlarmBook``, one change after the other, and each again until the store takes it.
final class AlarmDisk: Sendable {
    /// Between two tries to write what the store did not take, and between two sweeps. Ours.
    static let pause: Duration = .seconds(1)
    /// Tries once the daemon is told to stop.
    static let lastTries = 3

    private struct State {
        var bell: Alarm?
        var isWriting = false
        /// Open once a pass over all changes is over: whether all is written.
        var waiting: [Latch<Bool>] = []
        var isTold = false
    }

    let store: any WatchStore
    private let log: Logger
    private let state = Mutex(State())

    init(store: any WatchStore, log: Logger) {
        self.store = store
        self.log = log
    }

    /// There is something to write.
    func ring() { state.withLock { $0.bell }?.ring() }

    func run(_ book: AlarmBook, on loop: Loop) async {
        let bell = Alarm(on: loop)
        state.withLock { $0.bell = bell }
        while !Task.isCancelled {
            _ = await write(book)
            book.sweep()
            guard (try? await bell.wait(until: .after(Self.pause))) != nil else { break }
        }
        for _ in 0..<Self.lastTries where !(await write(book)) { _ = await loop.pause(Self.pause) }
    }

    /// Writes all that changed, unless somebody does so already; stops at the first that is not taken.
    /// - Returns: true where nothing is left.
    @discardableResult
    func write(_ book: AlarmBook) async -> Bool {
        guard
            state.withLock({ state -> Bool in
                if state.isWriting { return false }
                state.isWriting = true
                return true
            })
        else { return false }
        var isAll = await book.load()
        while isAll, let (key, entry) = book.nextChange() {
            do throws(StoreError) {
                book.wrote(key, entry.version, number: try await Self.write(entry.alarm, to: store))
                state.withLock { $0.isTold = false }
            } catch {
                isAll = false
                tell(error)
                break
            }
        }
        let waiting = state.withLock { state in
            state.isWriting = false
            defer { state.waiting = [] }
            return state.waiting
        }
        for latch in waiting { latch.open(isAll) }
        return isAll
    }

    private static func write(_ alarm: OperatorAlarm, to store: any WatchStore) async throws(StoreError) -> Int64 {
        if alarm.number > 0, try await store.updateAlarm(alarm) { return alarm.number }
        // New, or forgotten with the oldest while it stood.
        return try await store.addAlarm(alarm).number
    }

    /// Waits for a pass that begins now or later, and for what it could not write, within `limit`.
    func written(_ book: AlarmBook, within limit: Duration) async -> Bool {
        let deadline = Deadline.after(limit)
        repeat {
            if book.nextChange() == nil { return true }
            // Where nobody writes we do; where somebody does, his pass takes ours along.
            let latch = Latch<Bool>()
            let isBusy = state.withLock { state -> Bool in
                if state.isWriting { state.waiting.append(latch) }
                return state.isWriting
            }
            if isBusy {
                _ = await latch.wait()
            } else if await write(book) {
                return true
            }
            guard book.nextChange() != nil else { return true }
            guard !Task.isCancelled, let loop = Loop.current, await loop.pause(.milliseconds(100)) else { return false }
        } while !deadline.hasPassed
        return false
    }

    /// Those that stand, as the store has them; nil where it cannot say.
    func standing() async -> [OperatorAlarm]? {
        do throws(StoreError) { return try await store.standingAlarms() } catch {
            tell(error)
            return nil
        }
    }

    /// Newest first.
    func page(before number: Int64?, limit: Int) async throws(StoreError) -> [OperatorAlarm] {
        try await store.alarms(before: number, limit: min(limit, WatchLimits.page))
    }

    /// Once, until the store takes something again.
    private func tell(_ error: StoreError) {
        let isNew = state.withLock { state in
            defer { state.isTold = true }
            return !state.isTold
        }
        guard isNew else { return }
        log.event(
            .error, LogLine("store-failed").with("doing", "keeping alarms").with("reason", "\(error)"))
    }
}
