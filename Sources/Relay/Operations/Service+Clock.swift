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
    func leaveOutAbsence() async throws(ServiceError) {
        do throws(StoreError) {
            if configuration.queue.clockPatience > .zero, let last = try await store.lastTime() {
                try await judgeAbsence(ClockWatch.Step(from: last, to: Self.clock()))
            }
        } catch {
            // The time of now, noted over the last one, would hide that the relay was away, and mail would be given up for it.
            throw ServiceError.store("the queue could not be told how long the relay was away: \(error)")
        }
        await noteTime()
    }

    private func judgeAbsence(_ step: ClockWatch.Step) async throws(StoreError) {
        let line = LogLine("absence").with("from", step.from.rfc3339).with("to", step.to.rfc3339)
        if step.seconds > Self.usualAbsence {
            try await store.leaveOut(from: step.from, to: step.to, because: "the relay did not run")
            log.event(.notice, line.with("reason", "mail that waited is not given up for it"))
        } else if step.seconds < -ClockWatch.tolerance {
            let reason = "it is earlier than when the relay ran last"
            guard step.isBelievable else {
                return log.event(.error, line.with("reason", "\(reason), by more than the queue is moved for"))
            }
            // The move itself is carried out by ``watchClock(_:by:)``.
            try await store.begin(step, because: reason)
            log.event(.warning, line.with("reason", reason))
        }
    }

    /// Once in a while, so that a start finds it.
    func noteTime() async {
        do throws(StoreError) { try await store.noteTime(Self.clock()) } catch {
            log.event(.error, LogLine("store-failed").with("doing", "noting the time").with("reason", "\(error)"))
        }
    }

    /// Tells of a step of the clock, and goes by it once it has stood. About once a second.
    func watchClock(_ turn: inout ClockTurn, by clock: JudgedClock = .shared) async {
        guard let (step, secondsLeft) = clock.doubted else {
            if let told = turn.told {
                log.event(.notice, LogLine("clock-right").with("was", told.to.rfc3339))
                ground.alarms.clear(.clockStepped, of: "", because: "the clock was set right again")
                turn.told = nil
            }
            return await endMove(&turn, by: clock)
        }
        if turn.told.map({ !$0.isLike(step) }) ?? true {
            log.event(
                .error,
                LogLine("clock-stepped").with("from", step.from.rfc3339).with("to", step.to.rfc3339)
                    .with("believed_in", secondsLeft.map { "\($0)s" } ?? "never")
                    .with("cure", "set the clock right: timedatectl"))
            ground.alarms.raise(.clockStepped, of: "", step.words)
        }
        turn.told = step
        if let due = clock.due {
            await believe(due, &turn, by: clock)
        } else {
            await endMove(&turn, by: clock)
        }
    }

    /// The queue follows a step, and the relay goes by it. Where that fails it is tried again in a second, from where it stood.
    private func believe(_ step: ClockWatch.Step, _ turn: inout ClockTurn, by clock: JudgedClock) async {
        if turn.move == .believed {
            // Of another step: one after the other.
            await endMove(&turn, by: clock)
            if turn.move == .believed { return }
        }
        turn.move = .begun
        var moved: Int?
        do throws(StoreError) {
            // First what saves mail from being given up; then what saves hosts from all of it at once.
            try await store.begin(step, because: "the clock was set")
            if step.isForwards {
                try await renewOrders()
                moved = try await store.moveTimes()
            }
        } catch {
            return tell(error, &turn)
        }
        // The move takes its time: the clock may have been set right meanwhile, and the next look takes the move back.
        guard clock.believe(step) else { return }
        turn.move = .believed
        turn.told = nil
        ground.alarms.move(by: step.seconds)
        log.event(
            .warning,
            LogLine("clock-believed").with("from", step.from.rfc3339).with("to", step.to.rfc3339).with("moved", moved))
        ground.alarms.clear(.clockStepped, of: "", because: "the new time stands, and is believed")
        await noteTime()
        await endMove(&turn, by: clock)
    }

    /// Ends the move of the queue that is under way, whatever the clock says by now.
    private func endMove(_ turn: inout ClockTurn, by clock: JudgedClock) async {
        guard turn.move != .none else { return }
        let isBelieved = turn.move == .believed
        let moved: Int?
        do throws(StoreError) {
            moved = try await store.endMove(isBelieved: isBelieved, at: clock.now)
            try await renewOrders()
        } catch {
            return tell(error, &turn)
        }
        turn.move = .none
        turn.fault = nil
        guard isBelieved || moved != nil else { return }
        if let moved, moved > 0 { log.event(.notice, LogLine("clock-moved").with("moved", moved)) }
        await dispatcher.clockWasSet()
    }

    /// Says once what keeps the queue from moving.
    private func tell(_ error: StoreError, _ turn: inout ClockTurn) {
        let words = "\(error)"
        guard turn.fault != words else { return }
        turn.fault = words
        log.event(
            .error, LogLine("store-failed").with("doing", "moving the queue to another time").with("reason", words))
    }
}

/// What the watch over the clock has told, and what it has still to do.
struct ClockTurn: Sendable {
    /// How far the queue is on its way to another time.
    enum Move: Sendable {
        case none
        /// The step is not believed yet, or nobody knows: so it is at start, after a crash.
        case begun
        case believed
    }

    /// The step that is told and not believed.
    var told: ClockWatch.Step?
    var move = Move.begun
    /// What kept the queue from moving, as it was told.
    var fault: String?
}

extension ClockWatch.Step {
    /// For the operator.
    var words: String {
        "the clock was set \(isForwards ? "forwards" : "back") from \(from.rfc3339) to \(to.rfc3339) at once"
    }
}
