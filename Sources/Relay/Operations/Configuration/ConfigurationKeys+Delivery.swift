extension ConfigurationSection {
    private static let second = Duration.seconds(1)
    private static let hour = Duration.seconds(3600)

    static let delivery = ConfigurationSection(
        "delivery", "How mail is handed on.",
        [
            ConfigurationKey(
                "delivery", "port", \.delivery.port, .port, "The port of other servers. Only test networks change it."),
            ConfigurationKey(
                "delivery", "source_ipv4", \.delivery.sourceIPv4, .optional(.ipv4),
                "The address connections are made from. Empty: the system chooses."),
            ConfigurationKey(
                "delivery", "source_ipv6", \.delivery.sourceIPv6, .optional(.ipv6),
                "The same for IPv6."),
            ConfigurationKey(
                "delivery", "ipv6", \.delivery.ipv6, .boolean,
                "Deliver over IPv6 as well. Switch it off where the machine has no working IPv6."),
            ConfigurationKey(
                "delivery", "connection_limit", \.delivery.connectionLimit, .integer(1...50_000),
                "Connections open at once, to all destinations together."),
            ConfigurationKey(
                "delivery", "destination_connections", \.delivery.destinationConnections, .integer(1...1000),
                "Connections open at once to one destination, at the most: fewer while it is slow or failing."),
            ConfigurationKey(
                "delivery", "site_connections", \.delivery.siteConnections, .integer(1...10_000),
                """
                Connections open at once to one site, at the most: to all domains that have the same best MX hosts, as the \
                customers of one provider do. [[queue.rule]] changes it, and the key above, for single ones.
                """),
            ConfigurationKey(
                "delivery", "connect_timeout", \.delivery.connectTimeout, .duration(second...(.seconds(600))),
                "For the TCP connection to one address."),
            ConfigurationKey(
                "delivery", "greeting_timeout", \.delivery.greetingTimeout, .duration(second...hour),
                "For the 220 of the server (RFC 5321 §4.5.3.2.1: 5m)."),
            ConfigurationKey(
                "delivery", "command_timeout", \.delivery.commandTimeout, .duration(second...hour),
                "For the reply to EHLO, MAIL, RCPT and all others (RFC 5321 §4.5.3.2.2: 5m)."),
            ConfigurationKey(
                "delivery", "data_start_timeout", \.delivery.dataStartTimeout, .duration(second...hour),
                "For the 354 after DATA (RFC 5321 §4.5.3.2.4: 2m)."),
            ConfigurationKey(
                "delivery", "data_block_timeout", \.delivery.dataBlockTimeout, .duration(second...hour),
                "For each block of content the server takes (RFC 5321 §4.5.3.2.5: 3m)."),
            ConfigurationKey(
                "delivery", "data_end_timeout", \.delivery.dataEndTimeout, .duration(second...hour),
                """
                For the reply to the final dot (RFC 5321 §4.5.3.2.6: 10m). Shorter means that slow servers get \
                messages twice.
                """),
            ConfigurationKey(
                "delivery", "tls_timeout", \.delivery.tlsTimeout, .duration(second...(.seconds(600))),
                "For the TLS handshake."),
            ConfigurationKey(
                "delivery", "messages_per_connection", \.delivery.messagesPerConnection, .integer(1...10_000),
                "After so many messages a connection is closed."),
            ConfigurationKey(
                "delivery", "connection_age", \.delivery.connectionAge, .duration(second...hour),
                "At this age a connection is closed after its current message."),
            ConfigurationKey(
                "delivery", "idle_timeout", \.delivery.idleTimeout, .duration(second...(.seconds(300))),
                "How long an idle connection waits for another message before QUIT."),
            ConfigurationKey(
                "delivery", "host_limit", \.delivery.hostLimit, .integer(2...100),
                "Addresses tried in one attempt, over all hosts (RFC 5321 §5.1: at least 2)."),
            ConfigurationKey(
                "delivery", "loopback", \.delivery.loopback, .boolean,
                "Deliver to hosts whose address is a loopback address. For test networks: elsewhere it makes loops."),
            ConfigurationKey(
                "delivery", "shutdown_timeout", \.delivery.shutdownTimeout, .duration(second...hour),
                """
                How long transactions under way may take to end when relayd stops. Keep it below the service \
                manager's own patience (TimeoutStopSec).
                """),
        ])
}
