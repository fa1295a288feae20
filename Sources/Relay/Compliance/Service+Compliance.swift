import Logging
import Mail
import Store

/// What left how, for `relayctl compliance`.
extension Service {
    public func compliance(_ query: ComplianceQuery) async throws -> CompliancePage {
        let side: DeliverySide =
            switch query.side {
            case .destination: .destination
            case .sender: .sender
            }
        let sums = try await store.deliveries(
            by: side, from: query.since, to: query.until, after: query.after, limit: query.limit)
        return CompliancePage(
            since: "\(query.since)", until: "\(query.until)", by: query.side, rows: sums.map(ComplianceRow.init),
            next: sums.count < query.limit ? nil : sums.last?.name)
    }

    public func proofs(_ query: ProofQuery) async throws -> ProofPage {
        let proofs = try await store.proofs(
            from: query.since.start, to: query.until.end, before: query.before, limit: query.limit)
        return ProofPage(
            since: "\(query.since)", until: "\(query.until)", proofs: proofs.map(ProofView.init),
            next: proofs.count < query.limit ? nil : proofs.last?.number)
    }

    /// What was counted long ago. Once a day, and at start.
    func forgetDeliveries() async {
        let oldest = ReportDay(of: Self.clock().advanced(by: -ComplianceKeeping.days * 86_400))
        do throws(StoreError) { try await store.removeDeliveries(before: oldest) } catch {
            log.event(
                .error,
                LogLine("store-failed").with("doing", "forgetting what left how").with("reason", "\(error)"))
        }
    }
}

/// How long it is known what left how.
enum ComplianceKeeping {
    /// Days that counts and proofs are kept: a year, and a month to report on it. Ours.
    static let days: Int64 = 400
}

extension ComplianceRow {
    init(_ sum: DeliverySum) {
        self.init(
            name: sum.name,
            sum.levels.mapValues { ComplianceCount(messages: $0.messages, recipients: $0.recipients) })
    }
}

extension ProofView {
    init(_ proof: RequireTLSProof) {
        self.init(
            time: proof.time.seconds, id: proof.id.text, sender: proof.sender, destination: proof.destination,
            recipients: proof.recipients, host: proof.host, address: proof.address, tls: proof.tls,
            verified: proof.verified.rawValue)
    }
}
