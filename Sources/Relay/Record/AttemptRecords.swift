import Mail
import Store

/// Writes down what attempts were decided by: the documents, whose keys each attempt carries. Never in a delivery's way.
struct AttemptRecords: Sendable {
    /// nil where no trace is kept.
    let trace: TraceStore?
    let decisions: DecisionMemory
    let evidence: EvidenceMemory

    /// The key of the document of `decision`.
    func key(of decision: PolicyDecision, at now: WallTime) -> String? {
        decisions.key(of: decision, in: trace, at: now)
    }

    /// Gives `connection` the key of what its host showed, once it has shown anything.
    func keep(_ connection: ClientConnection, at now: WallTime) {
        guard let trace, connection.evidenceKey == nil, let shown = connection.evidence else { return }
        connection.evidenceKey = evidence.key(
            of: shown, by: connection.candidate, leaf: connection.leaf, in: trace, at: now,
            chain: connection.presentedEncodings)
    }
}
