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
            recipients: life.recipients.map(LifeRecipientView.init),
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
    init(_ recipient: Life.Recipient) {
        self.init(
            address: recipient.address, destination: recipient.destination, outcome: recipient.outcome.rawValue,
            reason: recipient.cause.map { ReasonView(cause: $0, detail: recipient.detail ?? "") },
            reply: recipient.reply, host: recipient.deciding, notify: recipient.notify)
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
        var events = attempts(life)
        // The writer of the record may have known of a note that was also kept by itself.
        var seen: Set<Life.Note> = []
        for note in life.notes + notes.map({ Life.Note(time: $0.time, words: $0.words) }) {
            guard seen.insert(note).inserted else { continue }
            events.append(LifeEventView(time: note.time.seconds, event: "note", words: note.words))
        }
        // Equal times stay in this order.
        let ordered = events.enumerated().sorted {
            ($0.element.time, $0.offset) < ($1.element.time, $1.offset)
        }
        events = [LifeEventView(time: life.receivedAt.seconds, event: "received")] + ordered.map(\.element)
        guard isEnded else { return events }
        for notice in life.notices {
            events.append(LifeEventView(time: life.endedAt.seconds, event: "notice", words: notice.text))
        }
        events.append(LifeEventView(time: life.endedAt.seconds, event: "ended", words: outcomes(life)))
        return events
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
