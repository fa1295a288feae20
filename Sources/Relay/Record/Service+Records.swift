import DNS
import FoundationEssentials
import Mail
import Store
import TLS

// `relayctl explain` and `relayctl bundle`: what the trace knows of a message, with the documents its attempts name.

extension Service {
    public func explain(key: String, limit: Int) async throws -> ExplainAnswer {
        try await records(key: key, limit: limit).answer
    }

    public func bundle(key: String) async throws -> BundleAnswer {
        let (answer, certificates) = try await records(key: key, limit: 1, withCertificates: true)
        return BundleAnswer(
            explanation: answer,
            bundle: BundleView(
                certificates: certificates.mapValues { Data($0).base64EncodedString() },
                versions: [
                    "waxwing \(Version.text)", OpenSSLLibrary.version,
                    UnboundVersion.linked.map { "libunbound \($0)" } ?? "libunbound",
                ], settings: configuration.deliverySettingsInWords))
    }

    private func records(
        key: String, limit: Int, withCertificates: Bool = false
    ) async throws -> (answer: ExplainAnswer, certificates: [String: [UInt8]]) {
        let page = try await trace(key: key, limit: limit)
        var matches: [ExplainedMessage] = []
        for life in page.matches {
            var waiting: [ExplainedMessage.WaitingView] = []
            if life.state == "in queue", let id = QueueID(life.id), let message = try await show(id) {
                waiting = message.recipients.filter(\.isOpen).map {
                    ExplainedMessage.WaitingView(
                        address: $0.address, nextAttempt: $0.nextAttempt, expiresAt: $0.expiresAt)
                }
            }
            matches.append(ExplainedMessage(message: life, waiting: waiting))
        }
        let attempts = matches.flatMap(\.message.events).compactMap(\.attempt)
        let kept = try await documents(attempts.flatMap { [$0.decision, $0.evidence].compactMap(\.self) })
        var documents = ExplainDocuments()
        for (key, document) in kept {
            switch document.kind {
            case .decision: documents.decisions[key] = DecisionDocument(json: document.bytes)
            case .evidence: documents.evidence[key] = EvidenceDocument(json: document.bytes)
            case .certificate: break
            }
        }
        let answer = ExplainAnswer(
            page: ExplainPage(matches: matches, since: page.since), documents: documents)
        guard withCertificates else { return (answer, [:]) }
        let chains = try await self.documents(documents.evidence.values.flatMap(\.chain))
        return (answer, chains.filter { $0.value.kind == .certificate }.mapValues(\.bytes))
    }

    /// Those that are kept, and are what their keys say: a damaged one is none.
    private func documents(_ keys: [String]) async throws -> [String: TraceDocument] {
        let wanted = Array(Set(keys))
        guard let trace = ground.trace, !wanted.isEmpty else { return [:] }
        return try await trace.documents(wanted).filter(\.value.isWhole)
    }
}

extension RecipientView {
    /// Something is still to come.
    fileprivate var isOpen: Bool {
        switch state {
        case "delivered", "bounced", "deleted": false
        default: true
        }
    }
}

extension Configuration {
    /// What decides about deliveries, as the file would spell it. No secrets, and nothing of other people's names.
    var deliverySettingsInWords: [String] {
        [
            "dane.insecure_mx = \(dane.insecureMX)", "tls.minimum_level = \"\(tls.minimumLevel.rawValue)\"",
            "tls.minimum_version = \"\(tls.minimumVersion.rawValue)\"",
            "tls.opportunistic_fallback = \"\(tls.opportunisticFallback.rawValue)\"", "sts.enabled = \(sts.enabled)",
            "delivery.port = \(delivery.port)", "delivery.ipv6 = \(delivery.ipv6)",
            "delivery.connect_timeout = \(delivery.connectTimeout.components.seconds) s",
            "delivery.greeting_timeout = \(delivery.greetingTimeout.components.seconds) s",
            "delivery.command_timeout = \(delivery.commandTimeout.components.seconds) s",
            "delivery.tls_timeout = \(delivery.tlsTimeout.components.seconds) s",
            "retry.minimum = \(retry.minimum.components.seconds) s",
            "retry.maximum = \(retry.maximum.components.seconds) s",
            "retry.lifetime = \(retry.lifetime.components.seconds) s",
        ]
    }
}
