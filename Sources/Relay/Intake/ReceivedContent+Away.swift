import Mail
import Net
import Store

/// The two ways of received content: into the queue, or straight to the remote host.
extension ReceivedContent {
    /// Makes the message durable, then hands it to the dispatcher.
    /// - Returns: its id, once it is on disk.
    func commit(_ transaction: Transaction, _ facts: ContentFacts) async throws(Failure) -> QueueID {
        repair(facts)
        let memory = wholeInMemory
        try await handOver()
        do throws(StoreError) {
            let message = newMessage(transaction, facts, try await writer.finish(), digest: try digest())
            for queued in try await parts.store.enqueue([message]) {
                await parts.dispatcher.submit(
                    Job.fresh(queued, of: message.recipients, terms: parts.terms, content: memory))
            }
            return id
        } catch {
            throw .store(error)
        }
    }

    /// Hands the message to the dispatcher without its lying in the queue, and waits for what becomes of it (D20).
    /// - Returns: an answer for each recipient.
    func deliver(_ transaction: Transaction, _ facts: ContentFacts, on loop: Loop) async throws(Failure) -> [Reply] {
        repair(facts)
        let memory = wholeInMemory
        try await handOver(isLast: memory != nil)
        let recipients = transaction.envelope.recipients
        let awaited = AwaitedAnswers(of: recipients.count, on: loop)
        let message: NewMessage
        do throws(StoreError) {
            let content = if let memory { Content(bytes: memory) } else { try await writer.finish() }
            message = newMessage(transaction, facts, content, digest: try digest(), mayHold: false)
        } catch {
            throw .store(error)
        }
        let number = MessageNumber(awaited.recipients.first?.value ?? -1)
        let queued = QueuedMessage(unqueued: message, as: number, recipients: awaited.recipients)
        var jobs = Job.fresh(queued, of: message.recipients, terms: parts.terms, content: memory)
        for index in jobs.indices { jobs[index].awaited = awaited }
        await parts.dispatcher.submit(jobs)
        let replies = await awaited.wait(
            until: .after(entrance.listener.acknowledgeTimeout), missing: entrance.session.unansweredInTime)
        if awaited.isAbandoned { await parts.dispatcher.forget(jobs) }
        // A file of content lives as long as this does.
        withExtendedLifetime(message) {}
        return replies
    }

    /// Adds what a program of a user left out, above its header and below our field (RFC 6409 §8.2): once, before any of the
    /// content goes on. A header section longer than what is held here is left as it is.
    func repair(_ facts: ContentFacts) {
        guard entrance.session.role == .submission, !isPartlyHandedOver, facts.headerHasEnded else { return }
        chunk.insert(
            contentsOf: SubmissionFields.missing(
                in: facts, id: id, hostname: entrance.session.hostname, at: receivedAt), at: traceSize)
    }

    private var wholeInMemory: [UInt8]? {
        isPartlyHandedOver || chunk.count > QueueLimits.inlineContent ? nil : chunk
    }

    /// - Parameter mayHold: false for what never lies in the queue.
    private func newMessage(
        _ transaction: Transaction, _ facts: ContentFacts, _ content: Content, digest: [UInt8], mayHold: Bool = true
    ) -> NewMessage {
        let (envelope, origin) = (transaction.envelope, transaction.origin)
        // The clock may have been set back while the content came: then it is due by the time of now, and not when the old time comes again.
        let receivedAt = min(receivedAt, parts.clock())
        let recipients = envelope.recipients.map {
            parts.terms.newRecipient(
                $0, sender: envelope.reversePath, login: origin.user, demand: envelope.demand,
                at: receivedAt, mayHold: mayHold)
        }
        return NewMessage(
            id: id, kind: facts.isTLSReport ? .foreignReport : .mail, reversePath: envelope.reversePath,
            body: envelope.body, receivedAt: receivedAt,
            expiresAt: recipients.map(\.expiresAt).max() ?? receivedAt, digest: digest, hasEightBit: facts.has8bit,
            origin: MessageOrigin(
                clientName: origin.clientName.text, clientAddress: origin.peer.address,
                tls: origin.tls.map { "\($0.version) \($0.cipher)" }, login: origin.user,
                forwarded: origin.forwarded.flatMap { $0.text.isEmpty ? nil : $0.text }),
            demand: envelope.demand, returns: envelope.returns, envelopeID: envelope.envelopeID,
            messageID: facts.messageID, isInternationalized: envelope.isInternationalized,
            needsUTF8Header: envelope.isInternationalized && facts.headerHas8bit, content: content,
            recipients: recipients)
    }
}
