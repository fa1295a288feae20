public import Mail
import Net

extension Configuration {
    /// Where and from whom mail is taken.
    public struct Intake: Sendable, Equatable {
        /// Plain listeners, with everything at its default. ``resolvedListeners`` has these and those of ``listeners``.
        public var listen = [ListenPoint.address(.v4(address: 0x7F00_0001, port: 2525))]
        /// Clients that may relay through us; all others get 550 5.7.1.
        public var networks = ["127.0.0.0/8", "::1/128"].compactMap { IPNetwork($0) }
        /// File of SCRAM verifiers; nil offers no AUTH.
        public var usersFile: String?
        /// PEM file: clients whose certificate was issued by one of these authorities may relay.
        public var clientCAFile: String?
        /// SHA-256 of certificates whose clients may relay.
        public var clientFingerprints: [CertificateFingerprint] = []
        /// Who may state by XFORWARD who the client before it is.
        public var xforwardNetworks: [IPNetwork] = []
        /// Balancers whose connections begin with a PROXY header.
        public var proxyNetworks: [IPNetwork] = []
        /// Octets of content (RFC 1870 §4).
        public var messageLimit = 35_000_000
        /// Recipients of one transaction (RFC 5321 §4.5.3.1.8: at least 100).
        public var recipientLimit = 1000
        /// `Received:` fields before a message counts as looping (RFC 5321 §6.3: at least 100).
        public var receivedLimit = 100
        public var connectionLimit = 1000
        public var clientConnectionLimit = 50
        /// Per client address, as the two below; each lifted or changed for single clients by ``clients``.
        public var messageRate = RateLimit.unlimited
        public var recipientRate = RateLimit.unlimited
        public var connectionRate = RateLimit.unlimited
        /// Messages in the queue above which intake answers 452.
        public var queueLimit = 1_000_000
        /// Octets of content in flight in memory, over all sessions; beyond, intake answers 452.
        public var contentMemory = 128_000_000
        /// RFC 5321 §4.5.3.2.7.
        public var commandTimeout = Duration.seconds(300)
        /// Between two reads of content.
        public var dataTimeout = Duration.seconds(300)
        /// Octets a second; content that comes slower is timed out.
        public var minimumDataRate = 512
        /// Share of ``connectionLimit``, in percent, above which ``stressTimeout`` holds.
        public var stressPercent = 80
        /// Instead of ``commandTimeout`` and ``dataTimeout`` while there is stress.
        public var stressTimeout = Duration.seconds(10)
        /// Lines of more than 998 octets (RFC 5322 §2.1.1, D17).
        public var longLines = ServerSession.LongLines.refuse
        /// Commands refused before the session is ended with 421.
        public var errorLimit = 20
        /// Failed logins before the session is ended with 421.
        public var authFailureLimit = 5
        /// PEM files. STARTTLS is offered only with both.
        public var tlsCertificate: String?
        public var tlsKey: String?
        /// All `[[intake.listener]]` tables, as they stand in the file.
        public var listeners: [WrittenListener] = []
        /// All `[[intake.client]]` tables, as they stand in the file.
        public var writtenClients: [WrittenClient] = []
    }
}
