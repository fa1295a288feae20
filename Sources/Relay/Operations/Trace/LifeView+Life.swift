import Mail
import Store

// What the control socket tells of a life.

extension LifeView {
    /// What was found in the trace. Nil for a finding of nothing.
    init?(_ finding: TraceFinding) {
        if let life = finding.life {
            self.init(life, notes: finding.notes, isEnded: true)
        } else if let id = finding.notes.first?.id {
            self.init(
                id: id.text, messageId: nil, kind: "mail", state: "unknown", sender: "", receivedAt: nil, endedAt: nil,
                size: nil, client: ClientView(), demand: nil, recipients: [],
                events: finding.notes.map { LifeEventView(time: $0.time.seconds, event: "note", words: $0.words) })
        } else {
            return nil
        }
    }

    /// A message that is still in the queue.
    init(_ detail: QueueDetail, messageID: String? = nil, notes: [TraceNote] = []) {
        self.init(
            Life(detail, messageID: messageID, endedAt: detail.message.receivedAt), notes: notes, isEnded: false)
    }

    private init(_ life: Life, notes: [TraceNote], isEnded: Bool) {
        self.init(
            id: life.id.text, messageId: life.messageID, kind: life.kind.word, state: isEnded ? "ended" : "in queue",
            sender: life.sender, receivedAt: life.receivedAt.seconds, endedAt: isEnded ? life.endedAt.seconds : nil,
            size: life.size, client: ClientView(life.client), demand: life.demand.word,
            recipients: life.recipients.map { LifeRecipientView($0, notes: life.notes + notes.map(Life.Note.init)) },
            events: LifeEvents.list(life, notes: notes, isEnded: isEnded), omittedRecipients: life.omittedRecipients,
            omittedAttempts: life.omittedAttempts)
    }
}

extension LifeView.ClientView {
    init(_ client: Life.Client) {
        self.init(
            name: client.name, address: client.address, tls: client.tls, login: client.login,
            forwarded: client.forwarded, listener: client.listener)
    }
}

extension LifeRecipientView {
    init(_ recipient: Life.Recipient, notes: [Life.Note] = []) {
        // What an attempt came to before is not why it was deleted.
        let deletion = recipient.outcome == .deleted ? Self.deletion(of: recipient.address, notes) : nil
        self.init(
            address: recipient.address, destination: recipient.destination, outcome: recipient.outcome.rawValue,
            reason: deletion ?? recipient.cause.map { ReasonView(cause: $0, detail: recipient.detail ?? "") },
            reply: recipient.outcome == .deleted ? nil : recipient.reply, host: recipient.deciding,
            notify: recipient.notify)
    }

    /// By whom it was deleted, with the operator's words where they were noted.
    private static func deletion(of address: String, _ notes: [Life.Note]) -> ReasonView {
        let order = "\(QueueVerb.delete.past) by the operator"
        let note = notes.last { $0.words.hasPrefix(order) && $0.concerns(address) }
        var words = note?.words.dropFirst(order.count) ?? ""
        // Behind them stands whom the order was about.
        if let whom = words.indices.last(where: { words[$0...].hasPrefix(" (") }) { words = words[..<whom] }
        return ReasonView(cause: "deleted-by-operator", detail: String(words.trimmingPrefix(": ")))
    }
}

extension Life.Recipient {
    /// The host that its outcome came from. That its time was over, or that DNS has no such domain, no host said, and what the
    /// operator did is not the doing of the one that was tried last.
    fileprivate var deciding: String? {
        switch outcome {
        case .bounced where reply == nil, .deleted: nil
        default: host
        }
    }
}

extension Life.Note {
    init(_ note: TraceNote) { self.init(time: note.time, words: note.words) }

    /// The order that was noted was about it, or about more recipients than are named.
    func concerns(_ address: String) -> Bool {
        guard words.hasSuffix(")"), let start = words.indices.last(where: { words[$0...].hasPrefix(" (") }) else {
            return false
        }
        let whom = words[start...].dropFirst(2).dropLast()
        return whom.hasSuffix(" others") || whom.split(separator: " ").contains { $0 == address }
    }
}

extension LifeAttemptView {
    init(_ attempt: Life.Attempt) {
        self.init(
            host: attempt.host, address: attempt.address, required: attempt.tlsLevel, requiredBy: attempt.requiredBy,
            verified: attempt.verifiedBy, tls: attempt.tls, result: attempt.result, reply: attempt.reply,
            milliseconds: attempt.milliseconds, times: attempt.times, decision: attempt.decision,
            evidence: attempt.evidence, phases: attempt.phases)
    }
}

/// What happened, in order of time.
enum LifeEvents {
    static func list(_ life: Life, notes: [TraceNote], isEnded: Bool) -> [LifeEventView] {
        let attempts = attempts(life)
        var notesOfSecond: [Int64: [Life.Note]] = [:]
        // The writer of the record may have known of a note that was also kept by itself.
        var seen: Set<Life.Note> = []
        for note in life.notes + notes.map(Life.Note.init) {
            guard seen.insert(note).inserted else { continue }
            notesOfSecond[note.time.seconds, default: []].append(note)
        }
        // Of one second attempts come first, but for notes that are known to have come before them.
        var placed = attempts.map { attempt in
            (attempt, place: 2 * notesBefore(attempt, notesOfSecond[attempt.time] ?? [], attempts))
        }
        for (time, notes) in notesOfSecond {
            placed += notes.enumerated().map { place, note in
                (LifeEventView(time: time, event: "note", words: note.words), place: 2 * place + 1)
            }
        }
        let ordered = placed.enumerated().sorted {
            ($0.element.0.time, $0.element.place, $0.offset) < ($1.element.0.time, $1.element.place, $1.offset)
        }
        var events = [LifeEventView(time: life.receivedAt.seconds, event: "received")] + ordered.map(\.element.0)
        guard isEnded else { return events }
        for notice in life.notices {
            events.append(LifeEventView(time: life.endedAt.seconds, event: "notice", words: notice.text))
        }
        events.append(LifeEventView(time: life.endedAt.seconds, event: "ended", words: outcomes(life)))
        return events
    }

    /// How many of the notes of its second came before an attempt, as far as that is known: times are whole seconds. Nothing
    /// that is held is tried, and nothing is ordered of what has left the queue. Whether a retry was ordered
    /// before a deferral or behind it, nobody knows.
    private static func notesBefore(
        _ attempt: LifeEventView, _ notes: [Life.Note], _ attempts: [LifeEventView]
    ) -> Int {
        func isOrder(_ note: Life.Note, _ verbs: [QueueVerb]) -> Bool {
            verbs.contains { note.words.hasPrefix("\($0.past) by the operator") }
                && attempt.recipients.contains(where: note.concerns)
        }
        let isLast = attempts.contains { other in
            other.time == attempt.time && !Set(other.recipients).isDisjoint(with: attempt.recipients)
                && ["delivered", "bounced"].contains { other.attempt?.result.hasPrefix($0) == true }
        }
        if isLast {
            return notes.lastIndex { isOrder($0, [.hold, .release, .retry]) }.map { $0 + 1 } ?? 0
        }
        // What is released was held until then.
        let first = notes.firstIndex { isOrder($0, [.hold, .release]) }
        return first.flatMap { isOrder(notes[$0], [.release]) ? $0 + 1 : nil } ?? 0
    }

    /// A try that was made for several recipients is one event.
    private static func attempts(_ life: Life) -> [LifeEventView] {
        var places: [Life.Attempt: Int] = [:]
        var events: [LifeEventView] = []
        for recipient in life.recipients {
            for attempt in recipient.attempts {
                if let place = places[attempt] {
                    if events[place].recipients.last != recipient.address {
                        events[place].recipients.append(recipient.address)
                    }
                } else {
                    places[attempt] = events.count
                    events.append(
                        LifeEventView(
                            time: attempt.time.seconds, event: "attempt", recipients: [recipient.address],
                            attempt: LifeAttemptView(attempt)))
                }
            }
        }
        return events
    }

    /// `delivered`; of several recipients `2 delivered, 1 bounced`.
    private static func outcomes(_ life: Life) -> String {
        if life.recipients.count == 1 && life.omittedRecipients == 0 { return life.recipients[0].outcome.rawValue }
        var parts = Life.Outcome.allCases.compactMap { outcome in
            let count = life.recipients.filter { $0.outcome == outcome }.count
            return count == 0 ? nil : "\(count) \(outcome.rawValue)"
        }
        if life.omittedRecipients > 0 { parts.append("\(life.omittedRecipients) not recorded") }
        return parts.joined(separator: ", ")
    }
}

extension MessageKind {
    /// For views.
    var word: String {
        switch self {
        case .mail: "mail"
        case .dsn: "dsn"
        case .report: "report"
        case .foreignReport: "foreign-report"
        case .canary: "canary"
        }
    }
}
