import Mail

extension ConfigurationSection {
    private static let hour = Duration.seconds(3600)

    static let queue = ConfigurationSection(
        "queue", "Rules for mail that waits: its turn, its retries, and how much goes out at once.",
        [
            ConfigurationKey(
                "queue", "rule", \.queue.writtenRules, tables: QueueRuleKeys.all, required: [],
                atMost: QueueRules.limit,
                """
                What holds for some mail, by destination, sender, mx or failure: at least one of these is given, and all \
                that are given must match. The order of rules makes no difference: for each setting the most specific rule \
                that has it wins. A rule with sender and destination comes first, then those for a sender, then those for a \
                destination; an address comes before a domain, a name before a wildcard, a longer wildcard before a \
                shorter one, and of two rules alike the one with failure.
                """,
                sample: """
                    sender = "login@example.org"
                    priority = "high"
                    lifetime = "1h"
                    delayed_after = "0"

                    [[queue.rule]]
                    mx = "*.mail.example.net"
                    connections = 10
                    rate = "600/1m"

                    [[queue.rule]]
                    destination = "*.partner.example"
                    failure = "policy"
                    retry_maximum = "30m"
                    """),
            ConfigurationKey(
                "queue", "clock_patience", \.queue.clockPatience, .durationOrZero(.seconds(1)...(.seconds(86_400))),
                """
                A step of the wall clock of more than an hour is not believed before it has stood for so long: until then \
                time goes on as it did before, no mail is given up and no policy runs out for it, and the alarm \
                clock-stepped stands. Then the queue is moved to the new time. "0": every step is time that has passed.
                """),
        ])

    static let trace = ConfigurationSection(
        "trace", "What became of messages that left the queue, for relayctl trace. It holds no content.",
        [
            ConfigurationKey(
                "trace", "keep", \.trace.keep, .duration(hour...(.seconds(3660 * 86_400)), example: "30d"),
                "Messages are remembered this long after they left the queue."),
            ConfigurationKey(
                "trace", "size", \.trace.size, .sizeOrOff(10_000_000...1_000_000_000_000_000),
                """
                The most that the trace takes on disk: the oldest messages are forgotten first. A message with one \
                recipient takes about 1 kB. "0": no trace is kept.
                """),
        ])

    static let metrics = ConfigurationSection(
        "metrics", "Figures for Prometheus. They are on the control socket too, as /v1/metrics.",
        [
            ConfigurationKey(
                "metrics", "listen", \.metrics.listen, .optional(.tcpAddress),
                """
                Where GET /metrics, /health and /ready are answered. Whoever comes there reads the figures: keep it a \
                loopback address, or a network of your own. Empty: nowhere.
                """)
        ])
}

/// The keys of `[[queue.rule]]`.
enum QueueRuleKeys {
    typealias Key = ConfigurationKey<Configuration.WrittenQueueRule>

    static let all: [Key] = conditions + settings

    private static let second = Duration.seconds(1)
    private static let day = Duration.seconds(86_400)
    private static let month = Duration.seconds(30 * 86_400)

    private static let conditions: [Key] = [
        Key(
            "queue.rule", "destination", \.destination, .ifSet(.queueDestination),
            """
            The recipient's domain, or the name of a configured next hop where mail goes through one. "*.example.org" stands \
            for all names below, and not for example.org itself; "*" for all.
            """),
        Key(
            "queue.rule", "sender", \.sender, .ifSet(.sender),
            """
            The sender's address, as MAIL FROM has it: "news@example.org", "@example.org" for a domain, "@*.example.org" \
            for all below it, or "<>" for notices, which have none. Upper and lower case are the same.
            """),
        Key(
            "queue.rule", "mx", \.mx, .ifSet(.siteHost),
            """
            The MX host mail goes to, for limits: all domains whose best MX host matches share them. It goes with \
            connections and rate alone, and with no other condition.
            """),
        Key(
            "queue.rule", "failure", \.failure, .ifSet(.choice(of: FailureClass.allCases)),
            """
            Why the last attempt failed, for retry_minimum, retry_maximum and lifetime: "policy": transport security; \
            "dns": lookups; "connection": no connection, or one that broke; "remote": the other side's reply; "local": \
            this relay itself.
            """),
    ]

    private static let settings: [Key] = [
        Key(
            "queue.rule", "priority", \.priority, .ifSet(.choice(of: Configuration.PriorityWord.allCases)),
            """
            "high" has its turn first where several wait for one destination: 4 of 5 turns while there is other mail, \
            which so is never held up for good. It is set when mail comes in.
            """),
        Key(
            "queue.rule", "retry_minimum", \.retryMinimum, .ifSet(.duration(second...day)),
            "Instead of retry.minimum."),
        Key(
            "queue.rule", "retry_maximum", \.retryMaximum, .ifSet(.duration(second...day)),
            "Instead of retry.maximum."),
        Key(
            "queue.rule", "lifetime", \.lifetime, .ifSet(.duration(.seconds(60)...month, example: "1h")),
            """
            Instead of retry.lifetime. Notices live no longer than this either, and longer than retry.dsn_lifetime only by a \
            rule with sender = "<>".
            """),
        Key(
            "queue.rule", "delayed_after", \.delayedAfter, .ifSet(.durationOrZero(.seconds(60)...month)),
            "Instead of retry.delayed_after."),
        Key(
            "queue.rule", "connections", \.connections, .ifSet(.integer(1...10_000)),
            """
            Connections open at once to each destination, instead of delivery.destination_connections; with mx to all \
            domains there together, instead of delivery.site_connections.
            """),
        Key(
            "queue.rule", "rate", \.rate, .ifSet(.rate),
            """
            Messages to each destination within a span of time, or with mx to all domains there together: "600/1m" is \
            six hundred in a minute, spread evenly over it. Empty lifts what a less specific rule says.
            """),
    ]
}

extension Configuration.WrittenQueueRule: ConfigurationTable {}
