import Mail

extension QueuedMessage {
    /// A message that is delivered without ever lying in the queue: whoever sent it keeps it until it is delivered. The
    /// numbers are the caller's own, below zero. Content in a file can be read as long as ``NewMessage/content`` is kept.
    public init(unqueued new: NewMessage, as number: MessageNumber, recipients: [RecipientNumber]) {
        self.init(message: StoredMessage(new, number: number), recipients: recipients)
    }
}

extension StoredMessage {
    /// As the row of `new` reads.
    init(_ new: NewMessage, number: MessageNumber) {
        self.init(
            number: number, id: new.id, kind: new.kind, reversePath: new.reversePath, body: new.body,
            receivedAt: new.receivedAt, expiresAt: new.expiresAt, size: new.content.size, digest: new.digest,
            hasEightBit: new.hasEightBit, origin: new.origin, demand: new.demand, returns: new.returns,
            envelopeID: new.envelopeID, messageID: new.messageID?.cut(to: QueueLimits.messageID),
            isInternationalized: new.isInternationalized,
            needsUTF8Header: new.needsUTF8Header, isSpooled: new.content.bytes == nil, quarantined: nil)
    }
}
