/// The client's side of one connection: replies come in, and each says what to do next. Which message that is about, it
/// does not know.
struct SourceDialogue {
    enum Action: Equatable {
        case wait
        case sendHello
        case sendStartTLS
        case startHandshake
        /// Nothing is under way: an envelope may be begun.
        case ready
        case sendRecipient
        case sendData
        /// The envelope stands: its content is wanted.
        case sendContent
        /// A content is wanted for which no recipient was taken (RFC 2920 §3.1): a lone dot.
        case sendNothing
        /// What became of the content that was sent before.
        case accepted, deferred, refused
        case envelopeFailed(isTransient: Bool, needsReset: Bool)
        /// The server ends the connection, or makes no sense.
        case lost
    }

    /// What the next reply answers.
    private enum Expected: UInt64 {
        case greeting = 1
        case hello, startTLS, mail, recipient, data, content, nothing, reset, quit
    }

    /// Four bits each, the next one lowest: at most a content and an envelope are under way.
    private var expected: UInt64 = 0
    private var expectedCount: UInt64 = 0
    private(set) var offer = Offer()
    private let isPipeliningWanted: Bool
    private let isTLSWanted: Bool
    private var isSecured = false
    private var isMailTaken = false
    /// Of the first reply that refused the envelope; 0 for none.
    private var failure = 0

    init(isPipeliningWanted: Bool = true, isTLSWanted: Bool = false) {
        self.isPipeliningWanted = isPipeliningWanted
        self.isTLSWanted = isTLSWanted
        expect(.greeting)
    }

    var isPipelining: Bool { isPipeliningWanted && offer.hasPipelining }
    /// A reply is still to come.
    var isWaiting: Bool { expectedCount > 0 }

    private mutating func expect(_ reply: Expected) {
        expected |= reply.rawValue << (4 * expectedCount)
        expectedCount += 1
    }

    // MARK: What was sent

    mutating func sentHello() { expect(.hello) }
    mutating func sentStartTLS() { expect(.startTLS) }

    /// The session is TLS now, and begins anew.
    mutating func secured() {
        isSecured = true
        offer = Offer()
    }

    /// MAIL, with pipelining RCPT and DATA too.
    mutating func sentEnvelope() {
        isMailTaken = false
        failure = 0
        expect(.mail)
        guard isPipelining else { return }
        expect(.recipient)
        expect(.data)
    }

    mutating func sentRecipient() { expect(.recipient) }
    mutating func sentData() { expect(.data) }
    mutating func sentContent() { expect(.content) }
    mutating func sentNothing() { expect(.nothing) }
    mutating func sentReset() { expect(.reset) }
    mutating func sentQuit() { expect(.quit) }

    // MARK: What came

    /// Takes one line of a reply; `head` is its text.
    mutating func replied(_ line: ReplyLine, _ head: LineHead) -> Action {
        guard let reply = Expected(rawValue: expected & 15) else { return .lost }
        if reply == .hello { offer.note(head) }
        guard line.isLast else { return .wait }
        if line.code == 421 || line.code == 0 { return .lost }
        expected >>= 4
        expectedCount -= 1
        switch reply {
        case .greeting: return line.isPositive ? .sendHello : .lost
        case .hello: return afterHello(line)
        case .startTLS: return line.isPositive ? .startHandshake : .lost
        case .mail, .recipient: return afterEnvelopeCommand(reply, line)
        case .data: return afterData(line)
        case .content: return line.isPositive ? .accepted : line.isTransient ? .deferred : .refused
        case .nothing: return envelopeFailed(needsReset: false)
        case .reset: return .ready
        // The server closes, so that its side keeps the connection's last state, not ours.
        case .quit: return .wait
        }
    }

    private mutating func afterHello(_ line: ReplyLine) -> Action {
        guard line.isPositive else { return .lost }
        guard isTLSWanted && !isSecured else { return .ready }
        return offer.hasStartTLS ? .sendStartTLS : .lost
    }

    private mutating func afterEnvelopeCommand(_ reply: Expected, _ line: ReplyLine) -> Action {
        if line.isPositive {
            if reply == .mail { isMailTaken = true }
            if isPipelining { return .wait }
            return reply == .mail ? .sendRecipient : .sendData
        }
        if failure == 0 { failure = line.code }
        return isPipelining ? .wait : envelopeFailed(needsReset: isMailTaken)
    }

    private mutating func afterData(_ line: ReplyLine) -> Action {
        if line.code == 354 { return failure == 0 ? .sendContent : .sendNothing }
        if failure == 0 { failure = line.code }
        return envelopeFailed(needsReset: isMailTaken)
    }

    private func envelopeFailed(needsReset: Bool) -> Action {
        .envelopeFailed(isTransient: failure / 100 == 4, needsReset: needsReset)
    }
}
