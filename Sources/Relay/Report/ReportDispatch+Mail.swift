import Mail
import Store
import TLS

/// Reports by mail (RFC 8460 §5.3).
extension ReportDispatch {
    /// The mail to one `rua`: unsigned as yet, like all mail in the queue; signed on its way out.
    func mail(
        _ report: TLSReport, _ body: [UInt8], to mailbox: Mailbox, _ id: QueueID, at now: WallTime
    ) async throws(StoreError) -> NewMessage {
        let content = TLSReportMail(report: report, from: settings.from, to: mailbox, date: now, id: id)
            .content(attachment: body)
        let digest: [UInt8]
        do throws(TLSError) {
            digest = try SHA256Digest.digest(of: content)
        } catch {
            throw .failed("no digest could be made of the report's mail: \(error.text)")
        }
        return NewMessage(
            id: id, kind: .report, reversePath: .mailbox(settings.from), receivedAt: now,
            expiresAt: now.advanced(by: ReportTimes.lifetime), digest: digest,
            hasEightBit: content.contains { $0 >= 0x80 }, demand: .report, content: try await stored(content, for: id),
            recipients: [
                NewRecipient(
                    mailbox, destination: routing.nextHop(for: mailbox.domain).destination, nextAttempt: now,
                    expiresAt: now.advanced(by: ReportTimes.lifetime),
                    lane: SenderLane(value: 1 << 62 | 1 << 61))
            ])
    }

    /// In memory, or in a file of the spool where a day with many failures makes a long report.
    private func stored(_ content: [UInt8], for id: QueueID) async throws(StoreError) -> Content {
        guard content.count > QueueLimits.inlineContent else { return Content(bytes: content) }
        let writer = store.contentWriter(for: id)
        try await writer.append(content)
        return try await writer.finish()
    }
}
