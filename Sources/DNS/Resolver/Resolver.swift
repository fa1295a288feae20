public import Mail
public import Net
import Synchronization

/// The daemon's door to DNS: questions in, answers with their security out. The library that reads strangers' zones lives
/// in a worker process of its own, which this starts, watches, replaces and never trusts.
///
/// Safe from any task on any loop, and to be closed by its owner. Equal questions in flight are one lookup; warm answers come from a bounded cache.
public final class Resolver: Sendable {
    /// Lookups sent to the worker and not answered.
    public static let inFlightLimit = 512
    /// Lookups waiting for a place among those in flight; beyond it they fail at once.
    public static let waitingLimit = 20_000
    /// How long a worker may take from its start until it is ready.
    public static let startTimeout: Duration = .seconds(10)
    /// Starts in a row that failed, from which on questions fail at once instead of waiting for the next one.
    public static let startAttemptLimit = 3

    typealias Waiter = CheckedContinuation<Finding, Never>

    let lookups: Mutex<Lookups<Waiter>>
    let phase: Mutex<ResolverState>
    let program: String
    let arguments: [String]
    let settings: ResolverSettings
    let loop: Loop
    /// Wakes the task that sends and keeps the deadlines.
    let sending: Alarm
    /// Ends the wait before a restart.
    let closing: Alarm
    /// The worker that starts or serves now. Changed on the loop's thread only, where its octets are taken too, so that
    /// those meant for one worker never go to the next.
    let current = Mutex<WorkerProcess?>(nil)
    private let tasks = Mutex<[Task<Void, Never>]>([])

    /// Starts the worker `program` with `arguments` and waits until it is ready (10 s at most). The worker finds its socket
    /// on descriptor 3 and must call ``ResolverWorker/run(descriptor:)``.
    ///
    /// Throws where the first worker does not get ready: settings that are refused are a fault of configuration, not a
    /// reason to try again. After that, workers that die are replaced.
    public static func start(
        program: String, arguments: [String], settings: ResolverSettings, on loop: Loop
    ) async throws(ResolverError) -> Resolver {
        let resolver = Resolver(program: program, arguments: arguments, settings: settings, on: loop)
        try await resolver.begin()
        return resolver
    }

    private init(program: String, arguments: [String], settings: ResolverSettings, on loop: Loop) {
        self.program = program
        self.arguments = arguments
        self.settings = settings
        self.loop = loop
        lookups = Mutex(Lookups(timeout: settings.lookupTimeout))
        phase = Mutex(.starting)
        sending = Alarm(on: loop)
        closing = Alarm(on: loop)
    }

    private func begin() async throws(ResolverError) {
        let first = try await loop.run { () async throws(ResolverError) in try await self.launch() }
        let supervisor = loop.task { await self.supervise(first) }
        let sender = loop.task { await self.sendAndExpire() }
        tasks.withLock { $0 = [supervisor, sender] }
    }

    /// Answers `question`. Never throws: whatever goes wrong is an ``Answer`` whose security is `failed` or `bogus`
    /// (SEC-05). Takes at most ``ResolverSettings/lookupTimeout``, also where the task is cancelled.
    public func resolve(_ question: Question) async -> Answer {
        await find(Asked(question)).answer(to: question)
    }

    func find(_ asked: Asked) async -> Finding {
        if let warm = lookups.withLock({ $0.cached(asked, at: .now) }) { return warm }
        return await withCheckedContinuation { waiter in
            switch lookups.withLock({ $0.ask(asked, waiter, at: .now) }) {
            case .answered(let finding): waiter.resume(returning: finding)
            case .waits(let ring): if ring { sending.ring() }
            }
        }
    }

    public var state: ResolverState { phase.withLock { $0 } }

    public var counters: ResolverCounters { lookups.withLock { $0.counters } }

    /// Lookups sent or waiting for a place.
    public var openLookups: Int { lookups.withLock { $0.openCount } }

    /// Forgets all cached answers of this process. The worker keeps its own until their time is over.
    public func clearCache() { lookups.withLock { $0.clearCache() } }

    /// Ends the worker; lookups in flight come back `failed`, and so do all that follow. May be called more than once.
    public func close() async {
        phase.withLock { $0 = .closed }
        settle(lookups.withLock { $0.workerDied("the resolver is closed", willReturnSoon: false) })
        closing.ring()
        sending.ring()
        current.withLock { $0 }?.stream.close()
        for task in tasks.withLock({ $0 }) { await task.value }
    }

    func settle(_ settled: [Lookups<Waiter>.Settled]) {
        for lookup in settled {
            for waiter in lookup.waiters { waiter.resume(returning: lookup.finding) }
        }
    }
}
