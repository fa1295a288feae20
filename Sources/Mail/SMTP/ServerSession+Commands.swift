/// What each command does.
extension ServerSession {
    /// Reads one command in state `ready`.
    mutating func read(
        _ line: [UInt8], _ pendingBytes: Int, _ capacity: IntakeCapacity
    ) -> Action {
        let command: Command
        do {
            command = try Command(parsing: line, toASCII: toASCII)
        } catch {
            switch error {
            case .http: return close(with: error.reply)
            case .chunkTooLarge: return close(with: tooLarge)
            // Nobody can say where the chunk would end, and it would be read as commands.
            case _ where ASCII.equalIgnoringCase(line.prefix(4), "BDAT".utf8): return close(with: error.reply)
            default: return refuse(error.reply, pendingBytes)
            }
        }
        return perform(command, pendingBytes, capacity)
    }

    private mutating func perform(
        _ command: Command, _ pendingBytes: Int, _ capacity: IntakeCapacity
    ) -> Action {
        switch command {
        case .ehlo(let name): return greet(name, .ehlo, pendingBytes)
        case .helo(let name): return greet(name, .helo, pendingBytes)
        case .lhlo(let name): return greet(name, .lhlo, pendingBytes)
        case .mail(let reversePath, let parameters):
            return mail(reversePath, parameters, pendingBytes, capacity)
        case .rcpt(let forwardPath, let parameters, let isASCII):
            namedRecipient = forwardPath
            return rcpt(forwardPath, parameters, isASCII: isASCII, pendingBytes, capacity)
        case .data:
            return data(pendingBytes, capacity)
        case .bdat(let size, let isLast):
            return bdat(size: size, isLast: isLast, capacity)
        case .rset:
            beReady()
            forwarded = nil
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
            return startTLS(pendingBytes)
        case .auth(let mechanism, let initial):
            return auth(mechanism, initial: initial, pendingBytes)
        case .xforward(let argument):
            return xforward(argument, pendingBytes)
        }
    }

    /// Like RSET where it is accepted (RFC 5321 §4.1.4). LMTP has a word of its own, and no other (RFC 2033 §4.1).
    private mutating func greet(_ name: ClientName, _ greeting: ClientGreeting, _ pendingBytes: Int) -> Action {
        guard (greeting == .lhlo) == (configuration.spoken == .lmtp) else {
            return refuse(wrongGreeting, pendingBytes)
        }
        clientName = name
        greeted = greeting
        forwarded = nil
        beReady()
        return answer(greeting == .helo ? heloReply : ehloReply, pendingBytes, atOnce: true)
    }

    private mutating func data(_ pendingBytes: Int, _ capacity: IntakeCapacity) -> Action {
        guard let transaction else { return refuse(mailFirst, pendingBytes) }
        if transaction.hasContent { return refuse(chunksOpen, pendingBytes) }
        // LMTP has one reply for each accepted recipient, and none for none (RFC 2033 §4.2): 503 there.
        if transaction.envelope.recipients.isEmpty {
            return refuse(configuration.spoken == .lmtp ? recipientFirst : noRecipients, pendingBytes)
        }
        if let refusal = refusal(of: transaction, by: capacity) { return refuse(refusal, pendingBytes) }
        state = .receiving(transaction)
        self.transaction = nil
        return .receiveContent(goAhead, transaction, limit: configuration.messageLimit)
    }

    /// XFORWARD, from whom it is heard.
    private mutating func xforward(
        _ argument: [UInt8], _ pendingBytes: Int
    ) -> Action {
        guard terms.mayForward else { return refuse(forwardingDenied, pendingBytes) }
        if clientName == nil { return refuse(helloFirst, pendingBytes) }
        if transaction != nil { return refuse(nestedMail, pendingBytes) }
        var client = forwarded ?? ForwardedClient()
        do throws(ForwardedClient.Fault) {
            try client.apply(argument: argument)
        } catch {
            return refuse(badForwarding(error), pendingBytes)
        }
        forwarded = client
        return answer(ok, pendingBytes)
    }

    /// Behind a greeting of 554 (RFC 5321 §3.1).
    mutating func answerRefused(_ line: [UInt8], _ pendingBytes: Int) -> Action {
        if case .quit? = try? Command(parsing: line, toASCII: { _ in nil }) { return close(with: goodbye) }
        return refuse(refusedBefore, pendingBytes)
    }

    /// The limit of the server or of the client's rates that stands in the way of more content; nil where none does.
    func refusal(by capacity: IntakeCapacity) -> Reply? {
        if let shortage = capacity.shortage { return shortOf(shortage, isPromised: capacity.isSpacePromised) }
        return capacity.octets <= 0 ? shortOf(.space, isPromised: capacity.isSpacePromised) : nil
    }

    /// The same before content, when other sessions of the client may have spent what was left of its rates.
    func refusal(of transaction: Transaction, by capacity: IntakeCapacity) -> Reply? {
        if capacity.messages <= 0 { return tooManyMessages }
        if transaction.envelope.recipients.count > capacity.recipients { return recipientsTooFast }
        return refusal(by: capacity)
    }
}
