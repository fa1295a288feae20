import Logging
import Mail
import Store
import TLS

/// Makes the notices that outcomes cause: one DSN for all recipients of a message that failed in this attempt, one for
/// those it is time to call delayed. Nothing answers a notice (Q-05, DSN-02).
struct Bouncer: Sendable {
    let hostname: DomainName
    let from: Mailbox
    let schedule: Schedule
    let store: any QueueStore
    /// Part of a destination's name where it is not 25.
    let routing: Routing
    let log: Logger

    struct Notice: Sendable {
        let message: NewMessage
        let recipient: Mailbox
        let content: [UInt8]
    }

    /// - Returns: nil where a notice that is due cannot be made: then the outcomes must wait as well.
    func notices(for job: Job, _ decided: [Decided], hosts: [MXHost?], at now: WallTime) async -> [Notice]? {
        let failed = decided.indices.filter {
            if case .bounced = decided[$0].outcome { true } else { false }
        }
        let delayed = decided.indices.filter { decided[$0].isDelayNoticeDue }
        guard !failed.isEmpty || !delayed.isEmpty else { return [] }
        // RPTF-21: what became of a report stands in `relayctl tlsrpt status`, and nowhere else.
        if job.message.kind == .report { return [] }
        guard case .mailbox(let sender) = job.message.reversePath else {
            // Nobody to tell but the operator.
            for index in failed {
                log.event(
                    .warning,
                    LogLine("undeliverable-notice").with("queue_id", job.message.id)
                        .with("to", "<\(decided[index].recipient.mailbox)>")
                        .with("reason", decided[index].outcome.reason?.detail))
            }
            return []
        }
        let header = await header(of: job)
        var notices: [Notice] = []
        for (action, indices) in [(DSN.Action.failed, failed), (.delayed, delayed)] where !indices.isEmpty {
            var generator = SystemRandomNumberGenerator()
            let id = QueueID(using: &generator)
            let content = DSN(
                action: action, reportingMTA: hostname, from: from, to: sender, originalID: job.message.id,
                arrival: job.message.receivedAt, willRetryUntil: job.message.expiresAt,
                receivedFrom: job.message.origin.inWords,
                recipients: indices.map { recipient(decided[$0], hosts[$0], action, of: job.message, at: now) },
                originalHeader: header, noticeID: id, date: now
            ).content()
            guard let digest = try? SHA256Digest.digest(of: content), let stored = await store(content, for: id) else {
                return nil
            }
            let message = NewMessage(
                id: id, kind: .dsn, reversePath: .null, body: .eightBitMIME, receivedAt: now,
                expiresAt: now.advanced(by: schedule.dsnLifetime), digest: digest,
                hasEightBit: content.contains { $0 >= 0x80 }, origin: MessageOrigin(),
                demand: job.message.demand.ofNotice, content: stored,
                recipients: [
                    NewRecipient(sender, destination: routing.nextHop(for: sender.domain).destination, nextAttempt: now)
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
        _ decided: Decided, _ host: MXHost?, _ action: DSN.Action, of message: StoredMessage, at now: WallTime
    ) -> DSN.Recipient {
        let reason = decided.outcome.reason ?? Reason(.localFailure, "no reason was recorded")
        let reply = decided.outcome.reply
        return DSN.Recipient(
            mailbox: decided.recipient.mailbox, reason: reason, reply: reply, remoteHost: host?.name,
            status: DSN.status(
                reason, reply, action, expiredFrom: decided.expiredFrom, demand: message.demand),
            lastAttempt: now)
    }

    /// The header section of the original; empty where it cannot be read.
    private func header(of job: Job) async -> [UInt8] {
        var start: [UInt8] = job.content ?? []
        if job.content == nil, let reader = try? await store.content(of: job.message) {
            while start.count < DSN.headerLimit, let piece = try? await reader.next() { start += piece }
        }
        let header = HeaderSection(reading: Array(start.prefix(DSN.headerLimit)))
        return Array(start.prefix(header.end))
    }
}

extension MessageOrigin {
    /// "mail.example ([192.0.2.9])", for `Received-From-MTA` (RFC 3464 §2.2.4).
    var inWords: String? {
        guard let clientName else { return nil }
        return clientAddress.map { "\(clientName) (\(MailDomain.literal($0)))" } ?? clientName
    }
}
