extension ServerSession {
    /// Performs one command read in state `ready`.
    mutating func perform(_ command: Command, _ transaction: Transaction?, _ pendingBytes: Int, _ room: Int) -> Action {
        switch command {
        case .ehlo(let name):
            // Like RSET where it is accepted (RFC 5321 §4.1.4).
            clientName = name
            extended = true
            state = .ready(nil)
            return answer(ehloReply, pendingBytes, atOnce: true)
        case .helo(let name):
            clientName = name
            extended = false
            state = .ready(nil)
            return answer(heloReply, pendingBytes, atOnce: true)
        case .mail(let reversePath, let parameters):
            return mail(reversePath, parameters, transaction, pendingBytes, room)
        case .rcpt(let forwardPath, let parameters, let isASCII):
            if !isASCII { return refuse(CommandError.badForwardPath(.needsUTF8).reply, pendingBytes) }
            return rcpt(forwardPath, parameters, transaction, pendingBytes)
        case .lhlo:
            return refuse(CommandError.unknown.reply, pendingBytes)
        case .bdat, .auth, .xforward:
            return refuse(CommandError.unimplemented.reply, pendingBytes)
        case .data:
            guard let transaction else { return refuse(mailFirst, pendingBytes) }
            if transaction.envelope.recipients.isEmpty { return refuse(noRecipients, pendingBytes) }
            state = .receiving(transaction)
            return .receiveContent(goAhead, transaction, limit: configuration.messageLimit)
        case .rset:
            state = .ready(nil)
            return answer(ok, pendingBytes)
        case .noop:
            return answer(ok, pendingBytes, atOnce: true)
        case .vrfy:
            return answer(cannotVerify, pendingBytes, atOnce: true)
        case .help:
            return answer(help, pendingBytes)
        case .quit:
            return close(with: goodbye)
        case .startTLS:
            if tls != nil { return refuse(alreadySecured, pendingBytes) }
            if !configuration.offersTLS { return refuse(CommandError.unimplemented.reply, pendingBytes) }
            state = .securing
            return .startTLS(readyForTLS)
        }
    }

    private mutating func mail(
        _ reversePath: ReversePath, _ parameters: SenderParameters, _ transaction: Transaction?, _ pendingBytes: Int,
        _ room: Int
    ) -> Action {
        guard let clientName, let client else { return refuse(helloFirst, pendingBytes) }
        if transaction != nil { return refuse(nestedMail, pendingBytes) }
        if parameters.isInternationalized || parameters.returns != nil || parameters.envelopeID != nil
            || parameters.submitter != nil
        {
            return refuse(unknownParameter, pendingBytes)
        }
        // A session in the clear cannot meet what it asks (RFC 8689 §2, INT-07).
        if parameters.requireTLS, tls == nil { return refuse(encryptionNeeded, pendingBytes) }
        if case .mailbox(let mailbox) = reversePath, mailbox.isPartial { return refuse(partialSender, pendingBytes) }
        let size = parameters.declaredSize ?? 1
        if size > configuration.messageLimit { return refuse(tooLarge, pendingBytes) }
        if size > room || room <= 0 { return refuse(spaceShort, pendingBytes) }
        let origin = Origin(
            clientName: clientName, peer: client.peer, greeting: extended ? .ehlo : .helo, tls: tls)
        state = .ready(
            Transaction(
                envelope: Envelope(
                    reversePath: reversePath, recipients: [], body: parameters.body,
                    demand: MessageDemand(requireTLS: parameters.requireTLS, field: .absent, reversePath: reversePath)),
                declaredSize: parameters.declaredSize, requiresTLS: parameters.requireTLS, origin: origin))
        return answer(senderAccepted, pendingBytes)
    }

    private mutating func rcpt(
        _ forwardPath: ForwardPath, _ parameters: RecipientParameters, _ transaction: Transaction?, _ pendingBytes: Int
    ) -> Action {
        guard var transaction, let client else { return refuse(mailFirst, pendingBytes) }
        if parameters.request != .none { return refuse(unknownParameter, pendingBytes) }
        let recipient: Mailbox
        switch forwardPath {
        case .postmaster:
            // From anybody (RFC 5321 §4.5.1).
            guard let postmaster = configuration.postmaster else { return refuse(noPostmaster, pendingBytes) }
            recipient = postmaster
        case .mailbox(let mailbox) where mailbox.isPostmaster && mailbox.domain == .name(configuration.hostname):
            // The one domain this relay serves is its own name.
            guard let postmaster = configuration.postmaster else { return refuse(noPostmaster, pendingBytes) }
            recipient = postmaster
        case .mailbox(let mailbox):
            if !client.mayRelay { return refuse(relayDenied, pendingBytes) }
            if mailbox.isPartial { return refuse(partialRecipient, pendingBytes) }
            recipient = mailbox
        }
        if transaction.envelope.recipients.count >= configuration.recipientLimit {
            return refuse(tooManyRecipients, pendingBytes)
        }
        transaction.envelope.recipients.append(Envelope.Recipient(recipient))
        state = .ready(transaction)
        return answer(recipientAccepted, pendingBytes)
    }

    /// Why content that came in whole is not taken; nil where it is.
    func refusal(of facts: ContentFacts) -> Reply? {
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
}
