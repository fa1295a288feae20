import Mail

extension ConfigurationSection {
    static let tlsrpt = ConfigurationSection(
        "tlsrpt",
        "TLS-RPT: reports to receiving domains on what became of TLS (RFC 8460). Off without organization and contact.",
        [
            ConfigurationKey(
                "tlsrpt", "organization", \.tlsrpt.organization, .optional(.words), example: "\"Example Mail\"",
                "Who sends the reports, in words: the name of your organisation."),
            ConfigurationKey(
                "tlsrpt", "contact", \.tlsrpt.contact, .optional(.reportMailbox),
                """
                Where the postmaster of a domain that got a report may write. It stands in every report; its domain is \
                who the report is from.
                """),
            ConfigurationKey(
                "tlsrpt", "submitter", \.tlsrpt.submitter, .optional(.mailDomain),
                """
                The domain that sends and signs the reports. Empty: the domain of contact, and it can be no other \
                (RFC 8460 §5.3). There must be a [[dkim.key]] of it.
                """),
            ConfigurationKey(
                "tlsrpt", "from", \.tlsrpt.from, .optional(.reportMailbox),
                """
                From and envelope sender of report mail, at the submitter's domain; bounces of other servers come \
                there. Empty: contact.
                """),
            ConfigurationKey(
                "tlsrpt", "spread", \.tlsrpt.spread, .duration(.zero...(.seconds(20 * 3600)), example: "4h"),
                """
                Reports of a day go out at random within this time after midnight UTC, so that no receiver gets all \
                of them at once (RFC 8460 §4.1).
                """),
            ConfigurationKey(
                "tlsrpt", "certificates", \.tlsrpt.certificates, .choice(of: Configuration.CertificateUse.allCases),
                """
                What a bad certificate of an https: endpoint does: "ignore" sends the report all the same, for it may be \
                about just that (RFC 8460 §3); "verify" does not.
                """),
            ConfigurationKey(
                "tlsrpt", "private_addresses", \.tlsrpt.privateAddresses, .boolean,
                """
                Let https: endpoints have private addresses. A record is a stranger's wish: by default it cannot make \
                this machine talk to your own network.
                """),
            ConfigurationKey(
                "tlsrpt", "keep", \.tlsrpt.keep,
                .duration(.seconds(2 * 86_400)...(.seconds(366 * 86_400)), example: "14d"),
                "Counts and ended reports of a day are kept this long, for relayctl tlsrpt."),
            ConfigurationKey(
                "tlsrpt", "socket", \.tlsrpt.socket, .optional(.socketPath),
                example: "\"/run/waxwing/tlsrpt.sock\"",
                """
                A datagram socket that speaks the protocol of libtlsrpt: Postfix 3.10 and later tells there what it \
                delivered by itself (smtp_tlsrpt_enable, smtp_tlsrpt_socket_name), and both go into one report. Empty: none.
                """),
            ConfigurationKey(
                "tlsrpt", "override", \.tlsrpt.overrides, tables: ReportOverrideKeys.all, required: ["domain", "to"],
                atMost: ReportOverrideKeys.limit,
                """
                Send reports for a domain elsewhere than its record says, or to a folder: for tests, and to see what \
                would be sent.
                """,
                sample: """
                    domain = "example.org"
                    to = ["directory:/var/lib/waxwing/reports"]
                    """),
        ])

    static let dkim = ConfigurationSection(
        "dkim", "DKIM: signatures of mail by the domain it is from (RFC 6376). Mail of other domains passes untouched.",
        [
            ConfigurationKey(
                "dkim", "unpublished", \.dkim.unpublished, .choice(of: Configuration.UnpublishedUse.allCases),
                """
                A key signs only while its record in DNS is there and is its own. What becomes of mail otherwise: \
                "other-key" signs by the domain's other keys, and lets mail wait where there is none; "wait" lets it wait \
                until every key is published; "unsigned" sends it unsigned where no key is left. Each is logged as an error.
                """),
            ConfigurationKey(
                "dkim", "unsignable", \.dkim.unsignable, .choice(of: Configuration.UnsignableUse.allCases),
                """
                What becomes of mail of a domain with a key that cannot be signed: two From fields, a header section \
                over 1 MiB. "pass" sends it unsigned; "bounce" returns it.
                """),
            ConfigurationKey(
                "dkim", "check_interval", \.dkim.checkInterval,
                .duration(.seconds(60)...(.seconds(86_400)), example: "1h"),
                "How often the published records are looked up anew."),
            ConfigurationKey(
                "dkim", "key", \.dkim.keys, tables: DKIMKeyKeys.all, required: ["domain", "selector", "file"],
                atMost: DKIMKeyKeys.limit,
                """
                A key by which mail is signed. Several of one domain each sign: one RSA and one Ed25519 key is usual. \
                `relayctl dkim keygen DOMAIN` makes keys and prints their records.
                """,
                sample: """
                    domain = "example.org"
                    selector = "s2026"
                    file = "/etc/waxwing/dkim/example.org.s2026.pem"
                    """),
        ])
}

/// The keys of `[[tlsrpt.override]]`.
enum ReportOverrideKeys {
    typealias Key = ConfigurationKey<Configuration.WrittenOverride>

    /// Tables.
    static let limit = 1000

    static let all: [Key] = [
        Key(
            "tlsrpt.override", "domain", \.domain, .ifSet(.dnsName), example: "\"example.org\"",
            "Whose reports: the recipients' domain."),
        Key(
            "tlsrpt.override", "to", \.destinations, .distinct(.reportRoute, atMost: TLSRPTRecord.destinationLimit),
            "Addresses as a record has them (mailto:, https:), or directory: with the path of a folder."),
    ]
}

/// The keys of `[[dkim.key]]`.
enum DKIMKeyKeys {
    typealias Key = ConfigurationKey<Configuration.WrittenKey>

    /// Tables: each is a file read at start, and a record looked up.
    static let limit = 10_000

    static let all: [Key] = [
        Key(
            "dkim.key", "domain", \.domain, .ifSet(.dnsName), example: "\"example.org\"",
            "The domain that signs: of the From field."),
        Key(
            "dkim.key", "selector", \.selector, .ifSet(.dnsName), example: "\"s2026\"",
            "The name of the key: its record is at SELECTOR._domainkey.DOMAIN."),
        Key(
            "dkim.key", "file", \.file, .ifSet(.path), example: "\"/etc/waxwing/dkim/example.org.s2026.pem\"",
            """
            The private key in PEM: RSA of 1024 bits or more (2048 is right), or Ed25519. Nobody but relayd may read it \
            (mode 0600 or 0400). It is read at start.
            """),
        Key(
            "dkim.key", "not_before", \.notBefore, .ifSet(.instant),
            """
            Not used before: publish the record of a new key some days ahead, and let it take over by itself. A key \
            that begins replaces those of the same domain, kind and use that began before it.
            """),
        Key(
            "dkim.key", "use", \.use, .choice(of: Configuration.WrittenKey.Use.allCases),
            """
            "mail": signs mail. "reports": signs our own TLS-RPT reports alone; without such a key those for mail sign \
            them.
            """),
        Key(
            "dkim.key", "subdomains", \.subdomains, .boolean,
            "Signs also mail from names below domain that have no key of their own."),
    ]
}

extension Configuration.WrittenOverride: ConfigurationTable {}
extension Configuration.WrittenKey: ConfigurationTable {}

extension ValueForm<Configuration.ReportRoute> {
    static let reportRoute = ValueForm.parsed(
        "address for reports", example: "mailto:tlsrpt@example.org",
        problem: "is neither mailto: with one address, https: with a host, nor directory: with an absolute path",
        parse: { text in
            let scheme = Configuration.ReportRoute.directoryScheme
            if text.hasPrefix(scheme) {
                let path = String(text.dropFirst(scheme.count))
                return path.hasPrefix("/") && path.utf8.count <= ValueForm<String>.pathLimit ? .directory(path) : nil
            }
            return ReportAddress(text).map(Configuration.ReportRoute.address)
        },
        spell: \.uri)
}

extension ValueForm<WallTime> {
    /// In quotes, or as a date of TOML itself.
    static let instant = ValueForm(
        name: "date or time in UTC", range: nil, example: "\"2026-12-01T00:00:00Z\"",
        read: { node throws(ValueProblems) in
            let text: String
            switch node {
            case .string(let quoted): text = quoted
            case .dateOrTime(let bare): text = bare
            default: throw .wrongKind("a date or time in UTC", node)
            }
            if let time = WallTime(rfc3339: text) ?? ReportDay(text: text)?.start { return time }
            // What would be right, were it in UTC.
            if WallTime(rfc3339: "\(text.prefix(19))Z") != nil, text.dropFirst(19).first.map("+-".contains) ?? true {
                throw ValueProblems("\(TOMLText.quoted(text)) is not in UTC, and only UTC is taken")
            }
            throw ValueProblems(
                "\(TOMLText.quoted(text)) is no date such as 2026-12-01 and no time such as 2026-12-01T00:00:00Z")
        },
        spell: { TOMLText.quoted($0.rfc3339) })
}
