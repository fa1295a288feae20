import Mail

extension ConfigurationSection {
    private static let second = Duration.seconds(1)
    private static let day = Duration.seconds(86_400)

    static let alarm = ConfigurationSection(
        "alarm", "What the operator is told of by itself: see docs/alarms.md.",
        [
            ConfigurationKey(
                "alarm", "enabled", \.alarm.isEnabled, .boolean,
                "Alarms are raised. Without, relayctl alarms shows what was raised before, and all of it is cleared."),
            ConfigurationKey(
                "alarm", "command", \.alarm.command,
                .command(atMost: Configuration.Alarms.commandLimit),
                """
                A program, by its absolute path, and its arguments. It is run, without a shell, for each alarm that is \
                raised, cleared or acknowledged, and gets it as JSON on its standard input. It has 30 seconds; its output is \
                ignored. Empty: none.
                """),
            ConfigurationKey(
                "alarm", "post", \.alarm.post, .optional(.httpsURI),
                """
                A web service that gets the same JSON in a POST; its certificate is verified, its address may be a private \
                one. Without an answer of 2xx it is tried three times more. Empty: none.
                """),
            ConfigurationKey(
                "alarm", "window", \.alarm.window, .duration((.seconds(10))...day, example: "30m"),
                "What was seen of hosts counts for this long: for starttls_hosts, port25_hosts and clock_peers."),
            ConfigurationKey(
                "alarm", "starttls_hosts", \.alarm.startTLSHosts, .integer(2...1000),
                """
                Raises starttls-stripped: so many unrelated hosts offer no STARTTLS, and half of them, two at least, offered \
                it before or demand TLS by their own DANE or MTA-STS policy.
                """),
            ConfigurationKey(
                "alarm", "starttls_share", \.alarm.startTLSShare, .fraction(0.1...1),
                "Such hosts must also be this part of those met, without the ones that are known to have no STARTTLS."),
            ConfigurationKey(
                "alarm", "port25_hosts", \.alarm.port25Hosts, .integer(2...1000),
                "Raises port-25-blocked: so many unrelated hosts were tried, and none took a connection."),
            ConfigurationKey(
                "alarm", "clock_offset", \.alarm.clockOffset, .duration(second...day),
                "Raises clock-off: the clock of this machine is further than this from the median of its peers."),
            ConfigurationKey(
                "alarm", "clock_peers", \.alarm.clockPeers, .integer(2...1000),
                "So many unrelated hosts must have said what time it is."),
            ConfigurationKey(
                "alarm", "certificate_before", \.alarm.certificateBefore,
                .duration((.seconds(3600))...(.seconds(366 * 86_400)), example: "14d"),
                "Raises certificate-expiring: the certificate of a listener ends within this time."),
            ConfigurationKey(
                "alarm", "forecast_before", \.alarm.forecastBefore,
                .duration((.seconds(60))...(.seconds(30 * 86_400)), example: "1d"),
                "Raises mail-will-expire: mail is given up within this time unless something changes."),
            ConfigurationKey(
                "alarm", "ignore", \.alarm.ignored,
                .list(of: .choice(of: AlarmKind.allCases), atMost: AlarmKind.allCases.count, orEmpty: true),
                "Kinds of alarms that are not raised."),
        ])
}

extension ValueForm<String> {
    /// Octets of one argument of a program.
    static let argumentLimit = 1_024

    /// A word for a program: anything that C can hand over.
    static let argument = ValueForm.parsed(
        "text", example: "/usr/local/bin/page-me", problem: "is no argument for a program",
        parse: { $0.utf8.count <= argumentLimit && !$0.unicodeScalars.contains("\0") ? $0 : nil }, spell: { $0 })

    static let httpsURI = ValueForm.parsed(
        "https URI", example: "https://alerts.example.org/waxwing",
        problem: "is no https URI of a host by its name",
        parse: { text in
            if case .success = ReportEndpoint.read(uri: text) { text } else { nil }
        }, spell: { $0 })
}

extension ValueForm<[String]> {
    /// A program by its absolute path, and its arguments; or nothing.
    static func command(atMost limit: Int) -> ValueForm {
        let list = ValueForm<[String]>.list(of: .argument, atMost: limit, orEmpty: true)
        return ValueForm(
            name: list.name, range: "an absolute path first, or empty", example: "[\"/usr/local/bin/page-me\"]",
            read: { node throws(ValueProblems) in
                let words = try list.read(node)
                if let program = words.first, !program.hasPrefix("/") {
                    throw ValueProblems(problems: [
                        .init(
                            path: "[0]", text: "\(TOMLText.quoted(program)) is no absolute path",
                            cure: "No shell looks for it: write it from / on")
                    ])
                }
                return words
            },
            spell: list.spell)
    }
}
