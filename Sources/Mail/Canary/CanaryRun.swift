/// The runs of one canary, one after the other: time and outcomes in, what is to be done out.
public struct CanaryRun: Hashable, Sendable {
    public let canary: Canary
    public private(set) var state: State
    /// Of the last run that ended.
    public private(set) var last: CanaryResult?

    public enum State: Hashable, Sendable {
        case resting(until: WallTime)
        /// Its message is under way; with what kept it back last.
        case flying(QueueID, since: WallTime, Reason?)
    }

    public enum Event: Hashable, Sendable {
        case timePassed
        /// A message was made, and is about to be put into the queue.
        case began(QueueID)
        /// It could not be put there.
        case notSent(String)
        /// An attempt was settled. A message of a run before, from before a restart perhaps, tells as much as any.
        case settled(QueueID, Settled)
    }

    public enum Settled: Hashable, Sendable {
        case delivered
        case deferred(Reason)
        case refused(Reason)
    }

    public enum Action: Hashable, Sendable {
        /// Make a message: ``Event/began(_:)`` before it is in the queue.
        case send
        /// It is in the queue longer than it should be.
        case withdraw(QueueID)
        case tell(CanaryResult)
        case raise(AlarmKind, String)
        case clear(AlarmKind, String)
    }

    /// Seconds after its time in which the queue should have ended it: an attempt may be under way when it is over
    /// (`delivery.data_end_timeout`). Ours.
    public static let grace: Int64 = 660
    /// Seconds after the start, or after a change of the configuration, within which the first run begins. Ours.
    public static let firstWait: Int64 = 600

    /// Begins anew, after a part of the interval that is left to chance: what was before a restart is not known.
    public init(_ canary: Canary, at now: WallTime, using generator: inout some RandomNumberGenerator) {
        self.canary = canary
        let longest = max(0, min(canary.every, Self.firstWait))
        state = .resting(until: now.advanced(by: Int64.random(in: 0...longest, using: &generator)))
    }

    /// When the next message is made; nil while one is under way.
    public var next: WallTime? {
        if case .resting(let until) = state { until } else { nil }
    }

    public mutating func handle(_ event: Event, at now: WallTime) -> [Action] {
        switch (state, event) {
        case (.resting(let until), .timePassed):
            // A clock that went back must not put it off for years.
            let latest = now.advanced(by: canary.every)
            if until > latest { state = .resting(until: latest) }
            return until <= now ? [.send] : []
        case (.resting, .began(let id)):
            state = .flying(id, since: now, nil)
            return []
        case (.resting, .notSent(let why)), (.flying(_, _, nil), .notSent(let why)):
            return conclude(
                CanaryResult(
                    time: now, id: nil, verdict: .unknown, cause: nil, words: "it could not be sent: \(why)"), at: now)
        case (.flying, .notSent), (.flying, .began):
            return []
        case (.flying(let id, let since, let kept), .timePassed):
            let end = since.advanced(by: canary.within).advanced(by: Self.grace)
            guard now >= end || now < since else { return [] }
            let fate = kept.map(Canary.Fate.refused) ?? .unheard
            return [.withdraw(id)] + conclude(canary.judge(fate, of: id, at: now), at: now)
        case (.flying(let own, let since, _), .settled(let id, .deferred(let reason))):
            if id == own { state = .flying(own, since: since, reason) }
            return []
        case (.resting, .settled(_, .deferred)):
            return []
        case (.flying(let own, _, _), .settled(let id, let settled)):
            let result = judge(settled, of: id, at: now)
            return id == own ? conclude(result, at: now) : note(result)
        case (.resting, .settled(let id, let settled)):
            return note(judge(settled, of: id, at: now))
        }
    }

    private func judge(_ settled: Settled, of id: QueueID, at now: WallTime) -> CanaryResult {
        switch settled {
        case .delivered: canary.judge(.delivered, of: id, at: now)
        case .deferred(let reason), .refused(let reason): canary.judge(.refused(reason), of: id, at: now)
        }
    }

    /// The run is over.
    private mutating func conclude(_ result: CanaryResult, at now: WallTime) -> [Action] {
        state = .resting(until: now.advanced(by: max(1, canary.every)))
        return note(result)
    }

    /// What is not known raises no alarm, and clears none.
    private mutating func note(_ result: CanaryResult) -> [Action] {
        last = result
        let kinds: (own: AlarmKind, other: AlarmKind) =
            switch canary.expectation {
            case .delivered: (.canaryRefused, .canaryDelivered)
            case .refused: (.canaryDelivered, .canaryRefused)
            }
        switch result.verdict {
        case .good: return [.tell(result), .clear(kinds.own, result.words), .clear(kinds.other, result.words)]
        case .bad:
            let why = result.id.map { ": relayctl explain \($0)" } ?? ""
            return [.tell(result), .raise(kinds.own, result.words + why)]
        case .unknown: return [.tell(result)]
        }
    }
}
