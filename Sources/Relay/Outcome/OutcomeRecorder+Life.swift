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
            trace.record(Life(detail, endedAt: now, notices: notices))
        } else {
            trace.record(life(of: job, decided, result, notices, at: now))
        }
    }

    /// The life of a message of one attempt, all of which is known here.
    func life(
        of job: Job, _ decided: [Decided], _ result: AttemptResult?, _ notices: [QueueID], at now: WallTime
    ) -> Life {
        let message = job.message
        let attempts = result?.attempts ?? []
        return Life(
            id: message.id, messageID: message.messageID, kind: message.kind,
            sender: message.reversePath.description, receivedAt: message.receivedAt, endedAt: now, size: message.size,
            client: Life.Client(message.origin), demand: message.demand,
            recipients: decided.enumerated().map { index, one in
                let trace = result?.recipients[index].trace
                return Life.Recipient(
                    address: one.recipient.mailbox.description, destination: job.destination,
                    outcome: Life.Outcome(one.outcome), cause: one.outcome.reason?.cause.rawValue,
                    detail: one.outcome.reason?.detail, reply: one.outcome.reply?.oneLine,
                    host: trace?.host?.description, notify: one.recipient.request.notify?.text,
                    attempts: attempts.map { Life.Attempt($0, trace) })
            }, notices: notices)
    }
}

extension Life.Client {
    init(_ origin: MessageOrigin) {
        self.init(
            name: origin.clientName, address: origin.clientAddress?.description, tls: origin.tls, login: origin.login,
            forwarded: origin.forwarded)
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
    /// - Parameter trace: of the recipient, with what is known of the connection that decided.
    init(_ record: AttemptRecord, _ trace: AttemptResult.Trace?) {
        let isDecisive = trace?.host?.description == record.host && trace?.address == record.address
        self.init(
            time: record.time, host: record.host, address: record.address?.description, tlsLevel: record.tlsLevel,
            verifiedBy: record.verifiedBy, requiredBy: record.requiredBy, tls: isDecisive ? trace?.tlsVersion : nil,
            result: record.result, reply: record.reply?.oneLine, milliseconds: record.milliseconds,
            times: isDecisive ? trace?.times?.description : nil)
    }
}
