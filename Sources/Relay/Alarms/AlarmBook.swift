import Logging
import Mail
import Net
import Store
import Synchronization

/// The alarms that stand: raised once, told once, written down, and cleared with how long they stood.
///
/// ``raise(_:of:_:)`` and ``clear(_:of:because:)`` change memory and return; ``AlarmDisk`` writes behind them, in order, and
/// again until the store takes it. What the operator is shown is on disk first (``AlarmBook/written(within:)``).
///
/// An alarm that comes and goes is no flood: raised again within ``quiet`` of the last time that it was told, it goes on under
/// its old number, and is told anew only when that time is over and it still stands.
final class AlarmBook: AlarmSink, Sendable {
    /// Seconds between two tidings of the same alarm being raised. Ours.
    static let quiet: Int64 = 600
    /// Seconds between two writes of an alarm of which nothing changed but when it was seen.
    static let seenPause: Int64 = 60
    /// Alarms that stand at once; beyond, the log tells and none is raised. Ours: half of what the store keeps.
    static let limit = WatchLimits.alarms / 2
    /// Of these, for kinds whose number is ours to decide. Ours.
    static let reserve = 500
    /// Alarms of one kind that others decide the number of. Ours.
    static let kindLimit = 1_000
    /// Octets of a subject and of words.
    static let textLimit = 1_024

    /// What `[alarm]` sets.
    struct Terms: Sendable {
        var isEnabled = true
        var ignored: Set<AlarmKind> = []

        func isWanted(_ kind: AlarmKind) -> Bool { isEnabled && !ignored.contains(kind) }
    }

    private struct State {
        var table = AlarmTable()
        var terms: Terms
        /// What stood when the daemon ended is taken up.
        var isLoaded = false
    }

    let faults: LocalFaults
    private let state: Mutex<State>
    let disk: AlarmDisk
    let hook: AlarmHook
    private let metrics: Metrics
    private let log: Logger
    private let clock: @Sendable () -> WallTime

    init(
        store: any WatchStore, terms: Terms = Terms(), hook: AlarmHook = AlarmHook(), faults: LocalFaults,
        metrics: Metrics, log: Logger, clock: @escaping @Sendable () -> WallTime
    ) {
        self.faults = faults
        self.hook = hook
        self.metrics = metrics
        self.log = log
        self.clock = clock
        state = Mutex(State(terms: terms))
        disk = AlarmDisk(store: store, log: log)
    }

    // MARK: Raise and clear

    func raise(_ kind: AlarmKind, of subject: String, _ words: String) {
        let now = clock()
        let telling = state.withLock { state -> AlarmTable.Telling? in
            guard state.terms.isWanted(kind) else { return nil }
            let key = AlarmTable.Key(kind: kind, subject: Self.cut(subject))
            let wasStanding = state.table.isStanding(key)
            let telling = state.table.raise(key, Self.cut(words), at: now)
            if kind.isLocal, !wasStanding { faults.set(state.table.localFaults) }
            return telling
        }
        guard let telling else { return }
        tell(telling)
        disk.ring()
    }

    func clear(_ kind: AlarmKind, of subject: String, because words: String) {
        let now = clock()
        let key = AlarmTable.Key(kind: kind, subject: Self.cut(subject))
        let (isCleared, telling) = state.withLock { state -> (Bool, AlarmTable.Telling?) in
            guard state.table.isStanding(key) else { return (false, nil) }
            let telling = state.table.clear(key, because: Self.cut(words), at: now)
            if kind.isLocal { faults.set(state.table.localFaults) }
            return (true, telling)
        }
        if let telling { tell(telling) }
        if isCleared { disk.ring() }
    }

    func clear(_ kind: AlarmKind, exceptOf subjects: Set<String>, because words: String) {
        for alarm in standing where alarm.kind == kind && !subjects.contains(alarm.subject) {
            clear(kind, of: alarm.subject, because: words)
        }
    }

    /// The clock was set, and is believed: ``AlarmTable/move(by:)``.
    func move(by seconds: Int64) {
        state.withLock { $0.table.move(by: seconds) }
        disk.ring()
    }

    /// Tells what came back in its quiet time and still stands, and forgets what is over.
    func sweep() {
        let now = clock()
        for telling in state.withLock({ $0.table.sweep(at: now) }) { tell(telling) }
    }

    // MARK: Looking, and acknowledging

    /// Oldest first.
    var standing: [OperatorAlarm] { state.withLock { $0.table.standing } }

    /// - Returns: nil where no alarm of that number stands. Not on disk yet: ``written(within:)``.
    func acknowledge(_ number: Int64, words: String?) -> OperatorAlarm? {
        let now = clock()
        let alarm = state.withLock { $0.table.acknowledge(number, words: words.map(Self.cut), at: now) }
        guard let alarm else { return nil }
        disk.ring()
        tell(.acknowledged(alarm))
        return alarm
    }

    /// By which number the store knows it; 0 where it is not written yet.
    func number(of alarm: OperatorAlarm) -> Int64 {
        if alarm.number > 0 { return alarm.number }
        let key = AlarmTable.Key(kind: alarm.kind, subject: alarm.subject)
        return state.withLock { $0.table.entries[key]?.alarm.number ?? 0 }
    }

    // MARK: Settings, start

    /// What is ignored from now on and stands is cleared.
    func adopt(_ terms: Terms) {
        state.withLock { $0.terms = terms }
        for alarm in standing where !terms.isWanted(alarm.kind) {
            clear(alarm.kind, of: alarm.subject, because: "the configuration says to ignore it")
        }
    }

    /// Takes up what stood when the daemon ended, once. Nothing is written before.
    /// - Returns: false where the store does not say now.
    @discardableResult
    func load() async -> Bool {
        if state.withLock(\.isLoaded) { return true }
        guard let known = await disk.standing() else { return false }
        state.withLock { state in
            if state.isLoaded { return }
            state.isLoaded = true
            state.table.take(known)
            faults.set(state.table.localFaults)
        }
        return true
    }

    // MARK: For the disk

    /// The alarm that changed first, and which change it is.
    func nextChange() -> (key: AlarmTable.Key, entry: AlarmTable.Entry)? { state.withLock { $0.table.nextChange } }

    /// - Parameter number: what the store gave it.
    func wrote(_ key: AlarmTable.Key, _ version: Int, number: Int64) {
        state.withLock { $0.table.wrote(key, version, number: number) }
    }

    /// Waits until all that was changed before is on disk.
    /// - Returns: false where it is not within that time.
    func written(within limit: Duration) async -> Bool { await disk.written(self, within: limit) }

    /// Sweeps and writes, until the task is cancelled; then what is left is written once more.
    func run(on loop: Loop) async { await disk.run(self, on: loop) }

    // MARK: Telling

    private func tell(_ telling: AlarmTable.Telling) {
        switch telling {
        case .raised(let alarm):
            metrics.alarmsRaised.add(alarm.kind)
            log.event(
                alarm.kind.isGrave ? .error : .warning,
                LogLine("alarm-raised").with("kind", alarm.kind.rawValue).with("subject", alarm.shownSubject)
                    .with("reason", alarm.words))
            hook.note(.raised, alarm)
        case .cleared(let alarm):
            log.event(
                .notice,
                LogLine("alarm-cleared").with("kind", alarm.kind.rawValue).with("subject", alarm.shownSubject)
                    .with("stood", alarm.stood(at: clock())).with("reason", alarm.clearing))
            hook.note(.cleared, alarm)
        case .acknowledged(let alarm):
            log.event(
                .notice,
                LogLine("alarm-acknowledged").with("kind", alarm.kind.rawValue)
                    .with("subject", alarm.shownSubject).with("number", alarm.number)
                    .with("words", alarm.acknowledgement))
            hook.note(.acknowledged, alarm)
        case .full(let kind):
            log.event(
                .error,
                LogLine("alarms-full").with("kind", kind.rawValue).with("limit", Self.limit)
                    .with("cure", "see relayctl alarms, and alarm.ignore for kinds that tell you nothing"))
        }
    }

    private static func cut(_ text: String) -> String {
        text.utf8.count <= textLimit ? text : String(decoding: text.utf8.prefix(textLimit), as: UTF8.self)
    }
}

extension OperatorAlarm {
    /// For the log; nil where the kind says it all.
    var shownSubject: String? { subject.isEmpty ? nil : subject }
}
