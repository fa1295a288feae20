import Mail

/// The keys of `[[intake.listener]]`.
enum ListenerKeys {
    typealias Key = ConfigurationKey<Configuration.WrittenListener>

    /// Tables.
    static let limit = 64

    private static let timeout = Duration.seconds(10)...Duration.seconds(540)

    static let all: [Key] = [
        Key(
            "intake.listener", "listen", \.listen,
            .list(of: .listenPoint, atMost: ConfigurationSection.listenLimit, orEmpty: false),
            "Where to listen, as in [intake]."),
        Key(
            "intake.listener", "name", \.name, .optional(.words), example: "\"submission\"",
            "What logs call it. Empty: its addresses."),
        Key(
            "intake.listener", "protocol", \.protocol, .choice(of: IntakeProtocol.allCases),
            """
            "smtp", or "lmtp" (RFC 2033): then the end of a message gets a reply for each recipient. Never LMTP on port 25.
            """),
        Key(
            "intake.listener", "role", \.role, .choice(of: ListenerRole.allCases),
            """
            "relay": for mail servers. "submission": for programs that make mail (RFC 6409); they must use TLS and log in \
            or show a certificate, wherever they are, and get a Date and a Message-ID field where these are missing.
            """),
        Key(
            "intake.listener", "tls", \.tls, .choice(of: ListenerTLS.allCases),
            """
            "starttls": offered where there is a certificate; "required": demanded by STARTTLS before any mail; \
            "implicit": TLS from the first octet, as on port 465 (RFC 8314 §3); "none": not offered.
            """),
        Key(
            "intake.listener", "acknowledge", \.acknowledge, .choice(of: Acknowledgement.allCases),
            """
            "queued": mail is acknowledged once it is safe on disk. "delivered": the reply waits until the next hop has \
            taken or refused the message, and passes its words on, so that they stand in the client's own queue.
            """),
        Key(
            "intake.listener", "acknowledge_timeout", \.acknowledgeTimeout, .duration(timeout, example: "4m"),
            """
            With "delivered": after this time the client is told to try again later. It must be well below the client's \
            own timer, or mail arrives twice: Postfix waits for 10m (smtp_data_done_timeout).
            """),
        Key(
            "intake.listener", "networks", \.networks,
            .ifSet(.list(of: .network, atMost: ConfigurationSection.networkLimit, orEmpty: true)),
            "Instead of intake.networks on this listener; [] lets nobody send without a login or a certificate."),
        Key("intake.listener", "auth", \.auth, .boolean, "Offer AUTH here, where there is a users_file."),
        Key(
            "intake.listener", "socket_mode", \.socketMode, .fileMode,
            "Rights of its Unix sockets: who may write to one may connect."),
        Key(
            "intake.listener", "socket_group", \.socketGroup, .optional(.groupName), example: "\"postfix\"",
            "Group of its Unix sockets; relayd must be in it. Empty: that of relayd."),
        Key(
            "intake.listener", "tls_certificate", \.tlsCertificate, .optional(.path),
            "Instead of intake.tls_certificate on this listener. With tls_key."),
        Key(
            "intake.listener", "tls_key", \.tlsKey, .optional(.path),
            "Private key of tls_certificate."),
    ]
}

/// The keys of `[[intake.client]]`.
enum ClientKeys {
    typealias Key = ConfigurationKey<Configuration.WrittenClient>

    /// Tables.
    static let limit = 10_000
    /// Names in one list of `users`.
    static let userLimit = 1000
    static let fingerprintLimit = 1000
    static let domainLimit = 1000

    static let all: [Key] = [
        Key(
            "intake.client", "networks", \.networks, .distinct(.network, atMost: ConfigurationSection.networkLimit),
            "Clients by their address. Nobody on a Unix socket has one."),
        Key(
            "intake.client", "users", \.users, .distinct(.userName, atMost: userLimit),
            "Clients by the name they logged in with."),
        Key(
            "intake.client", "fingerprints", \.fingerprints,
            .distinct(.certificateFingerprint, atMost: fingerprintLimit),
            "Clients by the SHA-256 digest of their certificate."),
        Key("intake.client", "name", \.name, .ifSet(.words), example: "\"newsletter\"", "What logs call them."),
        Key(
            "intake.client", "connections", \.connections, .ifSet(.integer(ConfigurationSection.connections)),
            "Instead of intake.client_connection_limit."),
        Key(
            "intake.client", "message_rate", \.messageRate, .ifSet(.rate),
            "Instead of intake.message_rate; \"\" lifts it."),
        Key(
            "intake.client", "recipient_rate", \.recipientRate, .ifSet(.rate),
            "Instead of intake.recipient_rate; \"\" lifts it."),
        Key(
            "intake.client", "connection_rate", \.connectionRate, .ifSet(.rate),
            "Instead of intake.connection_rate; \"\" lifts it."),
        Key(
            "intake.client", "sender_domains", \.senderDomains, .distinct(.senderDomain, atMost: domainLimit),
            """
            Domains that MAIL FROM may have; ".example.org" stands for all names below example.org. Others are refused \
            with 553 5.7.1. Bounces, whose sender is empty, always pass. Without it: any.
            """),
        Key(
            "intake.client", "refuse", \.refuse, .ifSet(.words), example: "\"retired, ask the postmaster\"",
            "Such a client gets a 554 greeting with these words, and nothing else."),
    ]
}

extension Configuration.WrittenListener: ConfigurationTable {}
extension Configuration.WrittenClient: ConfigurationTable {}
