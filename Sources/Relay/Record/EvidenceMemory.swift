import Mail
import Store
import Synchronization

/// Which evidence document each address of a host has now: a host shows the same certificate to thousands of connections.
final class EvidenceMemory: Sendable {
    /// Addresses that are remembered. Ours.
    static let limit = 10_000
    /// Octets of what is remembered: a stranger decides how many names a certificate has. Ours.
    static let weightLimit = 32 * 1024 * 1024

    private struct Key: Hashable, Sendable {
        let host: MXHost
        let address: IPAddress
        let port: UInt16
    }

    private struct Entry: Sendable {
        let evidence: PeerEvidence
        let weight: Int
        let document: ToldDocument
    }

    private let table: Mutex<RecentTable<Key, Entry>>

    init(limit: Int = EvidenceMemory.limit, weightLimit: Int = EvidenceMemory.weightLimit) {
        table = Mutex(RecentTable(limit: limit, weightLimit: weightLimit, weigh: \.weight))
    }

    /// The key of the document that says what `candidate` showed; nil where there is none. Never waits.
    /// - Parameters:
    ///   - leaf: the certificate of a handshake that failed for it.
    ///   - chain: reads the certificates as they were presented; asked for new evidence only.
    func key(
        of evidence: PeerEvidence, by candidate: DeliveryPlan.Candidate, leaf: CertificateFacts?,
        in trace: TraceStore, at now: WallTime, chain: () -> [[UInt8]]
    ) -> String? {
        let place = Key(host: candidate.host.host, address: candidate.address, port: candidate.port)
        let plain = evidence.withoutResumption
        let known = table.withLock { $0.use(place) }
        if let known, known.evidence == plain, known.document.holds(at: now) { return known.document.key }
        let document = Self.tell(evidence, leaf, chain(), to: trace, at: now)
        let entry = Entry(evidence: plain, weight: plain.weight, document: document)
        table.withLock { $0.insert(entry, for: place) }
        return document.key
    }

    private static func tell(
        _ evidence: PeerEvidence, _ leaf: CertificateFacts?, _ chain: [[UInt8]], to trace: TraceStore, at now: WallTime
    ) -> ToldDocument {
        // The certificates first: who finds the evidence finds them too.
        var keys: [String] = []
        for bytes in chain {
            guard bytes.count <= TraceLimits.document, let key = TraceDocument.key(of: bytes) else { break }
            guard trace.document(TraceDocument(.certificate, key: key, bytes: bytes, usedAt: now)) else {
                return .refused(at: now)
            }
            keys.append(key)
        }
        return ToldDocument(
            .evidence, EvidenceDocument(evidence, leaf: leaf, chain: keys).json(upTo: TraceLimits.document),
            in: trace, at: now)
    }

    var count: Int { table.withLock { $0.count } }
}

extension PeerEvidence {
    /// The same, as if the session had come of a full handshake.
    fileprivate var withoutResumption: PeerEvidence {
        guard case .established(var facts) = self, facts.resumed else { return self }
        facts.resumed = false
        return .established(facts)
    }
}
