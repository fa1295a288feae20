import Logging
import Mail
import Store

/// A message that has this program fall must not have it fall again and again.
extension Service {
    /// Seconds for which a suspect is held back behind its first crash, its second, and so on; behind the next one it is held. Ours.
    static let suspectRests: [Int64] = [30, 300]

    /// At start, before anything is delivered: who was under way when the program fell waits, each time longer, and is held in the end.
    func holdBackSuspects() async {
        defer { store.inFlight?.watchCrashes() }
        guard let crash = store.inFlight?.crash else { return }
        log.event(
            .error,
            LogLine("crashed").with("signal", crash.signal).with("suspects", crash.suspects.count)
                .with("cure", "please report it, with the log of the minute before"))
        for suspect in crash.suspects {
            do throws(StoreError) { try await holdBack(suspect) } catch {
                log.event(
                    .error,
                    LogLine("store-failed").with("doing", "holding back what was under way").with("reason", "\(error)"))
            }
        }
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

    private func holdBack(_ suspect: InFlight.Suspect) async throws(StoreError) {
        // Delivered as the last thing before the fall, or gone since.
        guard let message = try await store.message(suspect.message), let detail = try await store.show(message.id)
        else {
            return
        }
        let waiting = detail.recipients.map(\.recipient).filter { $0.state == .due }
        guard !waiting.isEmpty else { return }
        let line = LogLine("crash-suspect").with("queue_id", message.id.text).with("crashes", suspect.crashes)
        let now = Self.clock()
        if suspect.crashes > Self.suspectRests.count {
            let reason = "relayd fell \(suspect.crashes) times while this was being delivered"
            for start in stride(from: 0, to: waiting.count, by: QueueLimits.page) {
                let page = waiting[start..<min(waiting.count, start + QueueLimits.page)]
                _ = try await store.change(.hold(reason: reason), page.map(\.number), at: now)
            }
            log.event(.error, line.with("state", "held").with("cure", "relayctl queue release, once it is known why"))
            ground.alarms.raise(.crashSuspect, of: message.id.text, reason + ", and is held")
        } else {
            let until = now.advanced(by: Self.suspectRests[suspect.crashes - 1])
            try await store.holdBack(message.number, until: until)
            log.event(.warning, line.with("until", until.rfc3339))
        }
    }
}
