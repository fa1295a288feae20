extension ServerSession {
    /// What the operator configured for the listener a session came by.
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
        /// Failed logins after which the session ends with 421.
        public var loginLimit: Int
        public var longLines: LongLines
        public var security: Security
        /// Where mail for bare Postmaster goes; nil refuses it.
        public var postmaster: Mailbox?
        public var spoken: SpokenProtocol
        public var role: Role
        public var acknowledgement: Acknowledgement
        /// Mechanisms of AUTH, strongest first; empty where nobody can log in.
        public var mechanisms: [SASLMechanismName]

        /// A usable certificate is there, and it is not used from the start.
        public var offersTLS: Bool { security == .offered || security == .required }

        public init(
            hostname: DomainName, messageLimit: Int = 35_000_000, recipientLimit: Int = 1000, receivedLimit: Int = 100,
            errorLimit: Int = 20, loginLimit: Int = 5, longLines: LongLines = .refuse, security: Security = .none,
            postmaster: Mailbox? = nil, spoken: SpokenProtocol = .smtp, role: Role = .relay,
            acknowledgement: Acknowledgement = .queued, mechanisms: [SASLMechanismName] = []
        ) {
            self.hostname = hostname
            self.messageLimit = messageLimit
            self.recipientLimit = recipientLimit
            self.receivedLimit = receivedLimit
            self.errorLimit = errorLimit
            self.loginLimit = loginLimit
            self.longLines = longLines
            self.security = security
            self.postmaster = postmaster
            self.spoken = spoken
            self.role = role
            self.acknowledgement = acknowledgement
            self.mechanisms = mechanisms
        }

        /// Recipients of one transaction, as LIMITS announces them (RFC 9422 §4.2: at most six digits). One reply over SMTP
        /// cannot tell the fates of two recipients apart (D20).
        var announcedRecipientLimit: Int {
            acknowledgement == .delivered && spoken == .smtp ? 1 : min(recipientLimit, 999_999)
        }
    }

    /// What becomes of lines of more than 998 octets (D17).
    public enum LongLines: String, Hashable, Sendable {
        case refuse
        case pass
    }

    /// How a listener uses TLS.
    public enum Security: String, Hashable, Sendable, CaseIterable {
        /// No certificate is there, or none is wanted.
        case none
        /// STARTTLS (RFC 3207).
        case offered = "starttls"
        /// STARTTLS, and no mail without it.
        case required
        /// From the first octet (RFC 8314 §3).
        case implicit
    }

    public enum SpokenProtocol: String, Hashable, Sendable, CaseIterable {
        case smtp
        /// RFC 2033: a reply for each recipient.
        case lmtp
    }

    /// Whom a listener is for.
    public enum Role: String, Hashable, Sendable, CaseIterable {
        /// MTAs: nothing in a message is repaired (RFC 5321 §6.4).
        case relay
        /// Programs of users (RFC 6409): they log in, over TLS, and missing fields are added.
        case submission
    }

    /// What the final reply to content says (D20).
    public enum Acknowledgement: String, Hashable, Sendable, CaseIterable {
        /// The message is on disk here.
        case queued
        /// The remote host took it, or did not.
        case delivered
    }
}
