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
        let contexts: ClientContexts
        let trust = TrustStores()
        let identities = ClientIdentities()
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

    private let stream: Net.Stream
    private let requirement: TLSRequirement
    private let terms: Terms
    private var session: ClientSession
    private var parser = ReplyParser()
    private var tls: TLSSession?
    private var finding = Finding()

    init(_ stream: Net.Stream, requirement: TLSRequirement, terms: Terms) {
        self.stream = stream
        self.requirement = requirement
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
                action = session.handle(await reply())
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
                await stream.closeNotify(tls, within: .seconds(1))
                stream.close()
                return finding
            }
        }
    }

    private func exchange(_ bytes: [UInt8]) async -> ClientSession.Event {
        do throws(SocketError) {
            try await stream.write(bytes, until: .after(terms.step))
        } catch {
            return Self.event(error)
        }
        return await reply()
    }

    private func reply() async -> ClientSession.Event {
        let deadline = Deadline.after(terms.step)
        while true {
            do throws(ReplyError) {
                if let reply = try parser.next() {
                    return .replied(reply, pendingBytes: parser.pendingBytes + stream.bufferedCount)
                }
            } catch {
                return .malformedReply(error)
            }
            do throws(SocketError) {
                if stream.bufferedCount == 0, try await stream.fill(until: deadline) == .end { return .connectionLost }
            } catch {
                return Self.event(error)
            }
            parser.append(stream.takeBuffered())
        }
    }

    private func secure(_ requirement: TLSRequirement) async -> ClientSession.Event {
        let context = terms.contexts[requirement]
        let made: Result<TLSSession, HandshakeFailure>? = stream.withDescriptor { descriptor in
            do throws(TLSError) {
                return .success(
                    try TLSSession(
                        client: context, descriptor: descriptor, requirement: requirement, trust: terms.trust,
                        identities: terms.identities))
            } catch {
                return .failure(HandshakeFailure(.ours, text: error.text))
            }
        }
        switch made {
        case nil: return .connectionLost
        case .failure(let failure): return .tlsFailed(failure)
        case .success(let session):
            parser = ReplyParser()
            let ended = await stream.secure(with: session, until: .after(terms.step))
            finding.certificate = session.certificate
            switch ended {
            case .failure(let failure): return .tlsFailed(failure)
            case .success(let facts):
                tls = session
                finding.chain = session.peerChain()
                finding.matches = session.matches(requirement.dane?.records ?? [])
                return .secured(facts)
            }
        }
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

    private static func event(_ error: SocketError) -> ClientSession.Event {
        if case .expired = error { return .timedOut }
        return .connectionLost
    }
}
