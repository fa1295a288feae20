/// The sending side of one SMTP session (RFC 5321 §3) as a value. One connection carries one or several transactions.
///
/// Whether the peer's TLS is good enough is not decided here: the session stops at ``Action/judge(_:)`` and goes on when the
/// verdict comes (``Event/mayProceed``, ``Event/mustAbandon(_:)``).
public struct ClientSession: Sendable {
    public enum Event: Hashable, Sendable {
        case connected
        /// One reply. `pendingBytes`: octets read behind it.
        case replied(Reply, pendingBytes: Int)
        case malformedReply(ReplyError)
        /// The handshake asked for is complete.
        case secured(TLSSessionFacts)
        case tlsFailed(HandshakeFailure)
        /// The verdict on the evidence: good enough.
        case mayProceed
        /// The verdict on the evidence: not this host, for this reason.
        case mustAbandon(Reason)
        /// All content and its end are written.
        case contentSent
        /// The content could not be read or may not leave: the end was not written.
        case contentFailed(Reason)
        case timedOut
        /// Closed or reset by the peer, or a write failed.
        case connectionLost
        case transactionGiven(ClientTransaction)
        case noTransactionLeft
    }

    public enum Action: Hashable, Sendable {
        /// Read one reply.
        case read(within: Wait)
        /// Write, then read one reply.
        case send([UInt8], thenRead: Wait)
        /// Shake hands at once, with nothing read or written before.
        case startTLS(TLSRequirement)
        /// Compare with the requirement.
        case judge(PeerEvidence)
        /// Write the content through a ``ContentWriter``, its end included.
        case sendContent
        /// One result for each recipient, in order. Record them, then give the next transaction where `reusable`, or say
        /// that none is left.
        case finishTransaction([RecipientResult], reusable: Bool)
        /// Close. The session is over.
        case finish(SessionResult)
    }

    /// Which configured timer runs (RFC 5321 §4.5.3.2).
    public enum Wait: Hashable, Sendable, CaseIterable {
        case greeting
        case command
        /// From DATA to 354.
        case dataStart
        /// From the final dot to the reply.
        case dataEnd
        /// For the reply to QUIT: nothing depends on it.
        case quit
    }

    public init(hostname: MailDomain, requirement: TLSRequirement, first: ClientTransaction) {
        self.hostname = hostname
        self.requirement = requirement
        self.transaction = first
    }

    let hostname: MailDomain
    let requirement: TLSRequirement
    var transaction: ClientTransaction?

    public mutating func handle(_ event: Event) -> Action {
        .read(within: .greeting)
    }
}
