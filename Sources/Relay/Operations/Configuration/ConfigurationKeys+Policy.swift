import Mail

extension ConfigurationSection {
    private static let second = Duration.seconds(1)
    private static let hour = Duration.seconds(3600)
    private static let day = Duration.seconds(86_400)

    static let tls = ConfigurationSection(
        "tls", "TLS towards other servers.",
        [
            ConfigurationKey(
                "tls", "ca_file", \.tls.caFile, .optional(.path),
                """
                Certification authorities in PEM, instead of the system's: for certificates that MTA-STS, REQUIRETLS or \
                a rule demands, and for the policy hosts of MTA-STS. Empty: the system's.
                """),
            ConfigurationKey(
                "tls", "minimum_level", \.tls.minimumLevel, .choice(of: Configuration.minimumLevels),
                """
                What every destination must give that no rule names: "opportunistic" takes TLS where it is offered, \
                and cleartext elsewhere; "encrypted" takes no mail to a server without TLS, and any certificate will \
                do; "authenticated" delivers only where DANE or MTA-STS proves the server, which most domains do not \
                have. DANE and MTA-STS of a domain raise it, and nothing lowers them. A rule may set another level \
                for its destination.
                """),
            ConfigurationKey(
                "tls", "minimum_version", \.tls.minimumVersion, .choice(of: TLSVersionFloor.demandable),
                """
                The lowest TLS version spoken to servers of which TLS is demanded, by DANE, MTA-STS, REQUIRETLS, \
                minimum_level or a rule. A rule may set another for its hosts.
                """),
            ConfigurationKey(
                "tls", "opportunistic_minimum_version", \.tls.opportunisticMinimumVersion,
                .choice(of: TLSVersionFloor.allCases),
                """
                The lowest TLS version where nothing demands TLS. A server that has only TLS 1.0 or 1.1 gets mail in \
                the clear at the default, for its handshake fails. "1.0" and "1.1" keep such mail from those who only \
                listen; they are broken against anyone who does more (RFC 9325 §3.1.1), and never count where TLS is \
                demanded. At most minimum_version. A rule may set another for its hosts.
                """),
            ConfigurationKey(
                "tls", "opportunistic_fallback", \.tls.opportunisticFallback,
                .choice(of: OpportunisticFallback.allCases),
                """
                What follows a failed handshake with a server of which nothing demands TLS: "after-retry" tries every \
                host and defers, and delivers in the clear from the second attempt on; "immediately" does so at once; \
                "never" keeps the mail until the handshake works. Where DANE, MTA-STS or a rule demands TLS nothing \
                goes in the clear, whatever stands here.
                """),
        ])

    static let dane = ConfigurationSection(
        "dane", "Authentication of servers by TLSA records (RFC 7672).",
        [
            ConfigurationKey(
                "dane", "insecure_mx", \.dane.insecureMX, .boolean,
                """
                Check hosts by their TLSA records even where the MX record that names them is not signed. It stops \
                an attacker at the host, not one who forges the MX record, and so never counts as authenticated \
                (RFC 7672 §2.2.1).
                """),
            ConfigurationKey(
                "dane", "digests", \.dane.digests,
                .distinct(.choice(of: Configuration.Digest.allCases), atMost: 2),
                """
                Digests of TLSA records, the strongest first: of records that differ in their digest alone, only the \
                strongest counts (RFC 7671 §9). One that is not listed ranks below all others.
                """),
            ConfigurationKey(
                "dane", "when_both", \.dane.whenBoth, .choice(of: Configuration.WhenBoth.allCases),
                """
                What a host must show that has usable TLSA records behind a signed MX, and is in an MTA-STS policy of \
                mode enforce: "dane" demands DANE, and checks the certificate for the report only (RFC 8461 §2); \
                "both" demands both.
                """),
        ])

    static let sts = ConfigurationSection(
        "sts", "MTA-STS: policies of receiving domains, fetched over HTTPS (RFC 8461).",
        [
            ConfigurationKey(
                "sts", "enabled", \.sts.enabled, .boolean,
                """
                Look for policies and follow them. A single domain is better excepted by a rule with mta_sts = "off".
                """),
            ConfigurationKey(
                "sts", "first_wait", \.sts.firstWait, .duration(second...(.seconds(600)), example: "60s"),
                """
                How long the first mail for a domain waits for its policy. Mail that had to go without one is marked \
                so.
                """),
            ConfigurationKey(
                "sts", "fetch_timeout", \.sts.fetchTimeout, .duration(second...(.seconds(600)), example: "60s"),
                "For one fetch of a policy as a whole (RFC 8461 §3.3: one minute)."),
            ConfigurationKey("sts", "fetches", \.sts.fetches, .integer(1...1000), "Fetches at once, at the most."),
            ConfigurationKey(
                "sts", "refresh", \.sts.refresh, .duration(hour...(.seconds(7 * 86_400)), example: "1d"),
                """
                A policy that is held is fetched anew this often, also without mail, so that it does not run out \
                unseen (RFC 8461 §3.3).
                """),
            ConfigurationKey(
                "sts", "forget_after", \.sts.forgetAfter, .duration(day...(.seconds(366 * 86_400)), example: "60d"),
                "A domain that got no mail for so long is not refreshed any more. At least refresh."),
            ConfigurationKey(
                "sts", "testing_validates_requiretls", \.sts.testingValidatesRequireTLS, .boolean,
                """
                Let a policy in mode testing vouch for the name of an MX host under REQUIRETLS. By default only mode \
                enforce and DNSSEC do (RFC 8689 §4.2.1).
                """),
        ])
}
