/// What the cases of ``ClientSession/handle(_:)`` do.
extension ClientSession {
    // MARK: Transactions

    /// Begins the transaction that waits, or refuses it where host and message do not fit.
    mutating func begin() -> Action {
        guard let transaction = waiting else {
            state = .idle
            return .finishTransaction([], reusable: isReusable)
        }
        if !isReusable {
            let reason = Reason(.remoteReply, "The host takes no more transactions on this connection.")
            return giveUp(reason, nil)
        }
        waiting = nil
        if transaction.needsUTF8, !extensions.smtpUTF8 {
            let what = transaction.needsUTF8Header ? "The header of the message" : "The sender's address"
            return refuse(transaction, with: .tryNextHost(.utf8Unsupported(what), nil))
        }
        if transaction.has8bit, !extensions.eightBitMIME {
            let reason = Reason(
                .eightBitUnsupported, "The message has 8-bit octets and the host does not offer 8BITMIME.")
            return refuse(transaction, with: .tryNextHost(reason, nil))
        }
        if case .limit(let limit) = extensions.size, transaction.size > limit {
            let reason = Reason(
                .sizeExceeded, "The message of \(transaction.size) octets exceeds the host's limit of \(limit).")
            return refuse(transaction, with: .settled(.bounced(reason, nil)))
        }
        let parameters = MailParameters(
            requireTLS: requirement.requireTLS != .no && tls != nil && extensions.requireTLS,
            authenticated: isAuthenticated)
        let made = Exchange(transaction, extensions, parameters, secured: tls != nil, resetting: needsReset)
        guard var exchange = made else {
            let reason = Reason(.localFailure, "The reverse-path cannot be written as an SMTP path.")
            return refuse(transaction, with: .settled(.deferred(reason, nil)))
        }
        let group = exchange.nextGroup()
        self.exchange = exchange
        guard let group else { return finishTransaction() }
        transactionCount += 1
        needsReset = true
        state = .commands
        return .send(group, thenRead: exchange.wait)
    }

    mutating func take(_ reply: Reply) -> Action {
        if reply.code == 421 { return endBy421(reply) }
        switch exchange?.take(reply) {
        case .read:
            return .read(within: exchange?.wait ?? .command)
        case .nextGroup:
            guard let group = exchange?.nextGroup() else { return finishTransaction() }
            if isAhead {
                let reason = Reason(.protocolError, "The host says more than it was asked \(place).")
                return end(results(open: .tryNextHost(reason, nil)), reason, nil)
            }
            return .send(group, thenRead: exchange?.wait ?? .command)
        case .content:
            state = .content
            return .sendContent
        case .emptyContent:
            state = .emptyContent
            return .send(CommandWriter.loneDot, thenRead: .dataEnd)
        case .outOfStep, nil:
            let reason = Reason(.protocolError, "The host is out of step: \(reply.oneLine)")
            return end(results(open: .tryNextHost(reason, reply)), reason, reply)
        }
    }

    /// Octets behind the one reply that was due. Whatever is asked next, what lies there already would be taken for its answer; behind 354,
    /// for the answer to content that was not sent. What is settled stands; nil where the reply is to be taken as any other.
    mutating func takeAhead(_ reply: Reply) -> Action? {
        let isRefusal = !reply.isPositiveCompletion && !reply.isPositiveIntermediate
        switch state {
        case .commands where exchange?.awaitsOneReply != true: return nil
        // A refusal may well be followed by 421: it stands, and nothing more is asked of this host.
        case .commands where isRefusal:
            isAhead = true
            return nil
        case .greeting where isRefusal, .helo where isRefusal, .authenticating where isRefusal: return nil
        case .greeting, .ehlo, .helo, .authenticating, .commands:
            return lose(Reason(.protocolError, "The host says more than it was asked \(place)."))
        case .contentEnd, .emptyContent:
            isAhead = true
            return nil
        // STARTTLS has a verdict of its own; between transactions nothing is due at all.
        case .unconnected, .startTLS, .handshake, .judging, .cancelling, .content, .idle, .quitting, .closed: return nil
        }
    }

    /// A reply while content is still being written: the host wants no more of it, and the connection cannot go on.
    mutating func takeEarly(_ reply: Reply) -> Action {
        let reason = Reason.refused("The host interrupts the content with", reply)
        if reply.isPermanentFailure { exchange?.takeFinal(reply) }
        return end(results(open: .tryNextHost(reason, reply)), reason, reply)
    }

    mutating func takeAfterNothing(_ reply: Reply) -> Action {
        if reply.code == 421 { return endBy421(reply) }
        needsReset = false
        return finishTransaction()
    }

    mutating func takeFinal(_ reply: Reply) -> Action {
        needsReset = false
        if reply.isPositiveIntermediate {
            let reason = Reason(.protocolError, "The host is out of step: \(reply.oneLine)")
            return end(results(open: .settled(.deferred(reason, reply))), reason, reply)
        }
        exchange?.takeFinal(reply)
        if reply.code == 421 { return endBy421(reply) }
        return finishTransaction()
    }

    private mutating func finishTransaction() -> Action {
        // Whoever nothing was said about had no RCPT sent: there is room for them in the next transaction.
        let results = results(open: .nextTransaction)
        state = .idle
        exchange = nil
        return .finishTransaction(results, reusable: isReusable)
    }

    /// One result for each recipient under way; `open` for those that nothing was said about.
    func results(open: RecipientResult) -> [RecipientResult] {
        exchange?.results(open: open) ?? []
    }

    private mutating func refuse(_ transaction: ClientTransaction, with result: RecipientResult) -> Action {
        state = .idle
        return .finishTransaction(transaction.recipients.map { _ in result }, reusable: isReusable)
    }

    /// MAILMAX (RFC 9422 §4.1).
    private var isReusable: Bool { !isAhead && transactionCount < extensions.transactionLimit ?? .max }

    // MARK: Ends

    /// 421 ends the use of the connection; whatever is open stays queued (RFC 5321 §3.8).
    private mutating func endBy421(_ reply: Reply) -> Action {
        let reason = Reason.refused("The host closes with", reply)
        return end(results(open: .tryNextHost(reason, reply)), reason, reply)
    }

    /// Ends with QUIT before any transaction: another host may do better.
    mutating func giveUp(_ reason: Reason, _ reply: Reply?) -> Action {
        let results = openResults(reason, reply)
        if reply?.code == 421 { return end(results, reason, reply) }
        return quit(SessionResult(results: results, failure: reason, reply: reply))
    }

    mutating func quit(_ result: SessionResult) -> Action {
        state = .quitting(result)
        return .send(CommandWriter.quit, thenRead: .quit)
    }

    /// Ends at once: the connection is gone or of no use.
    mutating func lose(_ reason: Reason) -> Action {
        end(openResults(reason, nil), reason, nil)
    }

    mutating func end(_ results: [RecipientResult], _ reason: Reason?, _ reply: Reply?) -> Action {
        state = .closed
        waiting = nil
        exchange = nil
        return .finish(SessionResult(results: results, failure: reason, reply: reply))
    }

    /// What a failure of the session means for the recipients at hand.
    func openResults(_ reason: Reason, _ reply: Reply?) -> [RecipientResult] {
        switch state {
        case .commands, .content, .emptyContent:
            return results(open: .tryNextHost(reason, reply))
        case .contentEnd:
            // The host may have the message: another host would make a second copy at once (RFC 5321 §4.5.3.2.6).
            return results(open: .settled(.deferred(reason, reply)))
        case .quitting(let result):
            return result.results
        case .unconnected, .greeting, .ehlo, .helo, .startTLS, .handshake, .judging, .authenticating, .cancelling,
            .idle,
            .closed:
            return waiting.map { $0.recipients.map { _ in .tryNextHost(reason, reply) } } ?? []
        }
    }

    /// Where the session stands, for a sentence.
    var place: String {
        switch state {
        case .unconnected: "before connecting"
        case .greeting: "at the greeting"
        case .ehlo: "at EHLO"
        case .helo: "at HELO"
        case .startTLS: "at STARTTLS"
        case .handshake: "in the TLS handshake"
        case .judging: "after the TLS handshake"
        case .authenticating, .cancelling: "at AUTH"
        case .commands: "between MAIL and DATA"
        case .content: "in the content"
        case .emptyContent, .contentEnd: "after the content"
        case .idle: "between transactions"
        case .quitting: "at QUIT"
        case .closed: "after the end"
        }
    }
}

extension Reason {
    /// The remote's own words behind `start`.
    static func refused(_ start: String, _ reply: Reply) -> Reason {
        Reason(.remoteReply, "\(start) \(reply.oneLine)")
    }
}

extension Reply {
    /// Characters of ``oneLine``: a host's speech of 32 KiB does not go into every log line; the whole is in the reply.
    static let oneLineLimit = 500

    /// Code, enhanced code and all lines as one.
    var oneLine: String {
        let words = [String(code)] + (enhanced.map { [$0.description] } ?? []) + lines.filter { !$0.isEmpty }
        return String(words.joined(separator: " ").prefix(Self.oneLineLimit))
    }
}
