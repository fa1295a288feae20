import Logging
import Mail
import Net
import Synchronization

/// Tells programs and web services of the operator's choice what becomes of alarms: each a queue of its own, one at a time and
/// in order. Bounded: what finds no room is dropped and logged, for alarms stand in `relayctl alarms` all the same.
final class AlarmHook: Sendable {
    /// Tidings that wait for each way. Ours.
    static let limit = 256

    /// What became of an alarm.
    enum Change: String, Sendable { case raised, cleared, acknowledged }

    struct Tiding: Sendable {
        let change: Change
        let alarm: OperatorAlarm
    }

    enum Way: String, CaseIterable, Sendable { case command, post }

    struct Terms: Sendable {
        var command: AlarmCommand?
        var post: AlarmPost?
    }

    private struct State {
        var terms = Terms()
        var waiting: [Way: [Tiding]] = [:]
        /// Found no room, and were not told of yet.
        var dropped: [Way: Int] = [:]
        var bells: [Way: Alarm] = [:]
    }

    private let state: Mutex<State>

    init(_ terms: Terms = Terms()) {
        state = Mutex(State(terms: terms))
    }

    /// What waits for a way that is no longer wanted is dropped.
    func adopt(_ terms: Terms) {
        state.withLock { state in
            state.terms = terms
            if terms.command == nil { state.waiting[.command] = nil }
            if terms.post == nil { state.waiting[.post] = nil }
        }
    }

    func note(_ change: Change, _ alarm: OperatorAlarm) {
        let bells = state.withLock { state -> [Alarm] in
            var ways: [Way] = []
            if state.terms.command != nil { ways.append(.command) }
            if state.terms.post != nil { ways.append(.post) }
            for way in ways {
                guard state.waiting[way, default: []].count < Self.limit else {
                    state.dropped[way, default: 0] += 1
                    continue
                }
                state.waiting[way, default: []].append(Tiding(change: change, alarm: alarm))
            }
            return ways.compactMap { state.bells[$0] }
        }
        for bell in bells { bell.ring() }
    }

    /// What waits for a way.
    func waiting(for way: Way) -> Int { state.withLock { $0.waiting[way]?.count ?? 0 } }

    /// What found no room since that was told last.
    func dropped(for way: Way) -> Int { state.withLock { $0.dropped[way] ?? 0 } }

    /// Tells one way, until the task is cancelled.
    func run(_ way: Way, of book: AlarmBook, hostname: DomainName, on loop: Loop, log: Logger) async {
        let bell = Alarm(on: loop)
        state.withLock { $0.bells[way] = bell }
        while !Task.isCancelled {
            guard let (tiding, terms) = next(way) else {
                guard (try? await bell.wait(until: .after(Self.look))) != nil else { return }
                continue
            }
            let dropped = state.withLock { $0.dropped.removeValue(forKey: way) }
            if let dropped {
                log.event(
                    .warning,
                    LogLine("alarm-untold").with("way", way.rawValue).with("tidings", dropped)
                        .with("reason", "\(Self.limit) others waited already"))
            }
            // So that it can be acknowledged by its number.
            _ = await book.written(within: Self.patience)
            var alarm = tiding.alarm
            alarm.number = book.number(of: alarm)
            guard let body = ControlJSON.encode(AlarmTidingView(tiding.change, alarm, hostname: hostname)) else {
                continue
            }
            let problem: String? =
                switch way {
                case .command: await terms.command?.run(body + [UInt8(ascii: "\n")], on: loop)
                case .post: await terms.post?.send(body, on: loop)
                }
            if Task.isCancelled { return }
            if let problem {
                log.event(
                    .warning,
                    LogLine("alarm-untold").with("way", way.rawValue).with("kind", alarm.kind.rawValue)
                        .with("subject", alarm.shownSubject).with("change", tiding.change.rawValue)
                        .with("reason", problem))
            }
        }
    }

    /// How long a tiding waits for its alarm to be on disk: then it goes without the number.
    private static let patience: Duration = .seconds(5)
    /// Between two looks whether the daemon stops.
    private static let look: Duration = .seconds(1)

    private func next(_ way: Way) -> (Tiding, Terms)? {
        state.withLock { state in
            guard let first = state.waiting[way]?.first else { return nil }
            state.waiting[way]?.removeFirst()
            return (first, state.terms)
        }
    }
}
