/// The commands of one transaction and what came back: MAIL, RCPT and DATA, in groups where the server pipelines.
///
/// Groups are bounded so that neither side can be stuck writing while the other writes too (RFC 2920 §3.1).
struct Exchange: Hashable, Sendable {
    /// Commands of one group: their replies fit any receive buffer.
    static let groupCommandLimit = 64
    /// Octets of one group: they fit the peer's receive buffer.
    static let groupOctetLimit = 16 * 1024

    /// Octets of the longest RCPT: `RCPT TO:`, a path that has the limits of local-part and domain, NOTIFY, ORCPT, CRLF.
    static let commandLimit =
        8 + 2 + Mailbox.localPartLimit + 1 + 255 + " NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=".utf8.count
        + OriginalRecipient.lengthLimit + 2

    enum Command: Hashable, Sendable {
        case reset
        case mail
        /// The recipient's place in the transaction.
        case rcpt(Int)
        case data
    }

    /// What a reply leads to.
    enum Turn: Hashable, Sendable {
        /// More replies of the group are due.
        case read
        /// The group is answered.
        case nextGroup
        /// 354, and somebody was accepted.
        case content
        /// 354, and nobody was.
        case emptyContent
        /// A reply that makes no sense here: both sides are out of step.
        case outOfStep
    }

    let transaction: ClientTransaction
    /// Replies of 530 mean something else outside TLS.
    let secured: Bool
    private let extensions: ServiceExtensions
    /// MAIL carries SMTPUTF8.
    private let inUTF8: Bool
    private var unsent: ArraySlice<Command>
    private var unanswered: ArraySlice<Command> = []
    private let mailLine: [UInt8]
    private var settled: [RecipientResult?]
    private(set) var accepted: [Int] = []
    private var mailRefused = false
    /// A recipient was one too many: the rest is for the next transaction.
    private var isFull = false

    /// Nil where MAIL cannot be written.
    init?(
        _ transaction: ClientTransaction, _ extensions: ServiceExtensions, _ parameters: MailParameters, secured: Bool,
        resetting: Bool
    ) {
        var parameters = parameters
        parameters.utf8 =
            extensions.smtpUTF8
            && (transaction.needsUTF8 || transaction.recipients.contains { !$0.mailbox.isASCII })
        guard let mailLine = CommandWriter.mail(transaction, extensions, parameters) else { return nil }
        self.transaction = transaction
        self.secured = secured
        self.mailLine = mailLine
        self.extensions = extensions
        inUTF8 = parameters.utf8
        settled = Array(repeating: nil, count: transaction.recipients.count)
        var commands: [Command] = resetting ? [.reset, .mail] : [.mail]
        var domains: Set<MailDomain> = []
        var count = 0
        for (index, recipient) in transaction.recipients.enumerated() {
            if !inUTF8, !recipient.mailbox.isASCII {
                settled[index] = .tryNextHost(.utf8Unsupported("The recipient's address"), nil)
                continue
            }
            if CommandWriter.rcpt(recipient, extensions, inUTF8: inUTF8) == nil {
                settled[index] = .settled(
                    .bounced(Reason(.localFailure, "The address cannot be written as an SMTP path."), nil))
                continue
            }
            // RFC 9422 §4.2 and §4.3: what is beyond the announced limits goes into the next transaction.
            let newDomain = !domains.contains(recipient.mailbox.domain)
            if count >= extensions.recipientLimit ?? .max
                || newDomain && domains.count >= extensions.recipientDomainLimit ?? .max
            {
                settled[index] = .nextTransaction
                continue
            }
            domains.insert(recipient.mailbox.domain)
            count += 1
            commands.append(.rcpt(index))
        }
        commands.append(.data)
        unsent = count == 0 ? [] : commands[...]
    }

    /// The next commands to write; nil where none are left, or all that is left is pointless.
    mutating func nextGroup() -> [UInt8]? {
        if mailRefused { return nil }
        var bytes: [UInt8] = []
        while let command = unsent.first {
            if !bytes.isEmpty {
                if !extensions.pipelining || unanswered.count >= Self.groupCommandLimit { break }
                if bytes.count + Self.commandLimit > Self.groupOctetLimit { break }
            }
            switch command {
            case .reset:
                bytes += CommandWriter.reset
            case .mail:
                bytes += mailLine
            case .rcpt(let index):
                if isFull {
                    settled[index] = .nextTransaction
                    unsent.removeFirst()
                    continue
                }
                bytes += CommandWriter.rcpt(transaction.recipients[index], extensions, inUTF8: inUTF8) ?? []
            case .data:
                // Nobody is accepted and nobody's reply is due: no DATA (RFC 5321 §3.3).
                if accepted.isEmpty, !unanswered.contains(where: \.isRecipient) { return nil }
                bytes += CommandWriter.data
            }
            unsent.removeFirst()
            unanswered.append(command)
        }
        return bytes.isEmpty ? nil : bytes
    }

    /// The timer for the reply that is due.
    var wait: ClientSession.Wait { unanswered.first == .data ? .dataStart : .command }

    /// The next reply is the last that is due until more is written.
    var awaitsOneReply: Bool { unanswered.count == 1 }

    /// Matches `reply` with the oldest command that has none yet.
    mutating func take(_ reply: Reply) -> Turn {
        guard let command = unanswered.popFirst() else { return .outOfStep }
        switch command {
        case .reset:
            if !reply.isPositiveCompletion { return .outOfStep }
        case .mail:
            if reply.isPositiveIntermediate { return .outOfStep }
            if !reply.isPositiveCompletion {
                mailRefused = true
                settleOpen(with: refusal(of: "MAIL", reply, transientSettles: false))
            }
        case .rcpt(let index):
            if reply.isPositiveIntermediate { return .outOfStep }
            // After a refused MAIL the replies to RCPT only repeat it.
            if mailRefused { break }
            if reply.isPositiveCompletion {
                accepted.append(index)
            } else if !accepted.isEmpty, Self.meansTooMany(reply) {
                isFull = true
                settled[index] = .nextTransaction
            } else {
                settled[index] = refusal(of: "RCPT", reply, transientSettles: true)
            }
        case .data:
            if reply.isPositiveIntermediate { return accepted.isEmpty ? .emptyContent : .content }
            if reply.isPositiveCompletion { return .outOfStep }
            settleOpen(with: refusal(of: "DATA", reply, transientSettles: true))
        }
        return unanswered.isEmpty ? .nextGroup : .read
    }

    /// The final reply covers all that were accepted (RFC 5321 §4.1.1.4).
    mutating func takeFinal(_ reply: Reply) {
        settleOpen(
            with: reply.isPositiveCompletion
                ? .settled(.delivered(reply)) : refusal(of: "The message", reply, transientSettles: true))
    }

    /// One result for each recipient; `open` for those that nothing was said about.
    func results(open: RecipientResult) -> [RecipientResult] {
        settled.map { $0 ?? open }
    }

    private mutating func settleOpen(with result: RecipientResult) {
        for index in settled.indices where settled[index] == nil { settled[index] = result }
    }

    /// 4yz or 5yz for one or all recipients.
    private func refusal(of what: String, _ reply: Reply, transientSettles: Bool) -> RecipientResult {
        // 530 in the clear asks for STARTTLS (RFC 3207 §4): it says nothing about the recipient (D18).
        if reply.code == 530, !secured {
            // Mail that may do without TLS comes here only where none could be had: once no host is left, the sender must
            // hear of it (RFC 8689 §4.2.2, INT-16).
            let cause: Reason.Cause = transaction.demand.isOptional ? .hostDemandsTLS : .startTLSMissing
            return .tryNextHost(Reason(cause, "The host demands TLS: \(reply.oneLine)"), reply)
        }
        let reason = Reason.refused("\(what) is answered with", reply)
        if reply.isPermanentFailure, !Self.isTemporarily552(reply, to: what) {
            return .settled(.bounced(reason, reply))
        }
        return transientSettles ? .settled(.deferred(reason, reply)) : .tryNextHost(reason, reply)
    }

    /// 452, and 552 of older servers (RFC 5321 §4.5.3.1.10), where no enhanced code says that something else was meant.
    private static func meansTooMany(_ reply: Reply) -> Bool {
        guard reply.code == 452 || reply.code == 552 else { return false }
        return reply.enhanced.map { $0.subject == 5 && $0.detail == 3 } ?? true
    }

    private static func isTemporarily552(_ reply: Reply, to what: String) -> Bool {
        what == "RCPT" && reply.code == 552 && meansTooMany(reply)
    }
}

extension Reason {
    /// RFC 6531 §3.2: never sent on without SMTPUTF8.
    static func utf8Unsupported(_ what: String) -> Reason {
        Reason(.utf8Unsupported, "\(what) holds UTF-8 and the host does not offer SMTPUTF8.")
    }
}

extension Exchange.Command {
    fileprivate var isRecipient: Bool {
        switch self {
        case .rcpt: true
        case .reset, .mail, .data: false
        }
    }
}
