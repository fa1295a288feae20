import Logging
import Mail

extension ConfigurationSection {
    /// All that may stand in the file, in the order in which the sample shows it.
    static let all: [ConfigurationSection] = [
        server, store, intake, dns, delivery, tls, dane, sts, dkim, tlsrpt, retry, queue, dsn, control, log,
        trace, metrics, alarm,
    ]

    private static let second = Duration.seconds(1)
    private static let hour = Duration.seconds(3600)
    private static let day = Duration.seconds(86_400)
    private static let month = Duration.seconds(30 * 86_400)

    private static let server = ConfigurationSection(
        "server", "Who this relay is.",
        [
            ConfigurationKey(
                "server", "hostname", \.server.hostname, .optional(.hostName),
                """
                The name said in EHLO, in the Received field and as reporting MTA in delivery status notifications. It \
                should resolve to the address that other servers see, and back. Empty: the system's own full name.
                """),
            ConfigurationKey(
                "server", "user", \.server.user, .optional(.systemUserName),
                """
                Who relayd becomes where it is started as root, once it has read its keys and listens on ports below 1024; \
                it cannot become root again. A service manager that starts it as another user needs no root at all \
                (conf/waxwing.service). Empty: it stays who it was started as.
                """),
        ])

    private static let store = ConfigurationSection(
        "store", "Where the queue lies.",
        [
            ConfigurationKey(
                "store", "directory", \.store.directory, .path, example: "\"/var/lib/waxwing\"",
                """
                The queue and the contents of messages. On a local disk that honours fsync; only relayd writes here.
                """),
            ConfigurationKey(
                "store", "minimum_free", \.store.minimumFree, .size(1_000_000...1_000_000_000_000_000),
                """
                Space that must stay free. Below it new mail is put off with 452 4.3.1; mail in the queue goes on.
                """),
            ConfigurationKey(
                "store", "minimum_free_inodes", \.store.minimumFreeInodes, .integer(0...1_000_000_000),
                """
                Files that must still fit into the file system of the queue. Below it new mail is put off like below \
                minimum_free. 0 is no floor; nor is there one where the file system does not count inodes, as btrfs.
                """),
        ])

    private static let dns = ConfigurationSection(
        "dns", "How names are looked up. Waxwing validates DNSSEC itself; it needs no validating resolver beside it.",
        [
            ConfigurationKey(
                "dns", "root_trust_anchor", \.dns.rootTrustAnchor, .path, example: "\"/usr/share/dns/root.key\"",
                "The root's keys, as the Debian package dns-root-data keeps them current."),
            ConfigurationKey(
                "dns", "root_hints", \.dns.rootHints, .optional(.path), example: "\"/usr/share/dns/root.hints\"",
                "Addresses of the root servers in zone file form. Empty: those built into libunbound."),
            ConfigurationKey(
                "dns", "forward", \.dns.forward, .list(of: .forwardAddress, atMost: 16, orEmpty: true),
                """
                Resolvers to ask instead of the root servers, as "192.0.2.53" or "192.0.2.53@5353". They must pass \
                DNSSEC records on. Their answers are validated here all the same.
                """),
            ConfigurationKey(
                "dns", "lookup_timeout", \.dns.lookupTimeout, .duration(second...(.seconds(300))),
                "A lookup that takes longer has failed. Failed is never read as absent: the mail is deferred."),
            ConfigurationKey(
                "dns", "self_test_secure", \.dns.selfTestSecure, .optional(.nameOrRoot),
                """
                A signed name that must come out secure before mail is delivered: the proof that validation works. \
                Empty: no such test.
                """),
            ConfigurationKey(
                "dns", "self_test_bogus", \.dns.selfTestBogus, .optional(.domainName),
                """
                A name with broken signatures that must come out bogus: the proof that validation is not switched \
                off. Empty: no such test, for networks without the internet.
                """),
            ConfigurationKey(
                "dns", "unbound", \.dns.unbound, .options,
                """
                Options handed to libunbound as they are (unbound.conf(5), section server), such as \
                "edns-buffer-size:" = "1232". For those who know them: relayd cannot check them.
                """),
        ])

    private static let retry = ConfigurationSection(
        "retry", "When to try again, and when to give up.",
        [
            ConfigurationKey(
                "retry", "minimum", \.retry.minimum, .duration(second...day),
                "The wait after the first failed attempt; it doubles with each further one."),
            ConfigurationKey("retry", "maximum", \.retry.maximum, .duration(second...day), "The longest wait."),
            ConfigurationKey(
                "retry", "jitter", \.retry.jitter, .fraction(0...0.5),
                "The part of each wait that is left to chance, so that mail put off together does not return together."),
            ConfigurationKey(
                "retry", "lifetime", \.retry.lifetime, .duration(.seconds(60)...month, example: "5d"),
                "Mail that could not be delivered within this time is returned (RFC 5321 §4.5.4.1: 4 to 5 days)."),
            ConfigurationKey(
                "retry", "dsn_lifetime", \.retry.dsnLifetime, .duration(.seconds(60)...month, example: "2d"),
                "The same for mail with an empty reverse-path, which nobody can be told of."),
            ConfigurationKey(
                "retry", "delayed_after", \.retry.delayedAfter, .durationOrNever(.seconds(60)...month),
                "The sender is told once that mail is late when it is this old. \"0\": never."),
            ConfigurationKey(
                "retry", "warn_after", \.retry.warnAfter, .duration(.seconds(60)...month),
                "A warning is logged when mail has been deferred for reasons of transport security for this long."),
        ])

    private static let dsn = ConfigurationSection(
        "dsn", "Notices to senders.",
        [
            ConfigurationKey(
                "dsn", "from", \.dsn.from, .optional(.mailbox),
                "The From address of notices. Empty: postmaster at server.hostname."),
            ConfigurationKey(
                "dsn", "postmaster", \.dsn.postmaster, .optional(.mailbox),
                """
                Where mail to plain Postmaster goes (RFC 5321 §4.5.1). Empty: it is refused, and should reach you \
                some other way.
                """),
        ])

    private static let control = ConfigurationSection(
        "control", "The operator's door, for relayctl.",
        [
            ConfigurationKey(
                "control", "socket", \.control.socket, .socketPath,
                """
                HTTP over a Unix socket, for the user and the group of relayd (mode 0660). Its folder is made at start, where \
                only that is missing.
                """),
            ConfigurationKey(
                "control", "read_socket", \.control.readSocket, .optional(.socketPath),
                example: "\"/run/waxwing/read.sock\"",
                """
                Another one, at which questions are answered and nothing is changed: for people and programs that look \
                (relayctl --socket). They see addresses, queue ids and reasons, no contents. Empty: none.
                """),
            ConfigurationKey(
                "control", "read_group", \.control.readGroup, .optional(.groupName), example: "\"adm\"",
                """
                Whose members may ask there (mode 0660). Empty: the group of relayd, whose members may give orders as well. \
                relayd must be a member of it, or be started as root.
                """),
        ])

    private static let log = ConfigurationSection(
        "log", "Lines on standard error.",
        [
            ConfigurationKey(
                "log", "level", \.log.level, .choice(of: Logger.Level.allCases),
                "The least level that is logged. \"info\" gives a line for each message and each attempt."),
            ConfigurationKey(
                "log", "format", \.log.format, .optional(.choice(of: Configuration.LogFormat.allCases)),
                """
                "journal" puts the priority before each line as systemd reads it, "text" the time; "json" makes each line \
                a JSON object. Empty: text on a terminal, else journal.
                """),
            ConfigurationKey(
                "log", "levels", \.log.levels, .levels,
                """
                Other least levels for single stations of a message's way: { delivery = "debug", intake = "warning" }.
                """),
        ])
}
