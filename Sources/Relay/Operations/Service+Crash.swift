import Logging
import Mail
import Store

/// A message that has this program fall must not have it fall again and again.
extension Service {
    /// At start, before anything is delivered: who was under way when the program fell waits, each time longer, and is held in the end.
    func holdBackSuspects() async {
        if let crash = store.inFlight?.crash {
            log.event(
                .error,
                LogLine("crashed").with("signal", crash.signal).with("suspects", crash.suspects.count)
                    .with("cure", "please report it, with the log of the minute before"))
            await holdBack(crash.suspects)
        }
        if let why = store.inFlight?.watchCrashes() { log.event(.warning, Self.inFlightMissing(why)) }
    }

    /// What the log says where a crash would not be known at the next start.
    static func inFlightMissing(_ reason: String) -> LogLine {
        LogLine("in-flight-missing").with("reason", reason)
            .with(
                "cure",
                "mail goes on; but a message that has relayd fall is not found out, and may do so at each start: see that "
                    + "the file can be written by relayd's user and the disk has room, and start again")
    }

    /// A suspect that is held no more needs no alarm.
    func clearSuspects() async {
        for alarm in ground.alarms.standing where alarm.kind == .crashSuspect {
            guard let id = QueueID(alarm.subject) else { continue }
            // A store that does not answer says nothing of it.
            guard let found = try? await store.show(id).map(\.recipients) ?? [] else { continue }
            if found.contains(where: { $0.recipient.state == .held }) { continue }
            ground.alarms.clear(.crashSuspect, of: alarm.subject, because: "it is held no more")
        }
    }

    private func holdBack(_ suspects: [InFlight.Suspect]) async {
        let now = Self.clock()
        var resting: [(message: StoredMessage, crashes: Int, until: WallTime)] = []
        for (suspect, seconds) in zip(suspects, SuspectRest.seconds(for: suspects)) {
            do throws(StoreError) {
                guard let message = try await store.message(suspect.message) else { continue }
                if let seconds {
                    resting.append((message, suspect.crashes, now.advanced(by: seconds)))
                } else {
                    try await hold(message, crashes: suspect.crashes, at: now)
                }
            } catch {
                tellUnheld(error)
            }
        }
        do throws(StoreError) {
            let waiting = try await store.holdBack(resting.map { ($0.message.number, $0.until) })
            for (suspect, waiting) in zip(resting, waiting) where waiting > 0 {
                log.event(
                    .warning, Self.line(suspect.message, suspect.crashes).with("until", suspect.until.rfc3339))
            }
        } catch {
            tellUnheld(error)
        }
    }

    private func hold(_ message: StoredMessage, crashes: Int, at now: WallTime) async throws(StoreError) {
        guard let detail = try await store.show(message.id) else { return }
        let waiting = detail.recipients.map(\.recipient).filter { $0.state == .due }
        guard !waiting.isEmpty else { return }
        let reason = "relayd fell \(crashes) times while this was being delivered"
        for start in stride(from: 0, to: waiting.count, by: QueueLimits.page) {
            let page = waiting[start..<min(waiting.count, start + QueueLimits.page)]
            _ = try await store.change(.hold(reason: reason), page.map(\.number), at: now)
        }
        log.event(
            .error,
            Self.line(message, crashes).with("state", "held").with(
                "cure", "relayctl queue release, once it is known why"))
        ground.alarms.raise(.crashSuspect, of: message.id.text, reason + ", and is held")
    }

    private static func line(_ message: StoredMessage, _ crashes: Int) -> LogLine {
        LogLine("crash-suspect").with("queue_id", message.id.text).with("crashes", crashes)
    }

    private func tellUnheld(_ error: StoreError) {
        log.event(
            .error,
            LogLine("store-failed").with("doing", "holding back what was under way").with("reason", "\(error)"))
    }
}
