/// What a client may do here: from its address at first, and anew after TLS (its certificate) and after AUTH (its name).
public struct ClientTerms: Hashable, Sendable {
    /// Its address lies in a configured network, or its certificate or name is known.
    public var mayRelay: Bool
    /// XFORWARD is heard from it.
    public var mayForward: Bool
    /// Domains of the reverse-path it may use; nil for any. The null reverse-path is always allowed (SRV-19).
    public var senderDomains: [RulePattern]?
    /// The operator wants nothing of it, for this reason in words: 554 instead of a greeting (RFC 5321 §3.1).
    public var refusal: String?

    public init(
        mayRelay: Bool, mayForward: Bool = false, senderDomains: [RulePattern]? = nil, refusal: String? = nil
    ) {
        self.mayRelay = mayRelay
        self.mayForward = mayForward
        self.senderDomains = senderDomains
        self.refusal = refusal
    }

    /// True where mail from `path` may come from this client.
    public func allows(_ path: ReversePath) -> Bool {
        guard let senderDomains, case .mailbox(let mailbox) = path else { return true }
        guard case .name(let name) = mailbox.domain else { return false }
        return senderDomains.contains { $0.matches(name) }
    }
}

/// What the intake can still take, at the moment a command came.
public struct IntakeCapacity: Hashable, Sendable {
    /// Octets the store has room for.
    public var octets: Int
    /// Set where nothing can be taken at all.
    public var shortage: Shortage?
    /// There is space, and other mail that is coming in was promised it: it may be there again in a second.
    public var isSpacePromised = false
    /// Messages and recipients this client may send now, by its rates.
    public var messages: Int
    public var recipients: Int

    /// The limit of the whole server that is reached.
    public enum Shortage: String, Hashable, Sendable, CaseIterable {
        /// `store.minimum_free`
        case space
        /// `store.minimum_free_inodes`
        case inodes
        /// `intake.queue_limit`
        case queue
        /// `intake.content_memory`
        case memory
    }

    public init(octets: Int, shortage: Shortage? = nil, messages: Int = .max, recipients: Int = .max) {
        self.octets = octets
        self.shortage = shortage
        self.messages = messages
        self.recipients = recipients
    }
}
