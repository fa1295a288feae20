import DNS
public import Mail

/// What an order to the queue does.
public enum QueueVerb: String, Codable, Hashable, Sendable, CaseIterable {
    /// Makes due now what waits for its next attempt.
    case retry
    /// Keeps from delivery, and from expiry, until it is released.
    case hold
    /// Makes due what is held; its lifetime goes on where it stood.
    case release
    /// Returns to the sender, with a notice that gives the reason.
    case bounce
    /// Drops without a notice to anybody.
    case delete
}

/// A sender or recipient an order is about.
public enum AddressSelector: Hashable, Sendable, CustomStringConvertible {
    case mailbox(Mailbox)
    /// `@example.org`: every address of the domain, not of the domains below it.
    case domain(DomainName)
    /// `<>`: the null reverse-path; for senders only.
    case null

    /// Reads `local-part@domain`, `@domain`, and of a sender `<>` or nothing at all; domains also as U-labels. nil where it is
    /// none of these.
    public init?(_ text: String, isSender: Bool) {
        if text.isEmpty || text == "<>" {
            guard isSender else { return nil }
            self = .null
        } else if text.hasPrefix("@") {
            guard let domain = try? DomainName(idna: text.dropFirst()) else { return nil }
            self = .domain(domain)
        } else {
            guard let mailbox = try? Mailbox(parsing: text.utf8, toASCII: { try? DomainName(idna: $0) }) else {
                return nil
            }
            self = .mailbox(mailbox)
        }
    }

    public var description: String {
        switch self {
        case .mailbox(let mailbox): mailbox.description
        case .domain(let name): "@\(name)"
        case .null: "<>"
        }
    }
}

/// Which recipients an order or a question is about. All conditions given must hold.
public struct QueueSelectors: Hashable, Sendable {
    /// Any of these messages; none given: no condition.
    public var ids: [QueueID]
    public var destination: DestinationName?
    /// Compared without regard to ASCII case.
    public var sender: AddressSelector?
    /// Compared without regard to ASCII case.
    public var recipient: AddressSelector?
    /// Seconds since the message was received, at least; 1 to ``ageLimit``.
    public var olderThan: Int64?
    /// Everything, said on purpose. Only alone: beside a condition it would narrow nothing.
    public var all: Bool

    /// Messages named by their ids in one request.
    public static let idLimit = 100
    /// Seconds: ten years.
    public static let ageLimit: Int64 = 315_360_000

    public init(
        ids: [QueueID] = [], destination: DestinationName? = nil, sender: AddressSelector? = nil,
        recipient: AddressSelector? = nil, olderThan: Int64? = nil, all: Bool = false
    ) {
        self.ids = ids
        self.destination = destination
        self.sender = sender
        self.recipient = recipient
        self.olderThan = olderThan
        self.all = all
    }

    /// True where there is no condition; `all` is none.
    public var isUnconditional: Bool {
        ids.isEmpty && destination == nil && sender == nil && recipient == nil && olderThan == nil
    }

    /// True where neither a condition nor `all` is given: no order may be about that.
    public var isEmpty: Bool { isUnconditional && !all }
}

/// What a list may be narrowed to: the states of recipients that are in the queue.
public enum QueueState: String, Codable, Hashable, Sendable, CaseIterable {
    /// No attempt yet.
    case queued
    /// An attempt put it off.
    case deferred
    case held
    /// The content was found damaged.
    case quarantined
}
