import Mail

@testable import Store

/// Makers of what is remembered for those who ask why.
enum Watch {
    static func at(_ seconds: Int64) -> WallTime { Fixture.start.advanced(by: seconds) }

    static let day = ReportDay(of: Fixture.start)

    static func exception(
        _ domain: String = "example.net", _ allow: PolicyException.Allowed = .encrypted, reason: String = "they know",
        untilFixed: Bool = false
    ) throws -> PolicyException {
        PolicyException(
            domain: try DomainName(domain), allow: allow, since: at(0), until: at(604_800), reason: reason,
            isUntilFixed: untilFixed)
    }

    static func alarm(
        _ kind: AlarmKind = .tlsaGone, _ subject: String = "mx.example.net", _ words: String = "no TLSA any more",
        raised: Int64 = 0
    ) -> OperatorAlarm {
        OperatorAlarm(kind: kind, subject: subject, words: words, raisedAt: at(raised))
    }

    static func change(_ name: String, _ number: Int, _ kind: KnownFact.Kind = .mx) -> FactChange {
        FactChange(
            name: name, kind: kind, time: at(Int64(number)), old: number == 0 ? nil : "\(number - 1)", new: "\(number)")
    }

    static func delivery(
        _ destination: String = "example.net", from sender: String = "example.com", _ level: DeliveredLevel = .dane,
        recipients: Int = 1
    ) -> DeliveryCount {
        DeliveryCount(destination: destination, sender: sender, level: level, recipients: recipients)
    }

    static func proof(_ id: QueueID = Fixture.id(), at seconds: Int64 = 0) -> RequireTLSProof {
        RequireTLSProof(
            time: at(seconds), id: id, sender: "sender@example.com", destination: "example.net", recipients: 2,
            host: "mx.example.net", address: "192.0.2.1", tls: "TLSv1.3", verified: .dane)
    }

    static func observed(
        _ destination: String = "example.net", _ cause: String? = "dane-mismatch", day: ReportDay = day,
        connections: Int64 = 1
    ) -> ObservedCount {
        ObservedCount(
            day: day, rule: "rule \"example.org\"", destination: destination, cause: cause, connections: connections)
    }

    static func sum(_ name: String, _ levels: [DeliveredLevel: (Int64, Int64)]) -> DeliverySum {
        DeliverySum(
            name: name, levels: levels.mapValues { DeliverySum.Count(messages: $0.0, recipients: $0.1) })
    }
}

extension SQLiteStore {
    /// A message that is queued and settled with these deliveries and proofs.
    func handOver(
        _ deliveries: [DeliveryCount], proofs: [RequireTLSProof] = [], day: ReportDay = Watch.day
    ) async throws {
        let queued = try await enqueue([Fixture.message()])[0]
        _ = try await settle(Watch.settlement(queued, deliveries, proofs: proofs, day: day))
    }

    func sums(
        _ side: DeliverySide = .destination, from first: ReportDay = Watch.day, to last: ReportDay = Watch.day,
        after name: String? = nil, limit: Int = WatchLimits.page
    ) async throws(StoreError) -> [DeliverySum] {
        try await deliveries(by: side, from: first, to: last, after: name, limit: limit)
    }
}

extension Watch {
    static func settlement(
        _ queued: QueuedMessage, _ deliveries: [DeliveryCount], proofs: [RequireTLSProof] = [],
        day: ReportDay = Watch.day
    ) -> Settlement {
        Settlement(
            message: queued.message.number,
            recipients: queued.recipients.map {
                RecipientOutcome(
                    $0, .delivered(Reply(250, nil, "ok")), time: day.start, nextAttempt: day.start, deadline: day.start)
            }, deliveries: deliveries, proofs: proofs)
    }
}
