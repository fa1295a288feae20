import Mail

/// The keys of `[[rule]]`, in the order of the reference.
enum RuleKeys {
    typealias Key = ConfigurationKey<Configuration.WrittenRule>

    static let title = "Rules for single destinations and hosts: what they must give, and where mail goes."

    /// Paragraphs.
    static let introduction = [
        """
        Each `[[rule]]` names what it is for by destination, by mx or by both, and sets any of the keys below. The order \
        of rules makes no difference: for each key the most specific rule that sets it wins. A rule for an MX host is \
        more specific than one for a destination, a name more than a wildcard, a longer wildcard more than a shorter \
        one, and "*" comes last. level, by, names, ca_file and fingerprints belong together and come from one rule.
        """,
        """
        A rule can demand more than the domain itself, and never less than its DANE or MTA-STS policy: those are set \
        aside by dane and mta_sts alone. `relayd --check` warns of each rule that gives something up, and `relayctl \
        policy DOMAIN` shows what comes of all rules for a domain.
        """,
        """
        Names outside of ASCII may be written as they are. At most \(RuleTable.limit) rules.
        """,
    ]

    static let all: [Key] = patterns + demands + connection + exceptions + route

    private static let patterns: [Key] = [
        Key(
            "rule", "destination", \.destination, .ifSet(.destinationPattern),
            """
            The domain mail goes to: the recipient's, or the name of a configured next hop. "*.example.org" stands for \
            all names below, at any depth, and not for example.org itself; "*" for all.
            """),
        Key(
            "rule", "mx", \.mx, .ifSet(.hostPattern),
            """
            The host mail goes to, as the MX record names it, or "[192.0.2.1]" for a next hop that is an address. With \
            destination, both must match. Without, the rule is for any domain whose MX record names the host, and anybody \
            can write such a record: then it only raises what is demanded, unless DNSSEC or the domain's own MTA-STS policy \
            (mode enforce) says that this is its host.
            """),
        Key(
            "rule", "reason", \.reason, .ifSet(.words),
            "Why there is this rule: shown wherever its effect is, in logs, in relayctl and in refusals."),
        Key(
            "rule", "mode", \.mode, .ifSet(.choice(of: Configuration.RuleMode.allCases)),
            """
            "observe" tries the rule: what it would do is worked out for each connection, logged (observed_rules), counted \
            (relayctl observed) and shown by relayctl policy, and no mail is kept back by it. It may stand beside the rule for \
            the same that holds. Not with next_hop. Without it the rule holds ("enforce").
            """),
    ]

    private static let demands: [Key] = [
        Key(
            "rule", "level", \.level, .ifSet(.choice(of: TLSRequirement.Level.allCases)),
            """
            The least that is demanded: "none" does not even try TLS; "opportunistic" takes it where it is offered; \
            "encrypted" wants TLS with any certificate; "authenticated" wants proof, see by. What the domain's own \
            DANE or MTA-STS policy demands is never lowered by it.
            """),
        Key(
            "rule", "by", \.by, .distinct(.choice(of: HostRule.Proof.allCases), atMost: HostRule.Proof.allCases.count),
            """
            With level = "authenticated": proofs, any one of which will do. "dane": TLSA records behind a signed MX; \
            "mta-sts": a policy in mode enforce that lists the host, and its certificate; "pkix": a certificate of a \
            trusted authority, see names and ca_file; "fingerprint": a known certificate or key, see fingerprints. \
            Without it: "dane" or "mta-sts".
            """),
        Key(
            "rule", "names", \.names, .distinct(.dnsName, atMost: Configuration.WrittenRule.nameLimit),
            """
            For "pkix": names of which the certificate must hold one. Without it: the host's own name, which proves \
            nothing about the domain where the MX record is not signed.
            """),
        Key(
            "rule", "ca_file", \.caFile, .ifSet(.path),
            "For \"pkix\": certification authorities in PEM, instead of those of tls.ca_file or of the system."),
        Key(
            "rule", "fingerprints", \.fingerprints,
            .distinct(.fingerprint, atMost: Configuration.WrittenRule.fingerprintLimit),
            """
            For "fingerprint": SHA-256 digests, of the certificate in DER or of its public key \
            (SubjectPublicKeyInfo). Colons and upper case are fine. List the next key too before it is used.
            """),
        Key(
            "rule", "minimum_version", \.minimumVersion, .ifSet(.choice(of: TLSVersionFloor.demandable)),
            """
            The lowest TLS version for these hosts, whether TLS is demanded of them or not, instead of \
            tls.minimum_version and tls.opportunistic_minimum_version.
            """),
        Key(
            "rule", "requiretls", \.requireTLS, .ifSet(.boolean),
            """
            All mail there goes as if it had come with REQUIRETLS (RFC 8689): every server on the way must support \
            it. Few do.
            """),
    ]

    private static let connection: [Key] = [
        Key(
            "rule", "client_certificate", \.clientCertificate, .ifSet(.path),
            "Certificate chain in PEM, own certificate first, for servers that ask for one. With client_key."),
        Key("rule", "client_key", \.clientKey, .ifSet(.path), "Private key of client_certificate in PEM."),
        Key(
            "rule", "source_ipv4", \.sourceIPv4, .ifSet(.ipv4),
            "The address connections are made from, instead of delivery.source_ipv4."),
        Key("rule", "source_ipv6", \.sourceIPv6, .ifSet(.ipv6), "The same for IPv6."),
    ]

    private static let exceptions: [Key] = [
        Key(
            "rule", "tls_required_no", \.tlsRequiredNo, .ifSet(.choice(of: Configuration.OptionalTLSUse.allCases)),
            """
            What a sender's TLS-Required: No does to the demands of this rule: by default the rule holds ("ignore"); \
            "honour" lets such mail pass, and our own reports with it.
            """),
        Key(
            "rule", "dane", \.dane, .ifSet(.choice(of: HostRule.Use.allCases)),
            """
            "off": TLSA records have no say. "observe": they are checked and the result is recorded, but nothing \
            fails on it. For receivers whose records are broken (RFC 7672 §9.1).
            """),
        Key(
            "rule", "mta_sts", \.mtaSTS, .ifSet(.choice(of: HostRule.Use.allCases)),
            "The same for the domain's MTA-STS policy."),
    ]

    private static let route: [Key] = [
        Key(
            "rule", "next_hop", \.nextHop, .ifSet(.nextHop),
            """
            Mail for destination goes here instead of to its MX hosts: "relay.example.net" (its MX records count), \
            "[relay.example.net]" (the host itself), "[192.0.2.1]" or "[IPv6:2001:db8::1]", each with :587 or another \
            port behind it. The next hop takes the place of the domain in every policy; the other keys of the rule \
            say how it is met, wherever the mail is for.
            """),
        Key(
            "rule", "implicit_tls", \.implicitTLS, .ifSet(.boolean),
            "TLS from the first octet instead of STARTTLS (RFC 8314 §3.3). The port is 465 unless next_hop has one."),
        Key(
            "rule", "credentials", \.credentials, .ifSet(.path),
            """
            A file with one line user:password for the next hop, which nobody but relayd may read (mode 0600 or \
            0400). It is read at start. Before it is shown, the next hop must prove who it is: by DANE, by MTA-STS, or by \
            a trusted certificate for its name, which for a next hop with unsigned MX records is the name written in \
            next_hop. A level of your own takes the place of that: with "encrypted" or "opportunistic" any certificate \
            will do. Without TLS the password is shown to a loopback address alone, such as "[127.0.0.1]", and only with \
            level = "none".
            """),
    ]
}
