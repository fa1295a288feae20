import Mail
import Store

/// One message for the recipients it has at one destination: what a delivery attempt takes.
struct Job: Sendable {
    let message: StoredMessage
    let nextHop: NextHop
    /// Whose turn it is counted as, and how urgent it is.
    let lane: SenderLane
    /// Never empty, in the order of the envelope.
    var recipients: [Recipient]
    /// Set for fresh mail of up to ``QueueLimits/inlineContent``: then nothing is read from disk.
    var content: [UInt8]?
    /// Set where a client waits for the delivery itself. The message is then not in the queue, and there is one attempt.
    var awaited: AwaitedAnswers?

    struct Recipient: Sendable {
        let number: RecipientNumber
        let mailbox: Mailbox
        /// What the sender asks to be told of it (RFC 3461 §4.1, §4.2).
        var request = RecipientRequest.none
        /// Attempts before this one.
        let attempts: Int
        let delayedNoticeSent: Bool
        let policyFailureSince: WallTime?
        /// When it is given up, but for the time its destination lay suspended.
        let expiresAt: WallTime
        /// When it is due by its last attempt; nil for fresh mail, and for what is being ordered.
        var nextAttempt: WallTime?
    }

    /// The name of the group that shares connections and back-off.
    var destination: String { nextHop.destination }

    /// 1 for the first attempt (D18 counts them).
    var attemptNumber: Int { (recipients.map(\.attempts).max() ?? 0) + 1 }
}

extension Job {
    /// It has just come, and was never on disk alone: nothing was said of it yet but that it was accepted. What ``fresh(_:of:terms:content:)``
    /// makes has no time of a next attempt; what ``QueueLoader`` reads from disk always has one, tried before or not.
    var isFresh: Bool { recipients.allSatisfy { $0.nextAttempt == nil } }

    /// The client that waited for it was told to send it again.
    var isAbandoned: Bool { awaited?.isAbandoned ?? false }

    /// What ordinary mail failed by does not bind this message: `TLS-Required: No` sets the domain's policy aside (D15).
    func goesPast(_ failure: Reason) -> Bool { message.demand.isOptional && failure.cause.isTLSPolicy }

    /// Its sessions go into reports: those of report mail do not (RFC 8460 §3, RPTC-18), nor those of canaries, which
    /// nobody wrote.
    var isCounted: Bool {
        switch message.kind {
        case .mail, .dsn: true
        case .report, .foreignReport, .canary: false
        }
    }

    /// The failure is of what this message asks for, and says nothing about other mail to the destination.
    func isAlone(in failure: Reason) -> Bool { message.demand != .ordinary && failure.cause.isTLSPolicy }
}

extension Job {
    /// The jobs of a message that was just put into the queue: one for each destination. Recipients that are held have none.
    /// - Parameter new: what was put into the queue.
    static func fresh(_ queued: QueuedMessage, of new: [NewRecipient], terms: QueueTerms, content: [UInt8]?) -> [Job] {
        var jobs: [Job] = []
        var places: [NextHop: Int] = [:]
        for (asked, number) in zip(new, queued.recipients) where asked.hold == nil {
            let recipient = Recipient(
                number: number, mailbox: asked.mailbox, request: asked.request, attempts: 0,
                delayedNoticeSent: false, policyFailureSince: nil, expiresAt: asked.expiresAt)
            let nextHop = terms.routing.nextHop(for: asked.mailbox.domain)
            if let place = places[nextHop] {
                jobs[place].recipients.append(recipient)
            } else {
                places[nextHop] = jobs.count
                jobs.append(
                    Job(
                        message: queued.message, nextHop: nextHop, lane: asked.lane, recipients: [recipient],
                        content: content))
            }
        }
        return jobs
    }
}
