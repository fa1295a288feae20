/// What becomes of content: chunks, the end, the final reply.
extension ServerSession {
    /// BDAT (RFC 3030 §2). The octets of the chunk follow the command whatever is answered: they are read in any case.
    mutating func bdat(size: Int, isLast: Bool, _ capacity: IntakeCapacity) -> Action {
        guard var transaction else { return discard(size, [mailFirst]) }
        if transaction.envelope.recipients.isEmpty {
            return discard(size, [configuration.spoken == .lmtp ? recipientFirst : noRecipients])
        }
        if !transaction.hasContent, let refusal = refusal(of: transaction, by: capacity) {
            return discard(size, isLast ? replies(refusal, for: transaction) : [refusal])
        }
        let (total, overflows) = transaction.chunkedSize.addingReportingOverflow(size)
        if overflows || total > configuration.messageLimit {
            return discard(size, isLast ? replies(tooLarge, for: transaction) : [tooLarge])
        }
        transaction.hasContent = true
        transaction.chunkedSize = total
        self.transaction = nil
        state = .chunk(transaction, isLast: isLast)
        return .receiveChunk(transaction, size: size, isLast: isLast, limit: configuration.messageLimit)
    }

    /// Octets of a refused chunk that are read to stay in step, as a multiple of the largest message: beyond, the session
    /// ends instead.
    public static let discardFactor = 2

    /// The transaction is lost with the chunk (RFC 3030 §2); each that follows meets the same fate. Over LMTP the last chunk has
    /// a reply for each recipient, a refusal too (RFC 2033 §4.3).
    private mutating func discard(_ size: Int, _ replies: [Reply]) -> Action {
        if size / Self.discardFactor > configuration.messageLimit { return close(with: tooLarge) }
        state = .discarding(replies)
        transaction = nil
        return .discardChunk(size: size)
    }

    /// Several replies that say one thing.
    mutating func refuse(_ replies: [Reply], _ pendingBytes: Int) -> Action {
        beReady()
        guard let first = replies.first else { return .reply([], flush: true) }
        let action = refuse(first, pendingBytes)
        guard case .reply(_, let flush) = action else { return action }
        return .reply(replies, flush: flush)
    }

    mutating func takeChunk(_ size: Int, _ transaction: Transaction, _ pendingBytes: Int) -> Action {
        self.transaction = transaction
        state = .ready
        return answer(chunkAccepted(size), pendingBytes)
    }

    mutating func take(_ facts: ContentFacts, _ transaction: Transaction, _ pendingBytes: Int) -> Action {
        var transaction = transaction
        if let refusal = refusal(of: facts) {
            return refuse(replies(refusal, for: transaction), pendingBytes)
        }
        transaction.envelope.demand = MessageDemand(
            requireTLS: transaction.requiresTLS, field: facts.tlsRequired,
            reversePath: transaction.envelope.reversePath)
        switch configuration.acknowledgement {
        case .queued:
            state = .committing(transaction)
            return .commit(transaction, facts)
        case .delivered:
            state = .delivering(transaction)
            return .deliver(transaction, facts)
        }
    }

    /// Why content that came in whole is not taken; nil where it is.
    private func refusal(of facts: ContentFacts) -> Reply? {
        if facts.exceedsLimit || facts.size > configuration.messageLimit { return tooLarge }
        if let line = facts.bareLineEnd { return bareLineEnd(line) }
        if let line = facts.longLine {
            switch configuration.longLines {
            case .refuse: return longLine(line)
            case .pass: break
            }
        }
        if facts.receivedCount > configuration.receivedLimit { return loop }
        return nil
    }

    /// The reply to content that is refused: over LMTP one for each recipient (RFC 2033 §4.2).
    private func replies(_ reply: Reply, for transaction: Transaction) -> [Reply] {
        switch configuration.spoken {
        // The one reply that covers all recipients (RFC 5321 §4.1.1.4).
        case .smtp: [reply]
        case .lmtp: transaction.envelope.recipients.map { _ in reply }
        }
    }

    mutating func settle(_ transaction: Transaction, with reply: Reply) -> Action {
        settle(replies(reply, for: transaction))
    }

    /// The remote's answers: one, or over LMTP one for each recipient. Where some are missing, nobody knows.
    mutating func settle(_ transaction: Transaction, answers: [Reply]) -> Action {
        let wanted = configuration.spoken == .smtp ? 1 : transaction.envelope.recipients.count
        if answers.contains(where: \.isPositiveCompletion) { errors = 0 }
        let missing = max(0, wanted - answers.count)
        return settle(answers.prefix(wanted) + Array(repeating: unanswered, count: missing))
    }

    private mutating func settle(_ replies: [Reply]) -> Action {
        forwarded = nil
        if isLeaving {
            state = .closed
            return .close(replies + [shuttingDown])
        }
        beReady()
        return .reply(replies, flush: true)
    }
}
