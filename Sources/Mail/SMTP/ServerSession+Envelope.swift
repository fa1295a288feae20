/// MAIL and RCPT.
extension ServerSession {
    mutating func mail(
        _ reversePath: ReversePath, _ parameters: SenderParameters, _ pendingBytes: Int,
        _ capacity: IntakeCapacity
    ) -> Action {
        guard let clientName, let peer else { return refuse(helloFirst, pendingBytes) }
        if transaction != nil { return refuse(nestedMail, pendingBytes) }
        if needsTLSFirst { return refuse(startTLSFirst, pendingBytes) }
        if configuration.role == .submission, !terms.mayRelay { return refuse(loginFirst, pendingBytes) }
        // RFC 8689 §2: a session in the clear cannot meet what it asks (INT-07).
        if parameters.requireTLS, tls == nil { return refuse(encryptionNeeded, pendingBytes) }
        if case .mailbox(let mailbox) = reversePath, mailbox.isPartial {
            return refuse(partialSender, pendingBytes)
        }
        if !terms.allows(reversePath) { return refuse(senderDenied, pendingBytes) }
        let size = parameters.declaredSize ?? 1
        if size > configuration.messageLimit { return refuse(tooLarge, pendingBytes) }
        if let refusal = refusal(by: capacity) { return refuse(refusal, pendingBytes) }
        if size > capacity.octets { return refuse(shortOf(.space, isPromised: capacity.isSpacePromised), pendingBytes) }
        if capacity.messages <= 0 { return refuse(tooManyMessages, pendingBytes) }
        let origin = Origin(
            clientName: clientName, peer: peer, greeting: greeted, tls: tls, user: user,
            isInternationalized: parameters.isInternationalized, forwarded: forwarded)
        transaction = Transaction(
            envelope: Envelope(
                reversePath: reversePath, recipients: [], body: parameters.body,
                demand: MessageDemand(
                    requireTLS: parameters.requireTLS, field: .absent, reversePath: reversePath),
                returns: parameters.returns, envelopeID: parameters.envelopeID,
                isInternationalized: parameters.isInternationalized),
            declaredSize: parameters.declaredSize, requiresTLS: parameters.requireTLS, origin: origin)
        return answer(senderAccepted, pendingBytes)
    }

    mutating func rcpt(
        _ forwardPath: ForwardPath, _ parameters: RecipientParameters, isASCII: Bool,
        _ pendingBytes: Int, _ capacity: IntakeCapacity
    ) -> Action {
        guard let transaction else { return refuse(mailFirst, pendingBytes) }
        if transaction.hasContent { return refuse(chunksOpen, pendingBytes) }
        if !isASCII, !transaction.envelope.isInternationalized { return refuse(recipientNeedsUTF8, pendingBytes) }
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
            if !terms.mayRelay { return refuse(relayDenied, pendingBytes) }
            if mailbox.isPartial { return refuse(partialRecipient, pendingBytes) }
            recipient = mailbox
        }
        let known = transaction.envelope.recipients.count
        if known >= configuration.announcedRecipientLimit {
            return refuse(
                configuration.acknowledgement == .delivered ? oneRecipientOnly : tooManyRecipients, pendingBytes)
        }
        if known >= capacity.recipients { return refuse(recipientsTooFast, pendingBytes) }
        self.transaction?.envelope.recipients.append(Envelope.Recipient(recipient, parameters.request))
        return answer(recipientAccepted, pendingBytes)
    }
}
