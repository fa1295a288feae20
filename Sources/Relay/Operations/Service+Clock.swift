import Logging
import Mail
import Store

/// The wall clock makes a step, or the relay was away: what passed without anything being tried counts for no mail (D19).
extension Service {
    /// Seconds without the relay that count for mail all the same: a restart, a night. Ours.
    static let usualAbsence: Int64 = 86_400
    /// Between two notes of the time, seconds.
    static let timeNotePause: Duration = .seconds(600)

    /// At start: where the relay was away for long, or comes up with another date, its mail is not over before it was tried again.
    func leaveOutAbsence() async {
        let now = Self.clock()
        do throws(StoreError) {
            if configuration.queue.clockPatience > .zero, let last = try await store.lastTime() {
                if now > last.advanced(by: Self.usualAbsence) {
                    try await store.leaveOut(from: last, to: now, because: "the relay did not run")
                    log.event(
                        .notice,
                        LogLine("absence").with("from", last.rfc3339).with("to", now.rfc3339)
                            .with("reason", "mail that waited is not given up for it"))
                } else if now < last.advanced(by: -ClockWatch.tolerance) {
                    try await store.takeBack(to: now)
                    let moved = try await store.moveTimes(after: now, by: now.seconds &- last.seconds)
                    log.event(
                        .warning,
                        LogLine("absence").with("from", last.rfc3339).with("to", now.rfc3339).with("moved", moved)
                            .with("reason", "it is earlier than when the relay ran last"))
                }
            }
            try await store.noteTime(now)
        } catch {
            log.event(
                .error,
                LogLine("store-failed").with("doing", "reading when the relay ran last").with("reason", "\(error)"))
        }
    }

    /// Once in a while, so that a start finds it.
    func noteTime() async {
        do throws(StoreError) { try await store.noteTime(Self.clock()) } catch {
            log.event(.error, LogLine("store-failed").with("doing", "noting the time").with("reason", "\(error)"))
        }
    }

    /// Tells of a step of the clock, and goes by it once it has stood. About once a second.
    /// - Parameter before: what this returned last.
    /// - Returns: the step that is told and not believed.
    func watchClock(before: ClockWatch.Step?) async -> ClockWatch.Step? {
        let clock = JudgedClock.shared
        guard let (step, secondsLeft) = clock.doubted else {
            guard let before else { return nil }
            log.event(.notice, LogLine("clock-right").with("was", before.to.rfc3339))
            ground.alarms.clear(.clockStepped, of: "", because: "the clock was set right again")
            return nil
        }
        if before.map({ ($0.seconds &- step.seconds).magnitude > UInt64(ClockWatch.tolerance) }) ?? true {
            log.event(
                .error,
                LogLine("clock-stepped").with("from", step.from.rfc3339).with("to", step.to.rfc3339)
                    .with("believed_in", "\(secondsLeft)s").with("cure", "set the clock right: timedatectl"))
            ground.alarms.raise(.clockStepped, of: "", step.words)
        }
        guard clock.due != nil else { return step }
        return await believe(step) ? nil : step
    }

    /// - Returns: false where the queue could not be prepared for it: it is tried again.
    private func believe(_ step: ClockWatch.Step) async -> Bool {
        do throws(StoreError) {
            // First what saves mail from being given up; then what saves hosts from all of it at once.
            if step.isForwards {
                try await store.leaveOut(from: step.from, to: step.to, because: "the clock was set")
            } else {
                try await store.takeBack(to: step.to)
            }
            let moved = try await store.moveTimes(after: step.from, by: step.seconds)
            try await renewOrders()
            JudgedClock.shared.believe()
            try await store.noteTime(Self.clock())
            log.event(
                .warning,
                LogLine("clock-believed").with("from", step.from.rfc3339).with("to", step.to.rfc3339)
                    .with("moved", moved))
        } catch {
            log.event(
                .error,
                LogLine("store-failed").with("doing", "moving the queue to another time").with("reason", "\(error)"))
            return false
        }
        ground.alarms.clear(.clockStepped, of: "", because: "the new time stands, and is believed")
        ringLoader()
        return true
    }
}

extension ClockWatch.Step {
    /// For the operator.
    var words: String {
        "the clock was set \(isForwards ? "forwards" : "back") from \(from.rfc3339) to \(to.rfc3339) at once"
    }
}
