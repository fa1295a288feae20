public import Mail

// Lives from what the queue holds.

extension Life {
    /// The life of a message as the queue had it at its end, or has it now.
    /// - Parameters:
    ///   - messageID: the Message-ID as written.
    ///   - notices: the queue ids of the notices that were made about it.
    public init(
        _ detail: QueueDetail, messageID: String? = nil, endedAt: WallTime, notices: [QueueID] = [],
        listener: String? = nil
    ) {
        self.init(
            detail.message, messageID: messageID, endedAt: endedAt, recipients: detail.recipients.map(Recipient.init),
            notices: notices, listener: listener)
    }

    /// The life of a message whose recipients are known without asking the queue.
    public init(
        _ message: StoredMessage, messageID: String? = nil, endedAt: WallTime, recipients: [Recipient],
        notices: [QueueID] = [], listener: String? = nil
    ) {
        var client = Client(message.origin)
        client.listener = listener
        self.init(
            id: message.id, messageID: messageID, kind: message.kind, sender: message.reversePath.description,
            receivedAt: message.receivedAt, endedAt: endedAt, size: message.size, client: client,
            demand: message.demand, recipients: recipients, notices: notices)
    }
}

extension Life.Client {
    public init(_ origin: MessageOrigin) {
        self.init(
            name: origin.clientName, address: origin.clientAddress?.description, tls: origin.tls, login: origin.login,
            forwarded: origin.forwarded)
    }
}

extension Life.Recipient {
    /// A recipient as the queue has it.
    public init(_ detail: QueueDetail.RecipientDetail) {
        let stored = detail.recipient
        self.init(
            stored.mailbox, destination: stored.destination, Life.Outcome(stored), stored.lastOutcome,
            host: stored.lastHost, request: stored.request, attempts: detail.attempts)
    }

    /// A recipient from its parts; `last` is its last outcome, with reason and reply.
    public init(
        _ mailbox: Mailbox, destination: String, _ outcome: Life.Outcome, _ last: Outcome?, host: String?,
        request: RecipientRequest, attempts: [AttemptRecord]
    ) {
        let reason: Reason?
        let reply: Reply?
        switch last {
        case .delivered(let answer): (reason, reply) = (nil, answer)
        case .deferred(let why, let answer), .bounced(let why, let answer): (reason, reply) = (why, answer)
        case nil: (reason, reply) = (nil, nil)
        }
        self.init(
            address: mailbox.description, destination: destination, outcome: outcome, cause: reason?.cause.rawValue,
            detail: reason?.detail, reply: reply.map(Life.oneLine), host: host, notify: request.notify?.text,
            attempts: attempts.map(Life.Attempt.init))
    }
}

extension Life.Attempt {
    public init(_ record: AttemptRecord) {
        self.init(
            time: record.time, host: record.host, address: record.address?.description, tlsLevel: record.tlsLevel,
            verifiedBy: record.verifiedBy, requiredBy: record.requiredBy, result: record.result,
            reply: record.reply.map(Life.oneLine), milliseconds: record.milliseconds,
            times: record.times.flatMap { PhaseTimes($0)?.inFour }, decision: record.decision,
            evidence: record.evidence, phases: record.times)
    }
}

extension Life.Outcome {
    /// The word for the state of a recipient.
    init(_ recipient: StoredRecipient) {
        switch recipient.state {
        case .delivered: self = .delivered
        case .bounced: self = .bounced
        case .held: self = .held
        case .due: self = recipient.attempts == 0 ? .queued : .deferred
        // Quarantined is open, deleted is not.
        default: self = recipient.state == .quarantined ? .quarantined : .deleted
        }
    }
}

extension Life {
    /// Code, enhanced code and text, as in the log.
    static func oneLine(_ reply: Reply) -> String {
        let text = reply.lines.joined(separator: " ")
        return reply.enhanced.map { "\(reply.code) \($0) \(text)" } ?? "\(reply.code) \(text)"
    }
}
