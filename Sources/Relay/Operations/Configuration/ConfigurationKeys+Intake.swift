import Mail

extension ConfigurationSection {
    static let intake = ConfigurationSection(
        "intake", "Where mail comes in, and from whom.",
        clientKeys + limitKeys + overloadKeys + timeKeys + contentKeys + tlsKeys + tables)

    private typealias Key = ConfigurationKey<Configuration>

    private static let second = Duration.seconds(1)
    private static let hour = Duration.seconds(3600)
    /// The most a queue on one machine is asked to open; `LimitNOFILE` of the unit leaves room for it.
    static let connections = 1...50_000
    /// Elements of a list of networks: each connection is compared with all.
    static let networkLimit = 1000
    /// Elements of a list of places to listen on.
    static let listenLimit = 64

    private static let clientKeys: [Key] = [
        Key(
            "intake", "listen", \.intake.listen, .list(of: .listenPoint, atMost: listenLimit, orEmpty: true),
            """
            Where to listen, with all else at its default: "127.0.0.1:2525", "[::1]:2525", "unix:/run/waxwing/smtp.sock" \
            for a Unix socket, or "systemd:NAME" for a socket made by systemd, by its FileDescriptorName=. Listeners that \
            differ stand in [[intake.listener]]; where they are the only ones, say listen = [].
            """),
        Key(
            "intake", "networks", \.intake.networks, .list(of: .network, atMost: networkLimit, orEmpty: false),
            """
            Clients that may send through this relay, by their address. All others are refused with 550 5.7.1, unless \
            they log in or show a certificate (see users_file, client_ca_file, client_fingerprints). \
            Never list more than your own machines: an open relay is found within hours.
            """),
        Key(
            "intake", "users_file", \.intake.usersFile, .optional(.path), example: "\"/etc/waxwing/users\"",
            """
            Who may send after logging in: names and SCRAM verifiers, no passwords, written by relayctl user add. Others \
            must have no rights to it (mode 0640 or less). Empty: no AUTH.
            """),
        Key(
            "intake", "client_ca_file", \.intake.clientCAFile, .optional(.path),
            example: "\"/etc/waxwing/clients-ca.pem\"",
            """
            Certification authorities in PEM: a client whose certificate one of them issued may send. Never a public \
            authority: anybody gets a certificate there. Empty: none.
            """),
        Key(
            "intake", "client_fingerprints", \.intake.clientFingerprints,
            .list(of: .certificateFingerprint, atMost: ClientKeys.fingerprintLimit, orEmpty: true),
            """
            SHA-256 digests of certificates, as openssl x509 -noout -fingerprint -sha256 prints them: their owners may \
            send, whoever issued them.
            """),
        Key(
            "intake", "xforward_networks", \.intake.xforwardNetworks,
            .list(of: .network, atMost: networkLimit, orEmpty: true),
            """
            Mail servers that may say by XFORWARD whom they have a message from: it is shown in logs and in the Received \
            field. Nothing is decided by it.
            """),
        Key(
            "intake", "proxy_networks", \.intake.proxyNetworks,
            .list(of: .network, atMost: networkLimit, orEmpty: true),
            """
            Load balancers whose connections begin with a PROXY header, version 1 or 2, on every listener: the client is \
            then who the header says, also for networks. Connections of theirs without it are closed.
            """),
    ]

    private static let limitKeys: [Key] = [
        Key(
            "intake", "message_limit", \.intake.messageLimit, .size(65_536...10_000_000_000),
            "The largest message taken, announced as SIZE (RFC 1870 §4)."),
        Key(
            "intake", "recipient_limit", \.intake.recipientLimit, .integer(100...50_000),
            "Recipients of one transaction; further ones get 452 4.5.3 (RFC 5321 §4.5.3.1.8 asks for at least 100)."
        ),
        Key(
            "intake", "received_limit", \.intake.receivedLimit, .integer(25...1000),
            "Received fields from which on a message counts as looping and is refused (RFC 5321 §6.3)."),
        Key(
            "intake", "connection_limit", \.intake.connectionLimit, .integer(connections),
            "Connections open at once; further ones get 421."),
        Key(
            "intake", "client_connection_limit", \.intake.clientConnectionLimit, .integer(connections),
            """
            Connections open at once from one client address; further ones get 421. [[intake.client]] changes it for \
            single clients, as it does for the three below.
            """),
        Key(
            "intake", "message_rate", \.intake.messageRate, .rate,
            """
            Messages from one client address within a span of time: "100/1m" is a hundred in a minute. Further ones get \
            452 4.7.0. Empty: any number.
            """),
        Key(
            "intake", "recipient_rate", \.intake.recipientRate, .rate,
            "The same for recipients."),
        Key(
            "intake", "connection_rate", \.intake.connectionRate, .rate,
            "The same for connections; further ones get 421."),
    ]

    private static let overloadKeys: [Key] = [
        Key(
            "intake", "queue_limit", \.intake.queueLimit, .integer(1000...100_000_000),
            "Messages in the queue. While there are more, new mail is put off with 452; mail in the queue goes on."),
        Key(
            "intake", "content_memory", \.intake.contentMemory, .size(1_000_000...10_000_000_000),
            """
            Memory for content on its way to the disk, over all sessions. While there is none left, new mail is put off \
            with 452.
            """),
        Key(
            "intake", "stress_percent", \.intake.stressPercent, .integer(10...100),
            """
            There is stress while more than this percentage of connection_limit is open: then stress_timeout holds, so \
            that slow clients make room for others.
            """),
        Key(
            "intake", "stress_timeout", \.intake.stressTimeout, .duration(second...hour, example: "10s"),
            "Under stress, the most that command_timeout and data_timeout can be."),
    ]

    private static let timeKeys: [Key] = [
        Key(
            "intake", "command_timeout", \.intake.commandTimeout, .duration(second...hour),
            "How long a client may take for its next command (RFC 5321 §4.5.3.2.7: 5m)."),
        Key(
            "intake", "data_timeout", \.intake.dataTimeout, .duration(second...hour),
            "How long a client may pause within the content of a message."),
        Key(
            "intake", "minimum_data_rate", \.intake.minimumDataRate, .size(1...10_000_000),
            """
            Octets a second, over each megabyte of content: a client that sends more slowly is timed out, though it \
            never pauses for data_timeout.
            """),
        Key(
            "intake", "error_limit", \.intake.errorLimit, .integer(1...1000),
            "Refused commands after which a session is ended with 421."),
        Key(
            "intake", "auth_failure_limit", \.intake.authFailureLimit, .integer(1...100),
            "Failed logins after which a session is ended with 421. Each is slowed, and logged for fail2ban."),
    ]

    private static let contentKeys: [Key] = [
        Key(
            "intake", "long_lines", \.intake.longLines, .choice(of: [.refuse, .pass]),
            """
            Lines of more than 998 octets: refuse the message with 5.6.0, or pass it on as it is and leave the \
            refusal to others.
            """)
    ]

    private static let tlsKeys: [Key] = [
        Key(
            "intake", "tls_certificate", \.intake.tlsCertificate, .optional(.path),
            """
            Certificate chain in PEM, own certificate first. With it and tls_key, STARTTLS is offered to clients; \
            one without the other is an error.
            """),
        Key(
            "intake", "tls_key", \.intake.tlsKey, .optional(.path),
            "Private key of tls_certificate in PEM, readable by relayd only."),
    ]

    private static let tables: [Key] = [
        Key(
            "intake", "listener", \.intake.listeners, tables: ListenerKeys.all, required: ["listen"],
            atMost: ListenerKeys.limit,
            """
            A listener that differs from the plain ones of listen: another protocol, TLS from the start, logins, Unix \
            sockets with rights of their own, or replies that wait for the delivery.
            """,
            sample: """
                listen = ["unix:/run/waxwing/lmtp.sock"]
                name = "postfix"
                protocol = "lmtp"
                acknowledge = "delivered"
                socket_group = "postfix"
                """),
        Key(
            "intake", "client", \.intake.writtenClients, tables: ClientKeys.all, required: [], atMost: ClientKeys.limit,
            """
            What holds for single clients, found by networks, users or fingerprints: at least one of these is given, and \
            all that are given must match. The first table that matches counts, and only that one. It allows nobody to \
            send: that is said by networks and by logins.
            """,
            sample: """
                name = "newsletter"
                networks = ["192.0.2.16/28"]
                connections = 10
                message_rate = "600/1m"
                sender_domains = ["news.example.org"]
                """),
    ]
}
