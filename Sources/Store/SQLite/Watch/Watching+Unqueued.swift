public import Mail

/// Counts of mail that is delivered without ever lying in the queue, and so is settled nowhere.
public protocol DeliveryStore: Sendable {
    /// What ``Settlement/deliveries`` and ``Settlement/proofs`` are for all other mail, on the day of `time`.
    func countDeliveries(
        _ deliveries: [DeliveryCount], _ proofs: [RequireTLSProof], at time: WallTime
    ) async throws(StoreError)
}

extension SQLiteStore: DeliveryStore {
    public func countDeliveries(
        _ deliveries: [DeliveryCount], _ proofs: [RequireTLSProof], at time: WallTime
    ) async throws(StoreError) {
        if deliveries.isEmpty && proofs.isEmpty || reportDamage != nil { return }
        let limit = watchBounds.proofs
        // As a settling does it: what is broken there must not take back the group it is in.
        try await perform(urgently: false) { db, numbers, withReports in
            if !withReports { return }
            for proof in proofs {
                try ReportDamage.passedOver(db) { try ProofRows.insert(proof, limit: limit, db) }
            }
            numbers.deliveries.count(deliveries, day: ReportDay(of: time))
        }
    }
}
