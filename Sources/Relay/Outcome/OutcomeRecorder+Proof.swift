import Mail
import Store

/// What of an attempt is counted as handed over (`relayctl compliance`), and what shows that mail with REQUIRETLS went safely.
extension OutcomeRecorder {
    /// One for each recipients' domain and level, also where a route takes several domains to one smarthost. Nothing of mail
    /// that says nothing of what senders get: reports and canaries.
    static func deliveries(
        of job: Job, _ decided: [Decided], _ traces: [AttemptResult.Trace?]
    ) -> [DeliveryCount] {
        guard job.isCounted else { return [] }
        let sender = job.message.reversePath.domainText
        var counts: [DeliveryCount] = []
        for (one, trace) in zip(decided, traces) where one.isDelivered {
            let destination = one.recipient.mailbox.domain.description
            let level = DeliveredLevel(trace?.verified, overTLS: trace?.tlsVersion != nil)
            if let place = counts.firstIndex(where: { $0.destination == destination && $0.level == level }) {
                counts[place].recipients += 1
            } else {
                counts.append(DeliveryCount(destination: destination, sender: sender, level: level, recipients: 1))
            }
        }
        return counts
    }

    /// One for each recipients' domain and connection that took them; empty for mail that did not ask (RFC 8689 §4.2.1).
    static func proofs(
        of job: Job, _ decided: [Decided], _ traces: [AttemptResult.Trace?], at now: WallTime
    ) -> [RequireTLSProof] {
        guard job.isCounted, job.message.demand == .requireTLS else { return [] }
        var proofs: [RequireTLSProof] = []
        for (one, trace) in zip(decided, traces) where one.isDelivered {
            let proof = RequireTLSProof(
                time: now, id: job.message.id, sender: job.message.reversePath.description,
                destination: one.recipient.mailbox.domain.description, recipients: 1,
                host: trace?.host?.description ?? "-", address: trace?.address?.description ?? "-",
                tls: trace?.tlsVersion ?? "-", verified: trace?.verified ?? VerifiedLevel.none)
            if let place = proofs.firstIndex(where: { $0.isOfSamePart(as: proof) }) {
                proofs[place].recipients += 1
            } else {
                proofs.append(proof)
            }
        }
        return proofs
    }
}

extension RequireTLSProof {
    fileprivate func isOfSamePart(as other: RequireTLSProof) -> Bool {
        destination == other.destination && host == other.host && address == other.address && tls == other.tls
            && verified == other.verified
    }
}

extension Decided {
    var isDelivered: Bool {
        if case .delivered = outcome { true } else { false }
    }
}

extension ReversePath {
    /// Right of the `@`; empty for the null reverse-path.
    var domainText: String {
        switch self {
        case .null: ""
        case .mailbox(let mailbox): mailbox.domain.description
        }
    }
}
