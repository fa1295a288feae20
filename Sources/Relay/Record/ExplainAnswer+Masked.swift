import Mail

extension ExplainAnswer {
    /// The same, fit for a stranger's eyes, and what masks the lines of a log about the same messages.
    public var masked: (answer: ExplainAnswer, masking: Masking) {
        var words: [String] = []
        for match in page.matches {
            let life = match.message
            words += [life.client.name, life.client.address, life.client.login].compactMap(\.self)
            let addresses = [life.sender] + life.recipients.map(\.address)
            words += addresses.compactMap { address in
                address.lastIndex(of: "@").map { String(address[..<$0]) }
            }
        }
        let masking = Masking(words: words)
        var answer = self
        answer.page.matches = page.matches.map { $0.masked(by: masking) }
        return (answer, masking)
    }
}

extension ExplainedMessage {
    fileprivate func masked(by masking: Masking) -> ExplainedMessage {
        var message = message
        message.sender = Masking.addresses(in: message.sender)
        message.messageId = message.messageId.map(Masking.addresses)
        message.client = LifeView.ClientView(
            name: message.client.name.map { _ in Masking.mask },
            address: message.client.address.map { _ in Masking.mask },
            tls: message.client.tls, login: message.client.login.map { _ in Masking.mask },
            forwarded: message.client.forwarded.map { _ in Masking.mask }, listener: message.client.listener)
        message.recipients = message.recipients.map { recipient in
            var recipient = recipient
            recipient.address = Masking.addresses(in: recipient.address)
            recipient.reply = recipient.reply.map(masking.text)
            recipient.reason = recipient.reason.map {
                ReasonView(cause: $0.cause, detail: masking.text($0.detail))
            }
            recipient.waiting = recipient.waiting.map { waiting in
                var waiting = waiting
                waiting.reason = waiting.reason.map(masking.text)
                return waiting
            }
            return recipient
        }
        message.events = message.events.map { event in
            var event = event
            event.recipients = event.recipients.map(Masking.addresses)
            if var attempt = event.attempt {
                attempt.reply = attempt.reply.map(masking.text)
                event.attempt = attempt
            }
            // The queue id of a notice names nobody.
            if event.event != "notice" { event.words = event.words.map(masking.text) }
            return event
        }
        let waiting = waiting.map {
            WaitingView(
                address: Masking.addresses(in: $0.address), nextAttempt: $0.nextAttempt, expiresAt: $0.expiresAt)
        }
        return ExplainedMessage(message: message, waiting: waiting)
    }
}
