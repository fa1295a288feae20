import Mail
import Store

/// The log line of one recipient in one attempt: always these keys in this order.
struct DeliveryLine {
    let line: LogLine
    private let policyFailureSince: WallTime?
    private let time: WallTime

    /// - Parameters:
    ///   - trace: nil where the recipient was put off with its destination, without an attempt of its own.
    ///   - suspect: the fault on this side that it may really come of.
    init(
        _ job: Job, _ recipient: Job.Recipient, _ trace: AttemptResult.Trace?, _ decided: Decided, at time: WallTime,
        suspect: AlarmKind? = nil
    ) {
        let reason = decided.outcome.reason
        var line = LogLine("delivery")
        line.add("queue_id", job.message.id)
        line.add("from", "<\(job.message.reversePath)>")
        line.add("to", "<\(recipient.mailbox)>")
        line.add("destination", job.destination)
        line.add("host", trace?.host?.description ?? "-")
        line.add("address", trace?.address?.description ?? "-")
        line.add("tls", trace?.tlsVersion ?? "-")
        line.add("verified", trace?.verified?.rawValue ?? "-")
        line.add("by", trace?.by?.rawValue)
        line.add("sts", trace?.sts)
        line.add("demand", job.message.demand.word)
        line.add("observed", trace.flatMap(\.observedWords))
        line.add("status", decided.outcome.status)
        line.add("cause", reason?.cause.rawValue)
        line.add("reply", decided.outcome.reply?.oneLine)
        line.add("delay", job.message.age(at: time))
        line.add("ms", trace?.times?.description)
        line.add("attempt", trace == nil ? nil : recipient.attempts + 1)
        line.add("next", decided.isDeferred && job.awaited == nil ? decided.nextAttempt.rfc3339 : nil)
        line.add("reason", reason?.detail)
        line.add("suspect", suspect?.rawValue)
        line.add("rule", trace?.rule)
        line.add("exception", trace?.exception)
        line.add("observed_rules", trace?.observedRules)
        line.add("late", job.isAbandoned ? "yes" : nil)
        self.line = line
        self.policyFailureSince = decided.policyFailureSince
        self.time = time
    }

    /// A TLS policy has kept this recipient back for so many seconds: the operator should look (D19).
    func isWarning(after seconds: Int64) -> Bool {
        guard seconds > 0, let policyFailureSince else { return false }
        return time.seconds - policyFailureSince.seconds >= seconds
    }
}

/// The log line of a host, or an address of one, that was left for the next.
struct HostFailedLine {
    let line: LogLine

    init(_ job: Job, _ passed: AttemptResult.PassedOver) {
        var line = LogLine("host-failed")
        line.add("queue_id", job.message.id)
        line.add("destination", job.destination)
        line.add("host", passed.trace.host?.description ?? "-")
        line.add("address", passed.trace.address?.description ?? "-")
        line.add("by", passed.trace.by?.rawValue)
        line.add("sts", passed.trace.sts)
        line.add("cause", passed.reason.cause.rawValue)
        line.add("reason", passed.reason.detail)
        line.add("rule", passed.trace.rule)
        line.add("exception", passed.trace.exception)
        line.add("observed_rules", passed.trace.observedRules)
        self.line = line
    }
}

extension AttemptResult.Trace {
    var observedWords: String? {
        observed.isEmpty ? nil : observed.compactMap(\.failureWord).joined(separator: ",")
    }
}

extension PolicyException {
    /// `encrypted-until-2026-08-01T12:00:00Z`
    var inLog: String { "\(allow.rawValue)-until-\(until.rfc3339)" }
}

extension [ShadowFinding] {
    /// What the rules in mode `observe` would have done otherwise; nil where it is the same.
    func observedWords(mailGoes: Bool) -> String? {
        guard let finding = first(where: { $0.kind == .withObservedRules }) else { return nil }
        switch (mailGoes, finding.refusal) {
        case (true, let refusal?): return "would refuse: \(refusal.cause.rawValue)"
        case (false, nil): return "would go"
        case (true, nil), (false, _?): return nil
        }
    }
}

extension Outcome {
    /// "delivered", "deferred", "bounced".
    var status: String {
        switch self {
        case .delivered: "delivered"
        case .deferred: "deferred"
        case .bounced: "bounced"
        }
    }
}

extension Reply {
    /// Code, enhanced code and text on one line, for logs and lists.
    var oneLine: String {
        let text = lines.joined(separator: " ")
        return enhanced.map { "\(code) \($0) \(text)" } ?? "\(code) \(text)"
    }
}

extension StoredMessage {
    /// Seconds since it was received, never negative: a clock may go back.
    func age(at time: WallTime) -> Int64 { max(0, time.seconds - receivedAt.seconds) }
}

extension Int64 {
    /// Seconds as a person says them: "5 days", "3 hours", "10 seconds".
    var inWords: String {
        for (unit, seconds) in [("day", Int64(86_400)), ("hour", 3600), ("minute", 60)] where self >= 2 * seconds {
            return "\(self / seconds) \(unit)s"
        }
        return "\(self) second\(self == 1 ? "" : "s")"
    }
}
