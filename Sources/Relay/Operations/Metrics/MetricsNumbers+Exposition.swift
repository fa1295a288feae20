import DNS
import Mail

extension MetricsNumbers {
    func append(to text: inout Exposition) {
        queue.append(to: &text)
        store.append(to: &text)
        resolver.append(to: &text)
        if let policies {
            text.family(
                "waxwing_sts_policies", .gauge, "MTA-STS policies in memory, of domains that mail was sent to lately.",
                by: "mode", STSPolicy.Mode.allCases.map { ($0.rawValue, policies[$0] ?? 0) })
        }
        text.family("waxwing_intake_connections", .gauge, "Connections of clients, open now.", intakeConnections)
        text.family("waxwing_delivery_connections", .gauge, "Connections to hosts, open now.", deliveryConnections)
        text.family(
            "waxwing_intake_certificate_expiry_timestamp_seconds", .gauge,
            "When the certificate of a listener ends, in seconds since the epoch.", by: "listener",
            certificates.map { ($0.listener, Optional($0.notAfter.seconds)) })
        if let observations {
            text.family(
                "waxwing_tlsrpt_observations_total", .counter, "Datagrams of other MTAs for TLS-RPT.", by: "result",
                [("taken", observations.taken), ("dropped", observations.dropped)].map { ($0.0, Optional($0.1)) })
        }
        if let alarms {
            text.family(
                "waxwing_alarms", .gauge, "Alarms that stand.", by: "kind",
                AlarmKind.allCases.map { ($0.rawValue, Optional(alarms[$0] ?? 0)) })
        }
        text.begin(MetricHead("waxwing_build_info", .gauge, "Always 1: which version runs, under which name."))
        text.sample(
            "waxwing_build_info", labels: Exposition.labels([("version", version), ("hostname", hostname)]), "1")
        process.append(to: &text)
    }
}

extension QueueGauges {
    func append(to text: inout Exposition) {
        text.family("waxwing_queue_messages", .gauge, "Messages in the queue.", messages)
        text.family(
            "waxwing_queue_messages_quarantined", .gauge, "Messages whose content was found damaged.",
            quarantinedMessages)
        text.family(
            "waxwing_queue_messages_resting", .gauge,
            "Messages that wait because relayd crashed while they were being delivered.", restingMessages)
        text.family(
            "waxwing_queue_recipients", .gauge, "Recipients in the queue by their state.", by: "state",
            [("due", due), ("deferred", deferred), ("held", held), ("quarantined", quarantined)])
        text.family(
            "waxwing_queue_oldest_due_seconds", .gauge, "For how long the recipient that is due longest has been due.",
            oldestDue)
        text.family(
            "waxwing_destinations", .gauge, "Destinations by their state.", by: "state",
            [("active", activeDestinations), ("down", downDestinations), ("suspended", suspendedDestinations)])
    }
}

extension StoreGauges {
    func append(to text: inout Exposition) {
        text.family(
            "waxwing_store_free_bytes", .gauge, "Octets that may still be written to the disk of the store.", freeBytes)
        text.family(
            "waxwing_store_floor_bytes", .gauge, "store.minimum_free: below it no mail is accepted.", floorBytes)
        text.family(
            "waxwing_store_free_inodes", .gauge, "Files that may still be made on the disk of the store.", freeInodes)
        text.family("waxwing_store_commits_total", .counter, "Transactions of the store that are on disk.", commits)
        text.family(
            "waxwing_store_commits_failed_total", .counter, "Transactions of the store that failed.", failedCommits)
        text.family(
            "waxwing_store_unsettled", .gauge,
            "Results of deliveries that the store does not take now; nothing new is delivered meanwhile.", unsettled)
        text.family(
            "waxwing_store_journal_stuck", .gauge,
            "1 while mail that was accepted does not get from the journal into the tables.", isJournalStuck)
        text.family(
            "waxwing_intake_short", .gauge, "1 where mail is refused with 452 for want of it.", by: "of",
            IntakeCapacity.Shortage.allCases.map { ($0.rawValue, Optional(shortage == $0)) })
        text.family("waxwing_trace_records", .gauge, "Records of messages that left the queue.", traceRecords)
        text.family("waxwing_trace_bytes", .gauge, "Octets of the file with the records.", traceBytes)
        text.family(
            "waxwing_trace_dropped_total", .counter, "Records of ended messages that were not kept.", traceDropped)
    }
}

extension ResolverGauges {
    func append(to text: inout Exposition) {
        text.family(
            "waxwing_resolver_running", .gauge, "1 where the resolver's worker answers questions.", isRunning)
        text.family(
            "waxwing_resolver_self_test", .gauge, "1 at the last result of the DNSSEC self-test.", by: "result",
            Self.results.map { ($0, Optional($0 == result)) })
        guard let counters else { return }
        text.family(
            "waxwing_dns_lookups_total", .counter, "Lookups that the resolver's worker ended, by their result.",
            by: "result",
            [
                ("secure", counters.secure), ("insecure", counters.insecure), ("absent", counters.absent),
                ("bogus", counters.bogusLookups), ("failed", counters.failedLookups),
            ].map { ($0.0, Optional($0.1)) })
        text.family("waxwing_dns_questions_total", .counter, "Questions to the resolver.", counters.questions)
        text.family(
            "waxwing_dns_cache_hits_total", .counter, "Questions that were answered from memory.", counters.cacheHits)
        text.family(
            "waxwing_dns_timeouts_total", .counter, "Lookups that ran into dns.lookup_timeout.", counters.timedOut)
        text.family("waxwing_dns_lookups_open", .gauge, "Lookups under way or waiting for a place.", openLookups)
        text.family(
            "waxwing_resolver_worker_deaths_total", .counter, "Worker processes that had to be replaced.",
            counters.workerDeaths)
    }

    static let results = ["validates", "does-not-validate", "no-network", "unknown", "off"]

    private var result: String {
        guard isSelfTestWanted else { return "off" }
        switch selfTest {
        case .validates: return "validates"
        case .doesNotValidate: return "does-not-validate"
        case .noNetwork: return "no-network"
        case nil: return "unknown"
        }
    }
}
