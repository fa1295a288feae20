import Mail

/// What the daemon counts for Prometheus, each where it happens; shown by ``MetricsServer`` and on the control socket.
///
/// A registry of our own: no client library of Prometheus is packaged where this is built, and what is needed of one is
/// little. Families are fields of this class, declared once and typed by their labels; nothing registers itself at run time,
/// so that no stranger's word can become a series, and the tests know every name there is. Numbers that other parts hold are
/// not kept twice: they are read when somebody asks (``MetricsNumbers``).
///
/// Safe from any thread. An update is one relaxed addition, two for a time.
final class Metrics: Sendable {
    // MARK: Intake

    let accepted: CounterBy<String>
    let acceptedBytes: Counter
    let answered: CounterBy<String>
    let refused: CounterBy2<ReplyClassLabel, RefusalLabel>
    let connections: CounterBy<String>
    let connectionsRefused: CounterBy<ConnectionRefusalLabel>
    let logins: CounterBy<SASLFault?>
    let intakeTLS: CounterBy<String>
    let intakeTLSFailures: Counter

    // MARK: Delivery

    let attempts: CounterBy2<OutcomeLabel, Reason.Cause?>
    let recipients: CounterBy2<OutcomeLabel, Reason.Cause?>
    let secured: CounterBy3<String?, VerifiedLevel, TLSRequirement.Basis?>
    let tlsFailures: CounterBy2<PolicyResult.Policy, ResultType>
    let opened: Counter
    let reused: Counter
    let steps: HistogramBy<DeliveryStep>
    let queueTime: HistogramBy<OutcomeLabel>

    // MARK: Policies, reports

    let stsFetches: CounterBy<STSFetchLabel>
    let tlsa: CounterBy<TLSALabel>
    let observed: CounterBy<ObservedLabel>
    let reports: CounterBy2<ReportTransportLabel, ReportResultLabel>

    // MARK: Alarms

    let alarmsRaised: CounterBy<AlarmKind>

    /// What of it stands in a scrape, in this order.
    let families: [any MetricFamily]

    /// Words of SSL_get_version(3); nil is none, and what OpenSSL may come to say besides counts as the last.
    static let tlsVersions = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]
    static let otherWord = "other"
    static let noneWord = "none"

    /// Upper bounds of the buckets of a delivery's steps: from an answer of the same rack to the timeouts of RFC 5321
    /// §4.5.3.2.
    static let stepBounds: [Int64] = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000]
    /// The same of the time in the queue: from at once to `retry.lifetime`.
    static let queueBounds: [Int64] = [
        500, 1000, 2000, 5000, 10_000, 30_000, 60_000, 300_000, 900_000, 3_600_000, 14_400_000, 43_200_000, 86_400_000,
        259_200_000, 432_000_000,
    ]

    /// - Parameter listeners: names of the intake's, as the operator wrote them.
    init(listeners: [String] = []) {
        let listener = LabelSet("listener", (listeners + [Self.otherWord]).map { ($0, $0) })
        let outcome = LabelSet("outcome", OutcomeLabel.allCases)
        let cause = LabelSet(
            "cause", [(nil, Self.noneWord)] + Reason.Cause.allCases.map { (Optional($0), $0.rawValue) })
        // Delivered for no cause, all else for one.
        let isMeant: (OutcomeLabel, Reason.Cause?) -> Bool = { ($0 == .delivered) == ($1 == nil) }

        accepted = CounterBy(
            "waxwing_messages_accepted_total", "Messages that are in the queue on disk and were acknowledged.", listener
        )
        acceptedBytes = Counter("waxwing_accepted_bytes_total", "Octets of content of accepted messages.")
        answered = CounterBy(
            "waxwing_messages_answered_total",
            "Messages whose client waited for the delivery and was told what became of it.", listener)
        refused = CounterBy2(
            "waxwing_refusals_total", "Replies of the intake with 4yz or 5yz, to commands and to messages.",
            LabelSet("class", ReplyClassLabel.allCases), LabelSet("reason", RefusalLabel.allCases))
        connections = CounterBy("waxwing_intake_connections_total", "Connections that were let in.", listener)
        connectionsRefused = CounterBy(
            "waxwing_intake_connections_refused_total", "Connections that were not served.",
            LabelSet("reason", ConnectionRefusalLabel.allCases))
        logins = CounterBy(
            "waxwing_intake_logins_total", "AUTH exchanges by their end.",
            LabelSet("result", [(nil, "success")] + SASLFault.allCases.map { (Optional($0), $0.rawValue) }))
        intakeTLS = CounterBy(
            "waxwing_intake_tls_sessions_total", "TLS sessions with clients.",
            LabelSet("version", (Self.tlsVersions + [Self.otherWord]).map { ($0, $0) }))
        intakeTLSFailures = Counter(
            "waxwing_intake_tls_failures_total", "TLS handshakes with clients that came to nothing.")

        attempts = CounterBy2(
            "waxwing_delivery_attempts_total",
            "Attempts to deliver a message to a destination, by the worst that became of its recipients.", outcome,
            cause,
            where: isMeant)
        recipients = CounterBy2(
            "waxwing_recipients_total", "What became of recipients, once for each time that it was decided.", outcome,
            cause, where: isMeant)
        let version = LabelSet(
            "version",
            [(nil, Self.noneWord)] + Self.tlsVersions.map { (Optional($0), $0) } + [(Self.otherWord, Self.otherWord)])
        secured = CounterBy3(
            "waxwing_deliveries_total", "Recipients delivered, by what secured the way.", version,
            LabelSet("verified", VerifiedLevel.allCases),
            LabelSet(
                "required_by",
                [(nil, Self.noneWord)] + TLSRequirement.Basis.allCases.map { (Optional($0), $0.rawValue) }),
            where: { version, verified, _ in (version == nil) == (verified == .none) })
        tlsFailures = CounterBy2(
            "waxwing_tls_failures_total",
            "Connections to hosts on which TLS failed or a check of the certificate did, as TLS-RPT counts them.",
            LabelSet("policy", PolicyResult.Policy.allCases), LabelSet("result", ResultType.allCases))
        opened = Counter("waxwing_delivery_connections_opened_total", "Connections to hosts that came to stand.")
        reused = Counter(
            "waxwing_delivery_connections_reused_total", "Deliveries that began on a connection that was kept.")
        steps = HistogramBy(
            "waxwing_delivery_seconds", "Duration of the steps of a delivery.",
            LabelSet("step", DeliveryStep.allCases), milliseconds: Self.stepBounds)
        queueTime = HistogramBy(
            "waxwing_queue_time_seconds", "Time from the acknowledgement of a message to the end of a recipient.",
            LabelSet("outcome", [OutcomeLabel.delivered, .bounced]), milliseconds: Self.queueBounds)

        stsFetches = CounterBy(
            "waxwing_sts_fetches_total", "Fetches of MTA-STS policies by their end.",
            LabelSet("result", STSFetchLabel.allCases))
        tlsa = CounterBy(
            "waxwing_tlsa_lookups_total", "Hosts by what was found of their TLSA records, once for each search.",
            LabelSet("result", TLSALabel.allCases))
        observed = CounterBy(
            "waxwing_observed_total",
            "Connections to hosts that a rule in mode observe is for, by what it would have done.",
            LabelSet("verdict", ObservedLabel.allCases))
        reports = CounterBy2(
            "waxwing_tlsrpt_deliveries_total", "Tries to bring a TLS-RPT report to one address.",
            LabelSet("transport", ReportTransportLabel.allCases), LabelSet("result", ReportResultLabel.allCases))
        alarmsRaised = CounterBy(
            "waxwing_alarms_raised_total", "Alarms that were raised and told of.",
            LabelSet("kind", AlarmKind.allCases))

        families = [
            accepted, acceptedBytes, answered, refused, connections, connectionsRefused, logins, intakeTLS,
            intakeTLSFailures, attempts, recipients, secured, tlsFailures, opened, reused, steps, queueTime, stsFetches,
            tlsa, observed, reports, alarmsRaised,
        ]
    }

    /// A whole scrape.
    func text(with numbers: MetricsNumbers) -> String {
        var text = Exposition()
        for family in families { family.append(to: &text) }
        numbers.append(to: &text)
        return text.text
    }
}
