public import Logging
public import Mail

/// What the operator decided: the contents of `relayd.toml`, read strictly (``load(path:)``), or the defaults.
///
/// The initial values here are the defaults; the table in `ConfigurationKeys.swift` gives each key its name, range and
/// explanation, and writes both `conf/relayd.toml` and `docs/configuration.md`.
public struct Configuration: Sendable, Equatable {
    public var server = Server()
    public var store = Store()
    public var intake = Intake()
    public var dns = DNS()
    public var delivery = Delivery()
    public var tls = TLS()
    public var dane = DANE()
    public var sts = STS()
    public var dkim = DKIM()
    public var tlsrpt = TLSRPT()
    public var retry = Retry()
    public var queue = Queue()
    public var dsn = DSN()
    public var control = Control()
    public var log = Log()
    public var trace = Trace()
    public var metrics = Metrics()
    public var alarm = Alarms()
    /// All `[[canary]]` tables, as they stand in the file. ``canaries`` is what follows from them.
    public var writtenCanaries: [WrittenCanary] = []
    /// All `[[rule]]` tables, as they stand in the file. ``ruleTable`` is what follows from them.
    public var rules: [WrittenRule] = []

    /// Where the keys stood in the file, so that what is found wrong later can still be said with line and column.
    var places = ConfigurationPlaces()

    /// Every key at its default.
    public init() {}

    /// Who we are.
    public struct Server: Sendable, Equatable {
        /// Name for EHLO, `Received:` and the DSN's Reporting-MTA (RFC 5321 §4.1.1.1); nil is the system's own name.
        public var hostname: DomainName?
        /// Who relayd becomes where it is started as root; nil is who it was started as.
        public var user: String?
    }

    /// Where the queue lies.
    public struct Store: Sendable, Equatable {
        public var directory = "/var/lib/waxwing"
        /// Octets that stay free: below, intake answers 452 4.3.1.
        public var minimumFree = 1_000_000_000
        /// Files that must still fit into its file system: below, intake answers 452 4.3.1. 0 is no floor.
        public var minimumFreeInodes = 1000
    }

    /// How names are looked up and validated.
    public struct DNS: Sendable, Equatable {
        public var rootTrustAnchor = "/usr/share/dns/root.key"
        /// nil is the list built into libunbound.
        public var rootHints: String?
        /// Resolvers to ask instead of the root; answers are validated all the same.
        public var forward: [ForwardAddress] = []
        public var lookupTimeout = Duration.seconds(20)
        /// Must come out secure at start; nil skips the test.
        public var selfTestSecure: String? = "."
        /// Must come out bogus at start; nil skips the test.
        public var selfTestBogus: DomainName? = try? DomainName("dnssec-failed.org")
        /// Raw libunbound options: name with its colon, and value.
        public var unbound: [String: String] = [:]
    }

    /// How mail is handed on.
    public struct Delivery: Sendable, Equatable {
        public var port: UInt16 = 25
        public var sourceIPv4: IPAddress?
        public var sourceIPv6: IPAddress?
        public var ipv6 = true
        public var connectionLimit = 1000
        public var destinationConnections = 20
        /// To all domains that share the same MX hosts.
        public var siteConnections = 50
        public var connectTimeout = Duration.seconds(30)
        /// RFC 5321 §4.5.3.2.1.
        public var greetingTimeout = Duration.seconds(300)
        /// MAIL, RCPT and all others (RFC 5321 §4.5.3.2.2, §4.5.3.2.3).
        public var commandTimeout = Duration.seconds(300)
        /// RFC 5321 §4.5.3.2.4.
        public var dataStartTimeout = Duration.seconds(120)
        /// RFC 5321 §4.5.3.2.5.
        public var dataBlockTimeout = Duration.seconds(180)
        /// RFC 5321 §4.5.3.2.6: shorter makes duplicates.
        public var dataEndTimeout = Duration.seconds(600)
        public var tlsTimeout = Duration.seconds(60)
        public var messagesPerConnection = 100
        public var connectionAge = Duration.seconds(300)
        public var idleTimeout = Duration.seconds(5)
        /// Addresses tried in one attempt.
        public var hostLimit = 10
        /// May an MX host be a loopback address?
        public var loopback = false
        public var shutdownTimeout = Duration.seconds(30)
    }

    /// TLS towards servers.
    public struct TLS: Sendable, Equatable {
        /// PEM file of the trust anchors for MX certificates and policy hosts; nil is the system's.
        public var caFile: String?
        /// The floor for every destination that no rule names.
        public var minimumLevel = TLSRequirement.Level.opportunistic
        /// Wherever TLS is demanded: one of ``TLSVersionFloor/demandable``.
        public var minimumVersion = TLSVersionFloor.tls12
        /// For sessions of which nothing demands TLS, where the alternative is cleartext (D14). Never above
        /// ``minimumVersion``.
        public var opportunisticMinimumVersion = TLSVersionFloor.tls12
        /// What a failed handshake leads to where nothing demands TLS (D18).
        public var opportunisticFallback = OpportunisticFallback.afterRetry
    }

    /// Words of `tls.minimum_level`: a floor for all, so TLS is tried at least.
    static let minimumLevels: [TLSRequirement.Level] = [.opportunistic, .encrypted, .authenticated]

    public struct DANE: Sendable, Equatable {
        /// Check hosts found through an insecure MX by their TLSA records as well (RFC 7672 §2.2.1).
        public var insecureMX = true
        /// Strongest first (RFC 7671 §9).
        public var digests = [Digest.sha512, .sha256]
        /// What is demanded where DANE and MTA-STS both apply (D1).
        public var whenBoth = WhenBoth.dane
    }

    public enum Digest: String, Sendable, CaseIterable { case sha512, sha256 }

    public enum WhenBoth: String, Sendable, CaseIterable { case dane, both }

    /// Policies of receiving domains, fetched over HTTPS (RFC 8461).
    public struct STS: Sendable, Equatable {
        public var enabled = true
        /// How long the first mail for a domain waits for its policy.
        public var firstWait = Duration.seconds(60)
        /// For one fetch as a whole (RFC 8461 §3.3).
        public var fetchTimeout = Duration.seconds(60)
        /// At once.
        public var fetches = 64
        /// RFC 8461 §3.3.
        public var refresh = Duration.seconds(86_400)
        /// After so long without mail for a domain its policy is not refreshed any more.
        public var forgetAfter = Duration.seconds(60 * 86_400)
        /// May a policy in mode `testing` vouch for an MX name under REQUIRETLS (D9)?
        public var testingValidatesRequireTLS = false
    }

    /// When the next attempt is due, and when we stop (D19).
    public struct Retry: Sendable, Equatable {
        public var minimum = Duration.seconds(300)
        public var maximum = Duration.seconds(7200)
        /// Part of the wait that is left to chance, 0 to 1.
        public var jitter = 0.2
        public var lifetime = Duration.seconds(5 * 86_400)
        /// Lifetime of mail with the null reverse-path.
        public var dsnLifetime = Duration.seconds(2 * 86_400)
        /// Age at which the sender is told once; nil never.
        public var delayedAfter: Duration? = .seconds(4 * 3600)
        /// Age at which the operator is warned of a policy deferral.
        public var warnAfter = Duration.seconds(3600)
    }

    public struct DSN: Sendable, Equatable {
        /// `From:` of our notices; nil is postmaster at the server's name.
        public var from: Mailbox?
        /// Where mail to bare `Postmaster` goes; nil refuses it.
        public var postmaster: Mailbox?
    }

    public struct Control: Sendable, Equatable {
        public var socket = "/run/waxwing/control.sock"
        /// At which questions are answered and no orders taken; nil for none.
        public var readSocket: String?
        /// Whose file it is; nil is the group of relayd.
        public var readGroup: String?
    }

    public struct Log: Sendable, Hashable {
        public var level = Logger.Level.info
        /// nil: `text` on a terminal, else `journal`.
        public var format: LogFormat?
        /// Instead of ``level``, for single stations.
        public var levels: [LogStation: Logger.Level] = [:]
    }

    /// How a line on standard error looks.
    public enum LogFormat: String, Sendable, CaseIterable { case journal, text, json }
}
