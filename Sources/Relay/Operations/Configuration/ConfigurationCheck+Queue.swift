import Mail
import Net

// What is wrong, or seldom meant, in [[queue.rule]], [trace] and [metrics].
extension Configuration {
    func queueContradictions() -> [ConfigurationFault] {
        var faults: [ConfigurationFault] = []
        if isWritten("delivery.site_connections"), delivery.siteConnections > delivery.connectionLimit {
            faults.append(
                fault(
                    "delivery.site_connections", "is greater than delivery.connection_limit",
                    "Choose at most \(delivery.connectionLimit)"))
        }
        if let address = metrics.listen, intake.points.contains(.address(address)) {
            faults.append(
                fault("metrics.listen", "\(address) is listened on by the intake already", "Choose another port"))
        }
        // Where a pattern was first.
        var patterns: [QueueRulePattern: String] = [:]
        for (index, rule) in queue.writtenRules.enumerated() {
            let path = "queue.rule[\(index)]"
            let found = rule.contradictions(connectionLimit: delivery.connectionLimit)
            faults += found.map { fault($0.key.isEmpty ? path : "\(path).\($0.key)", $0.problem, $0.cure) }
            guard rule.hasCondition else { continue }
            let pattern = QueueRulePattern(rule)
            if let first = patterns[pattern] {
                let line = places.key(first).map { " in line \($0.line)" } ?? ""
                faults.append(
                    fault(path, "is for the same mail as the rule\(line)", "Make one rule of the two"))
            } else {
                patterns[pattern] = path
            }
        }
        return faults
    }

    /// Sentences for `relayd --check`.
    func queueWarnings() -> [String] {
        var warnings: [String] = []
        if let address = metrics.listen, !address.isLoopback {
            warnings.append(
                "metrics.listen is \(address), no loopback address: whoever reaches it reads how much mail goes where.")
        }
        if !trace.isOn, isWritten("trace.keep") {
            warnings.append("trace.keep has no effect, for trace.size is \"0\".")
        }
        return warnings
    }

    /// What a rule is for. No two rules of a file are for the same.
    private struct QueueRulePattern: Hashable {
        let destination: RulePattern?
        let sender: String?
        let mx: RulePattern?
        let failure: FailureClass?

        init(_ rule: WrittenQueueRule) {
            destination = rule.destination
            sender = rule.sender?.description.lowercased()
            mx = rule.mx
            failure = rule.failure
        }
    }
}

extension SocketAddress {
    fileprivate var isLoopback: Bool {
        switch self {
        case .v4(let address, _): IPAddress.v4(address).isLoopback
        case .v6(let high, let low, _, _): IPAddress.v6(high: high, low: low).isLoopback
        case .unix: true
        }
    }
}

extension Configuration.WrittenQueueRule {
    struct Contradiction {
        /// Empty for the rule as a whole.
        let key: String
        let problem: String
        let cure: String
    }

    var hasCondition: Bool { destination != nil || sender != nil || mx != nil || failure != nil }

    /// Keys that are right each by itself and wrong together.
    func contradictions(connectionLimit: Int) -> [Contradiction] {
        var found: [Contradiction] = []
        func refuse(_ isWrong: Bool, _ key: String, _ problem: String, _ cure: String) {
            if isWrong { found.append(Contradiction(key: key, problem: problem, cure: cure)) }
        }
        refuse(
            !hasCondition, "", "names neither destination nor sender nor mx nor failure",
            "Add destination = \"example.org\", sender = \"@example.org\", mx = \"mx.example.net\" or failure = \"policy\"")
        let limits = [(connections != nil, "connections"), (rate != nil, "rate")].filter(\.0).map(\.1)
        let times = [
            (retryMinimum != nil, "retry_minimum"), (retryMaximum != nil, "retry_maximum"),
            (lifetime != nil, "lifetime"), (delayedAfter != nil, "delayed_after"),
        ].filter(\.0).map(\.1)
        refuse(
            priority == nil && times.isEmpty && limits.isEmpty, "", "sets nothing",
            "Add priority, retry_minimum, retry_maximum, lifetime, delayed_after, connections or rate")
        for key in limits where hasCondition {
            refuse(
                destination != nil && mx != nil, key, "stands with both destination and mx", "Make two rules of it")
            refuse(
                destination == nil && mx == nil, key, "needs destination or mx",
                "Add destination = \"…\" or mx = \"…\"")
            refuse(sender != nil, key, "stands with sender, but a limit is for a destination", "Remove one of the two")
            refuse(
                failure != nil, key, "stands with failure, but a limit is for whatever happens",
                "Remove one of the two")
        }
        if priority != nil {
            refuse(mx != nil, "priority", "stands with mx, which is not known when mail comes in", "Use destination")
            refuse(
                failure != nil, "priority", "stands with failure, but it is set when mail comes in",
                "Make two rules of it")
        }
        for key in times where mx != nil {
            refuse(true, key, "stands with mx, which goes with connections and rate alone", "Use destination")
        }
        refuse(
            mx != nil && sender != nil && limits.isEmpty, "sender", "stands with mx, which goes with no other condition",
            "Remove one of the two")
        refuse(
            delayedAfter != nil && failure != nil, "delayed_after",
            "stands with failure, but a delay is told whatever the cause", "Make two rules of it")
        if let retryMinimum, let retryMaximum {
            refuse(
                retryMinimum > retryMaximum, "retry_minimum", "is longer than retry_maximum",
                "Choose at most \(DurationText.spell(retryMaximum))")
        }
        if let retryMinimum, let lifetime {
            refuse(
                lifetime <= retryMinimum, "lifetime", "ends before the first retry (retry_minimum)",
                "Choose more than \(DurationText.spell(retryMinimum))")
        }
        if let delayedAfter, let lifetime {
            refuse(
                delayedAfter >= lifetime, "delayed_after", "is not shorter than lifetime",
                "Choose less than \(DurationText.spell(lifetime)), or \"0\" for never")
        }
        if let connections {
            refuse(
                connections > connectionLimit, "connections", "is greater than delivery.connection_limit",
                "Choose at most \(connectionLimit)")
        }
        return found
    }
}
