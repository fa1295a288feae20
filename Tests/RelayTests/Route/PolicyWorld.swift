import Foundation
import Glibc
import Logging
import Mail
import Net
import Store
import Synchronization
import Testing

@testable import Relay

/// A world for `PolicyFinder` that a test scripts: what TXT and policy hosts say, when they say it, and what time it is.
final class PolicyWorld: Sendable {
    static let start = WallTime(seconds: 1_800_000_000)

    /// What the network does for one domain.
    struct Script: Sendable {
        var record: STSRecordFacts = .absent("no such name")
        var timeToLive: UInt32 = 3600
        var policy: PolicyAnswer = PolicyWorld.down
        /// Lookups wait for these to open.
        var recordGate: Latch<Bool>?
        var policyGate: Latch<Bool>?
    }

    private struct State {
        var scripts: [DomainName: Script] = [:]
        var lookups: [DomainName: Int] = [:]
        var fetches: [DomainName: Int] = [:]
        var running = 0
        var mostRunning = 0
        var hold: (running: Int, total: Int, latch: Latch<Bool>)?
        var now = PolicyWorld.start
        var lines: [String] = []
        var watches: [(isOver: @Sendable (PolicyWorld.Counts) -> Bool, latch: Latch<Bool>)] = []
        var rests = 0
        var patience = Latch<Bool>()
    }

    struct Counts: Sendable {
        let lookups: Int
        let fetches: Int
        let lines: [String]
    }

    private let state = Mutex(State())

    static let down = PolicyAnswer.failed(STSFetchFault(.stsPolicyFetchError, "no connection"))

    static func text(_ mode: String = "enforce", mx: String = "mx.a.example", maxAge: Int = 604_800) -> PolicyAnswer {
        .text(Array("version: STSv1\nmode: \(mode)\nmx: \(mx)\nmax_age: \(maxAge)\n".utf8))
    }

    static func name(_ text: String) throws -> DomainName { try DomainName(text) }

    // MARK: The script

    func set(_ domain: DomainName, _ change: @Sendable (inout Script) -> Void) {
        state.withLock { change(&$0.scripts[domain, default: Script()]) }
    }

    /// A record with this id, and this at the policy host.
    func publish(_ domain: DomainName, id: String = "1", _ policy: PolicyAnswer = PolicyWorld.text()) {
        set(domain) {
            $0.record = .found(id: id)
            $0.policy = policy
        }
    }

    func advance(by seconds: Int64) { state.withLock { $0.now = $0.now.advanced(by: seconds) } }
    var now: WallTime { state.withLock { $0.now } }

    /// Ends all first waits that have begun.
    func endFirstWait() {
        let patience = state.withLock { state in
            defer { state.patience = Latch() }
            return state.patience
        }
        patience.open(true)
    }

    /// Fetches wait until `count` run at once, again and again, or until `total` have begun.
    func holdFetches(untilRunning count: Int, of total: Int) {
        state.withLock { $0.hold = (count, total, Latch()) }
    }

    // MARK: What happened

    func lookups(_ domain: DomainName) -> Int { state.withLock { $0.lookups[domain] ?? 0 } }
    func fetches(_ domain: DomainName) -> Int { state.withLock { $0.fetches[domain] ?? 0 } }
    var allFetches: Int { state.withLock { $0.fetches.values.reduce(0, +) } }
    var mostRunning: Int { state.withLock { $0.mostRunning } }
    /// First waits that began.
    var rests: Int { state.withLock { $0.rests } }

    /// Names of the events that were logged for `domain`, with level.
    func events(_ domain: DomainName) -> [String] {
        state.withLock { state in
            state.lines.filter { $0.contains(" domain=\(domain)") }.map { line in
                let words = line.split(separator: " ")
                return "\(words[0]) \(words[1].dropFirst("event=".count))"
            }
        }
    }

    /// Waits until so much happened; counted over all domains.
    func until(_ isOver: @escaping @Sendable (Counts) -> Bool) async {
        let latch = Latch<Bool>()
        state.withLock { $0.watches.append((isOver, latch)) }
        wake()
        _ = await latch.wait()
    }

    private func wake() {
        let open = state.withLock { state -> [Latch<Bool>] in
            let counts = Counts(
                lookups: state.lookups.values.reduce(0, +), fetches: state.fetches.values.reduce(0, +),
                lines: state.lines)
            let over = state.watches.filter { $0.isOver(counts) }
            state.watches.removeAll { $0.isOver(counts) }
            return over.map(\.latch)
        }
        for latch in open { latch.open(true) }
    }

    // MARK: The finder

    func finder(
        store: (any PolicyStore)? = nil, reports: (any ReportStore)? = nil, isEnabled: Bool = true, limit: Int? = nil,
        settings: STSSettings = STSSettings()
    ) -> PolicyFinder {
        PolicyFinder(
            fetcher: fetcher, store: store, reports: reports, settings: settings, isEnabled: isEnabled,
            firstWait: .seconds(60),
            clock: { self.now }, log: log, limit: limit,
            rest: { _ in
                let patience = self.state.withLock { state in
                    state.rests += 1
                    return state.patience
                }
                _ = await patience.wait()
            })
    }

    func refresh(_ finder: PolicyFinder, _ store: any PolicyStore) -> PolicyRefresh {
        PolicyRefresh(policies: finder, store: store, settings: STSSettings(), log: log, clock: { self.now })
    }

    var log: Logger { Logger(label: "test", factory: { _ in Recorder(world: self) }) }

    private struct Recorder: LogHandler {
        let world: PolicyWorld
        var metadata: Logger.Metadata = [:]
        var logLevel: Logger.Level = .debug
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }
        func log(event: LogEvent) {
            world.state.withLock { $0.lines.append("\(event.level) \(event.message)") }
            world.wake()
        }
    }

    private var fetcher: PolicyFetcher {
        PolicyFetcher(
            record: { domain in
                let gate = self.state.withLock { state in
                    state.lookups[domain, default: 0] += 1
                    return state.scripts[domain]?.recordGate
                }
                self.wake()
                _ = await gate?.wait()
                let script = self.state.withLock { $0.scripts[domain] ?? Script() }
                return (script.record, script.timeToLive)
            },
            policy: { domain in
                let (gate, hold) = self.state.withLock { state in
                    state.fetches[domain, default: 0] += 1
                    state.running += 1
                    state.mostRunning = max(state.mostRunning, state.running)
                    let hold = state.hold
                    if let hold {
                        let isLast = state.fetches.values.reduce(0, +) >= hold.total
                        if state.running >= hold.running || isLast { hold.latch.open(true) }
                        if state.running >= hold.running { state.hold?.latch = Latch() }
                    }
                    return (state.scripts[domain]?.policyGate, hold?.latch)
                }
                self.wake()
                _ = await gate?.wait()
                _ = await hold?.wait()
                return self.state.withLock { state in
                    state.running -= 1
                    return state.scripts[domain]?.policy ?? PolicyWorld.down
                }
            })
    }
}

extension PolicyFinder {
    /// What mail to `domain` gets.
    func mail(_ domain: DomainName) async -> STSFacts { await facts(for: NextHop(.domain(domain))) }
}

extension STSFacts {
    var mode: STSPolicy.Mode? { held?.policy.mode }
}

/// The process of the tests may have as many descriptors as the system gives it at all: hundreds of tests run at once, and
/// the usual soft limit of 1,024 is less than they hold. Once for all of them.
let raisedDescriptorLimit: Bool = {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    limit.rlim_cur = limit.rlim_max
    return setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
}()

/// A store in a folder of its own, which goes with it.
final class PolicyFolder: Sendable {
    let parent: String
    var path: String { "\(parent)/queue" }

    init() throws {
        try #require(raisedDescriptorLimit)
        parent = "/tmp/route-tests-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        try #require(mkdir(parent, 0o700) == 0)
    }

    deinit { try? FileManager.default.removeItem(atPath: parent) }

    func open() throws -> SQLiteStore {
        var options = SQLiteOptions()
        options.reserveBytes = 256 * 1024
        return try SQLiteStore.open(directory: path, now: PolicyWorld.start, options: options)
    }

    /// Changes one octet of each place of the closed database where `text` stands.
    func damage(_ text: String) throws {
        let url = URL(filePath: "\(path)/queue.db")
        var file = try Data(contentsOf: url)
        var from = file.startIndex
        var count = 0
        while let range = file.range(of: Data(text.utf8), in: from..<file.endIndex) {
            file[range.lowerBound] ^= 0x01
            from = range.upperBound
            count += 1
        }
        try #require(count > 0, "\(text) stands nowhere")
        try file.write(to: url)
    }
}

/// A store whose reads and writes, but for removals, fail or wait on demand.
final class FaultyStore: PolicyStore {
    let real: SQLiteStore
    private struct State {
        var readsFail = false
        var writesFail = false
        var uses = 0
        var saves = 0
        var gate: Latch<Bool>?
        var writeGate: Latch<Bool>?
    }
    private let state = Mutex(State())

    init(_ real: SQLiteStore) { self.real = real }

    func failReads(_ isFailing: Bool) { state.withLock { $0.readsFail = isFailing } }
    func failWrites(_ isFailing: Bool) { state.withLock { $0.writesFail = isFailing } }
    /// Reads wait for it.
    func holdReads(_ gate: Latch<Bool>) { state.withLock { $0.gate = gate } }
    /// Entries are written when it opens.
    func holdWrites(_ gate: Latch<Bool>?) { state.withLock { $0.writeGate = gate } }
    var uses: Int { state.withLock { $0.uses } }
    var saves: Int { state.withLock { $0.saves } }

    private func checkWrite() throws(StoreError) {
        if state.withLock({ $0.writesFail }) { throw .full }
    }

    func policy(for domain: DomainName) async throws(StoreError) -> StoredPolicy? {
        _ = await state.withLock { $0.gate }?.wait()
        if state.withLock({ $0.readsFail }) { throw .failed("disk I/O error") }
        return try await real.policy(for: domain)
    }

    func save(_ entries: [STSCacheEntry], now: WallTime) async throws(StoreError) {
        let gate = state.withLock { state in
            state.saves += 1
            return state.writeGate
        }
        _ = await gate?.wait()
        try checkWrite()
        try await real.save(entries, now: now)
    }

    func policies(after domain: DomainName?, limit: Int) async throws(StoreError) -> [StoredPolicy] {
        try await real.policies(after: domain, limit: limit)
    }

    func noteUse(_ times: [DomainName: WallTime]) async throws(StoreError) {
        state.withLock { $0.uses += 1 }
        try checkWrite()
        try await real.noteUse(times)
    }

    func removePolicies(unusedSince time: WallTime) async throws(StoreError) -> Int {
        try await real.removePolicies(unusedSince: time)
    }

    func removePolicy(_ domain: DomainName) async throws(StoreError) {
        try await real.removePolicy(domain)
    }
}
