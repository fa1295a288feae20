import Mail
import Store
import Synchronization

/// What the operator has ordered and what holds until it is taken back: destinations that are suspended, and rules that
/// hold mail. On disk by the store; here for whoever has to know at once. Safe from any thread.
final class StandingOrders: Sendable {
    private struct State {
        /// Of the newest reading that was taken over.
        var reading = 0
        var nextReading = 1
        var active: [String: Suspension] = [:]
        var history = SuspensionHistory([])
        var holds = HoldRules([])
    }

    private let state = Mutex(State())

    /// Begins a reading of the store: of several at once the one that began last holds.
    func beginReading() -> Int {
        state.withLock { state in
            defer { state.nextReading += 1 }
            return state.nextReading
        }
    }

    /// Takes what the store held.
    /// - Parameter time: suspensions that ended before have no part in what holds.
    func renew(suspensions: [Suspension], holds: [HoldRule], at time: WallTime, reading: Int) {
        let active = Dictionary(
            // Time that is left out suspends nobody, also while it has not come.
            suspensions.filter { $0.isActive(at: time) && $0.destination != SuspensionHistory.everywhere }
                .map { ($0.destination, $0) }, uniquingKeysWith: { $1 })
        let history = SuspensionHistory(
            suspensions.map {
                SuspensionHistory.Span(
                    destination: $0.destination, since: $0.since, until: $0.until, endedAt: $0.endedAt)
            })
        let rules = HoldRules(
            holds.map {
                HoldRules.Rule(
                    sender: $0.sender, senderDomain: $0.senderDomain, recipient: $0.recipient,
                    recipientDomain: $0.recipientDomain, destination: $0.destination, reason: $0.reason)
            })
        state.withLock {
            guard reading > $0.reading else { return }
            $0.reading = reading
            $0.active = active
            $0.history = history
            $0.holds = rules
        }
    }

    /// The suspension of a destination that holds at `time`.
    func suspension(of destination: String, at time: WallTime) -> Suspension? {
        state.withLock { state in
            guard let found = state.active[destination] else { return nil }
            return found.until.map { $0 > time } ?? true ? found : nil
        }
    }

    /// All that hold at `time`.
    func suspensions(at time: WallTime) -> [Suspension] {
        state.withLock { state in
            state.active.values.filter { suspension in suspension.until.map { $0 > time } ?? true }
        }
    }

    /// Those whose time has passed and that nobody took back.
    func elapsed(at time: WallTime) -> [Suspension] {
        state.withLock { state in
            state.active.values.filter { suspension in suspension.until.map { $0 <= time } ?? false }
        }
    }

    /// Seconds from `start` to `end` in which a destination was suspended: they do not count against a message (D19).
    func secondsSuspended(_ destination: String, from start: WallTime, to end: WallTime) -> Int64 {
        state.withLock { $0.history.seconds(of: destination, from: start, to: end) }
    }

    /// Why new mail of these is held; nil where no rule is for it.
    func hold(sender: ReversePath, recipient: Mailbox, destination: String) -> String? {
        state.withLock { $0.holds.reason(sender: sender, recipient: recipient, destination: destination) }
    }
}
