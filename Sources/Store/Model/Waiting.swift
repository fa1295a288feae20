public import Mail

/// Recipients that wait at one destination for one cause, and will be given up.
public struct ExpirySum: Hashable, Sendable {
    public var destination: String
    /// Of the last outcome; nil where there was no attempt.
    public var cause: String?
    /// The sentence of the one that was queued last.
    public var detail: String?
    public var messages: Int
    public var recipients: Int
    /// The first and the last to be given up.
    public var first: WallTime
    public var last: WallTime
    /// When the first of them was received.
    public var received: WallTime

    public init(
        destination: String, cause: String?, detail: String?, messages: Int, recipients: Int, first: WallTime,
        last: WallTime, received: WallTime
    ) {
        self.received = received
        self.destination = destination
        self.cause = cause
        self.detail = detail
        self.messages = messages
        self.recipients = recipients
        self.first = first
        self.last = last
    }
}

/// A destination that mail waits for, and why.
public struct PolicyWait: Hashable, Sendable {
    public var destination: String
    /// Of the last outcome of the one that was queued last.
    public var cause: String
    /// Since when policy keeps back the one that has waited longest; nil where that is not known.
    public var since: WallTime?

    public init(destination: String, cause: String, since: WallTime? = nil) {
        self.destination = destination
        self.cause = cause
        self.since = since
    }
}

/// How much waits for a destination.
public struct WaitingCount: Hashable, Sendable {
    public var destination: String
    public var recipients: Int

    public init(destination: String, recipients: Int) {
        self.destination = destination
        self.recipients = recipients
    }
}

/// How much waits for a domain of recipients.
public struct DomainCount: Hashable, Sendable {
    public var domain: MailDomain
    public var recipients: Int

    public init(domain: MailDomain, recipients: Int) {
        self.domain = domain
        self.recipients = recipients
    }
}
