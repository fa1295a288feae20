import Logging
import Mail
import Store
import TLS

/// Makes the notices that outcomes cause: one DSN for all recipients of a message that failed in this attempt, one for
/// those it is time to call delayed, one for those handed to a host that will not tell of success; in each those whose sender
/// wants to hear of it (DSN-11, DSN-15). Nothing answers a notice (Q-05, DSN-02).
struct Bouncer: Sendable {
    let hostname: DomainName
    let from: Mailbox
    let store: any QueueStore
    let terms: QueueTerms
    let log: Logger

    struct Notice: Sendable {
        let message: NewMessage
        let recipient: Mailbox
        let content: [UInt8]
    }

    /// - Parameter traces: of each of `decided`; nil where there was no attempt.
    /// - Returns: nil where a notice that is due cannot be made: then the outcomes must wait as well.
    func notices(
        for job: Job, _ decided: [Decided], _ traces: [AttemptResult.Trace?], at now: WallTime
    ) async -> [Notice]? {
        // RPTF-21: what became of a report stands in `relayctl tlsrpt status`, and nowhere else.
        if job.message.kind == .report { return [] }
        // What became of a canary stands in `relayctl canaries`: it was made to be refused, perhaps.
        if job.message.kind == .canary { return [] }
        guard case .mailbox(let sender) = job.message.reversePath else {
            // Nobody to tell but the operator.
            for index in decided.indices where decided[index].action(traces[index]) == .failed {
                log.event(
                    .warning,
                    LogLine("undeliverable-notice").with("queue_id", job.message.id)
                        .with("to", "<\(decided[index].recipient.mailbox)>")
                        .with("reason", decided[index].outcome.reason?.detail))
            }
            return []
        }
        var due: [DSN.Action: [Int]] = [:]
        for (index, one) in decided.enumerated() {
            guard let action = one.action(traces[index]), one.recipient.request.wants(action) else { continue }
            due[action, default: []].append(index)
        }
        var notices: [Notice] = []
        for action in DSN.Action.allCases {
            guard let indices = due[action] else { continue }
            var generator = SystemRandomNumberGenerator()
            let id = QueueID(using: &generator)
            let content = DSN(
                action: action, reportingMTA: hostname, from: from, to: sender, originalID: job.message.id,
                envelopeID: job.message.envelopeID, isInternationalized: job.message.isInternationalized,
                arrival: job.message.receivedAt, receivedFrom: job.message.origin.inWords,
                recipients: indices.map { recipient(decided[$0], traces[$0], action, of: job.message, at: now) },
                original: await original(of: job, in: action), noticeID: id, date: now
            ).content()
            guard let digest = try? SHA256Digest.digest(of: content), let stored = await store(content, for: id) else {
                return nil
            }
            let message = NewMessage(
                id: id, kind: .dsn, reversePath: .null, body: .eightBitMIME, receivedAt: now,
                expiresAt: now.advanced(by: terms.schedule.dsnLifetime), digest: digest,
                hasEightBit: content.contains { $0 >= 0x80 }, origin: MessageOrigin(),
                demand: job.message.demand.ofNotice, isInternationalized: job.message.isInternationalized,
                needsUTF8Header: !sender.isASCII, content: stored,
                recipients: [
                    terms.newRecipient(
                        Envelope.Recipient(sender), sender: .null, demand: job.message.demand.ofNotice, at: now)
                ])
            notices.append(Notice(message: message, recipient: sender, content: content))
        }
        return notices
    }

    /// In memory, or in a file of the spool where a message with many recipients makes a long notice.
    private func store(_ content: [UInt8], for id: QueueID) async -> Content? {
        guard content.count > QueueLimits.inlineContent else { return Content(bytes: content) }
        do throws(StoreError) {
            let writer = store.contentWriter(for: id)
            try await writer.append(content)
            return try await writer.finish()
        } catch {
            log.event(.error, LogLine("notice-failed").with("queue_id", id).with("reason", "\(error)"))
            return nil
        }
    }

    private func recipient(
        _ decided: Decided, _ trace: AttemptResult.Trace?, _ action: DSN.Action, of message: StoredMessage,
        at now: WallTime
    ) -> DSN.Recipient {
        let reason = decided.outcome.reason
        let reply = decided.outcome.reply
        let mailbox = decided.recipient.mailbox
        let isASCII =
            switch message.reversePath {
            case .null: mailbox.isASCII
            case .mailbox(let sender): mailbox.isASCII && sender.isASCII
            }
        // A host that its policy ruled out, or whose address was not to be had, was not involved (DSN-09).
        let isInvolved = trace?.address != nil || reply != nil
        return DSN.Recipient(
            mailbox: mailbox, originalRecipient: decided.recipient.request.originalRecipient, reason: reason,
            expiredFrom: decided.expiredFrom, reply: reply, remoteHost: isInvolved ? trace?.host?.name : nil,
            status: DSN.status(
                reason, reply, action, expiredFrom: decided.expiredFrom, demand: message.demand,
                isASCII: isASCII),
            lastAttempt: trace == nil ? nil : now, willRetryUntil: decided.expiresAt)
    }

    /// What a notice of that kind may return; an empty header where it cannot be read.
    private func original(of job: Job, in action: DSN.Action) async -> DSN.Original {
        let isWhole = DSN.returnsWhole(
            action, job.message.returns, size: job.message.size, demand: job.message.demand)
        let wanted = isWhole ? DSN.contentLimit : DSN.headerLimit
        var start: [UInt8] = job.content ?? []
        if job.content == nil, let reader = try? await store.content(of: job.message) {
            while start.count < wanted, let piece = try? await reader.next() { start += piece }
        }
        if isWhole, Int64(start.count) == job.message.size { return .whole(start) }
        let header = HeaderSection(reading: Array(start.prefix(DSN.headerLimit)))
        return .header(Array(start.prefix(header.end)))
    }
}

extension Decided {
    /// What a notice would say of the recipient, were one asked for; nil where there is nothing to say.
    /// - Parameter trace: of the attempt.
    fileprivate func action(_ trace: AttemptResult.Trace?) -> DSN.Action? {
        switch outcome {
        case .bounced: .failed
        case .deferred: isDelayNoticeDue ? .delayed : nil
        // RFC 3461 §5.2.1: the host that was asked for a notice of success sends it.
        case .delivered: trace.map(\.handedOnNotify) == false ? .relayed : nil
        }
    }
}

extension MessageOrigin {
    /// "mail.example ([192.0.2.9])", for `Received-From-MTA` (RFC 3464 §2.2.4).
    var inWords: String? {
        guard let clientName else { return nil }
        return clientAddress.map { "\(clientName) (\(MailDomain.literal($0)))" } ?? clientName
    }
}
