import Mail
import Net
import TLS

/// One look at one address: the session of a delivery up to the verdict and EHLO behind it, never MAIL.
///
/// Used by one task on the stream's loop.
final class ProbeConnection {
    /// How a look is taken, the same for all addresses.
    struct Terms: Sendable {
        let hostname: DomainName
        let tls: ClientWire.Security
        let fallback: OpportunisticFallback
        let security: ClientSession.TLSStart
        /// For each step: connecting, each reply, the handshake.
        let step: Duration
    }

    /// What the address showed. Without evidence the session ended before STARTTLS could be judged.
    struct Finding: Sendable {
        var evidence: PeerEvidence?
        var verdict: TLSVerdict?
        /// As presented, leaf first; empty where the handshake failed.
        var chain: [CertificateFacts] = []
        /// One for each TLSA record of the requirement, where there is a chain.
        var matches: [TLSAMatch] = []
        /// The leaf, also where it was refused.
        var certificate: CertificateFacts?
        /// Of the last EHLO.
        var extensions = ServiceExtensions()
        /// Why the session ended otherwise than by our QUIT.
        var failure: Reason?
    }

    private let wire: ClientWire
    private let terms: Terms
    private var session: ClientSession
    private var finding = Finding()

    init(_ stream: Net.Stream, requirement: TLSRequirement, terms: Terms) {
        wire = ClientWire(stream)
        self.terms = terms
        session = ClientSession(
            hostname: .name(terms.hostname), requirement: requirement, security: terms.security, first: nil)
    }

    /// From the greeting to QUIT.
    func run() async -> Finding {
        var action = session.handle(.connected)
        while true {
            switch action {
            case .read:
                action = session.handle(await wire.reply(until: .after(terms.step)))
            case .send(let bytes, thenRead: _):
                action = session.handle(await exchange(bytes))
            case .startTLS(let requirement):
                action = session.handle(await secure(requirement))
            case .judge(let evidence):
                action = session.handle(judge(evidence))
            case .sendContent:
                // No transaction was given, so there is no content.
                action = session.handle(.contentFailed(Reason(.localFailure, "there is no content to send")))
            case .finishTransaction:
                finding.extensions = session.extensions
                action = session.handle(.noTransactionLeft)
            case .finish(let result):
                finding.failure = result.failure
                await wire.close()
                return finding
            }
        }
    }

    private func exchange(_ bytes: [UInt8]) async -> ClientSession.Event {
        if let failed = await wire.send(bytes, until: .after(terms.step)) { return failed }
        return await wire.reply(until: .after(terms.step))
    }

    private func secure(_ requirement: TLSRequirement) async -> ClientSession.Event {
        let event = await wire.secure(requirement, with: terms.tls, until: .after(terms.step))
        finding.certificate = wire.tls?.certificate
        if case .secured = event, let session = wire.tls {
            finding.chain = session.peerChain()
            finding.matches = session.matches(requirement.dane?.records ?? [])
        }
        return event
    }

    /// The verdict of a later attempt: what mail would come to in the end (D18).
    private func judge(_ evidence: PeerEvidence) -> ClientSession.Event {
        let verdict = TLSVerdict.compare(
            session.requirement, evidence, fallback: terms.fallback, attempt: AttemptState(number: 2))
        finding.evidence = evidence
        finding.verdict = verdict
        switch verdict {
        case .proceed, .fallBack(.inThisConnection, _, _): return .mayProceed
        case .fallBack(.reconnectWithoutTLS, _, let reason), .refuse(let reason, _): return .mustAbandon(reason)
        }
    }
}
