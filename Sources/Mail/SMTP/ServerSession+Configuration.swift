extension ServerSession {
    /// What the operator configured.
    public struct Configuration: Hashable, Sendable {
        /// Greeting, EHLO reply, `Received:`.
        public var hostname: DomainName
        /// Octets (SIZE, RFC 1870 §4).
        public var messageLimit: Int
        /// Recipients of one transaction.
        public var recipientLimit: Int
        /// `Received:` fields a message may already carry (RFC 5321 §6.3).
        public var receivedLimit: Int
        /// Permanent refusals after which the session ends with 421.
        public var errorLimit: Int
        public var longLines: LongLines
        /// A usable certificate is there: STARTTLS is offered.
        public var offersTLS: Bool
        /// Where mail for bare Postmaster goes; nil refuses it.
        public var postmaster: Mailbox?

        public init(
            hostname: DomainName, messageLimit: Int = 35_000_000, recipientLimit: Int = 1000, receivedLimit: Int = 100,
            errorLimit: Int = 20, longLines: LongLines = .refuse, offersTLS: Bool = false, postmaster: Mailbox? = nil
        ) {
            self.hostname = hostname
            self.messageLimit = messageLimit
            self.recipientLimit = recipientLimit
            self.receivedLimit = receivedLimit
            self.errorLimit = errorLimit
            self.longLines = longLines
            self.offersTLS = offersTLS
            self.postmaster = postmaster
        }
    }

    /// What becomes of lines of more than 998 octets (D17).
    public enum LongLines: String, Hashable, Sendable {
        case refuse
        case pass
    }
}
