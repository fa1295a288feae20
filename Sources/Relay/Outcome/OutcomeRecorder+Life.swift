import Mail
import Store

/// What is kept of a message that left the queue: its life goes into the trace, never in the queue's way.
extension OutcomeRecorder {
    /// - Parameter notices: the ids of those that were made.
    func keepLife(
        of job: Job, _ decided: [Decided], _ result: AttemptResult?, _ settled: Settled, _ notices: [QueueID],
        at now: WallTime
    ) {
        guard let trace else { return }
        if settled.openRecipients > 0 {
            for notice in notices {
                trace.note(TraceNote(time: now, id: job.message.id, words: "notice \(notice)"))
            }
        } else if let detail = settled.ended {
            trace.record(Life(detail, messageID: detail.message.messageID, endedAt: now, notices: notices))
        } else {
            trace.record(life(of: job, decided, result, notices, at: now))
        }
    }

    /// The life of a message of one attempt, all of which is known here.
    func life(
        of job: Job, _ decided: [Decided], _ result: AttemptResult?, _ notices: [QueueID], at now: WallTime
    ) -> Life {
        let attempts = result?.attempts ?? []
        let message = job.message
        return Life(
            message, messageID: message.messageID, endedAt: now,
            recipients: decided.enumerated().map { index, one in
                let trace = result?.recipients[index].trace
                var recipient = Life.Recipient(
                    one.recipient.mailbox, destination: job.destination, Life.Outcome(one.outcome), one.outcome,
                    host: trace?.host?.description, request: one.recipient.request, attempts: attempts)
                for index in recipient.attempts.indices { recipient.attempts[index].note(trace) }
                return recipient
            }, notices: notices)
    }
}

extension Life.Outcome {
    init(_ outcome: Outcome) {
        switch outcome {
        case .delivered: self = .delivered
        case .deferred: self = .deferred
        case .bounced: self = .bounced
        }
    }
}

extension Life.Attempt {
    /// What is known of the connection that decided, beside the record.
    fileprivate mutating func note(_ trace: AttemptResult.Trace?) {
        guard let trace, trace.host?.description == host, trace.address?.description == address else { return }
        tls = trace.tlsVersion
        times = trace.times?.description
    }
}
