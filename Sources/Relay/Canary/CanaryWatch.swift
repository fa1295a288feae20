import Logging
import Mail
import Store
import Synchronization

/// All canaries, and what has become of them. Safe from any thread.
///
/// In memory alone: after a restart each begins anew, and the message of a run before still tells what became of it. An alarm
/// outlives the restart by itself, and is cleared by the next good run.
final class CanaryWatch: Sendable {
    /// What is to be done that takes time.
    enum Order: Sendable {
        case send(Canary)
        case withdraw(QueueID, Canary)
    }

    private let runs = Mutex<[CanaryRun]>([])
    private let alarms: any AlarmSink
    private let log: Logger

    init(alarms: any AlarmSink, log: Logger) {
        self.alarms = alarms
        self.log = log
    }

    /// These from now on. One that is as it was goes on; one that is gone has no alarm any more.
    func adopt(_ canaries: [Canary], at now: WallTime) {
        runs.withLock { runs in
            if runs.map(\.canary) == canaries { return }
            var generator = SystemRandomNumberGenerator()
            runs = canaries.map { canary in
                runs.first { $0.canary == canary } ?? CanaryRun(canary, at: now, using: &generator)
            }
        }
        // Also those that were taken out while the daemon was down.
        for kind in [AlarmKind.canaryDelivered, .canaryRefused] {
            alarms.clear(kind, exceptOf: Set(canaries.map(\.name)), because: "there is no such canary any more")
        }
    }

    /// What has to be done by now.
    func look(at now: WallTime) -> [Order] {
        names.flatMap { handle(.timePassed, of: $0, at: now) }
    }

    /// - Returns: what is left to do.
    @discardableResult
    func handle(_ event: CanaryRun.Event, of name: String, at now: WallTime) -> [Order] {
        let (canary, actions) = runs.withLock { runs -> (Canary?, [CanaryRun.Action]) in
            guard let place = runs.firstIndex(where: { $0.canary.name == name }) else { return (nil, []) }
            return (runs[place].canary, runs[place].handle(event, at: now))
        }
        guard let canary else { return [] }
        return actions.compactMap { perform($0, canary) }
    }

    /// An attempt at the message of a canary is settled.
    func note(_ job: Job, _ decided: [Decided], at now: WallTime) {
        for one in decided {
            guard let canary = canary(from: job.message.reversePath, to: one.recipient.mailbox) else { continue }
            let settled: CanaryRun.Settled =
                switch one.outcome {
                case .delivered: .delivered
                case .deferred(let reason, _): .deferred(reason)
                // What kept it back says more than that its time was over.
                case .bounced(let reason, _): .refused(one.expiredFrom ?? reason)
                }
            handle(.settled(job.message.id, settled), of: canary.name, at: now)
        }
    }

    var all: [CanaryRun] { runs.withLock { $0 } }
    private var names: [String] { all.map(\.canary.name) }

    private func canary(from sender: ReversePath, to recipient: Mailbox) -> Canary? {
        all.map(\.canary).first { .mailbox($0.sender) == sender && $0.recipient == recipient }
    }

    private func perform(_ action: CanaryRun.Action, _ canary: Canary) -> Order? {
        switch action {
        case .send: return .send(canary)
        case .withdraw(let id): return .withdraw(id, canary)
        case .raise(let kind, let words): alarms.raise(kind, of: canary.name, words)
        case .clear(let kind, let words): alarms.clear(kind, of: canary.name, because: words)
        case .tell(let result):
            log.event(
                result.verdict == .bad ? .error : .info,
                LogLine("canary-result").with("canary", canary.name).with("queue_id", result.id)
                    .with("expect", canary.expectation.rawValue).with("result", result.verdict.rawValue)
                    .with("cause", result.cause?.rawValue).with("reason", result.words))
        }
        return nil
    }
}
