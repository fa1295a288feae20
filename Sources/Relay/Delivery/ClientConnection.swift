import Mail
import Net
import TLS

/// The pump of station 6: one connection to one address of one host. It performs what `ClientSession` says and reports what
/// happened; it holds no knowledge of mail.
///
/// Used by one task on the stream's loop.
final class ClientConnection {
    /// What a connection needs besides its candidate.
    struct Terms: Sendable {
        let configuration: Configuration.Delivery
        let fallback: OpportunisticFallback
        let attempt: AttemptState
        let tls: ClientWire.Security
        let security: ClientSession.TLSStart
        let credentials: Credentials?
        /// Asked before each transaction: why nothing may begin any more under the exception that the host was decided by; nil
        /// where it still holds. Absent where there is none.
        var exceptionEnd: (@Sendable () -> Reason?)?
    }

    /// Where the pump stopped.
    enum Stop {
        /// The transaction is over, one result for each of its recipients; with `reusable` the next may be given.
        case transaction([RecipientResult], reusable: Bool)
        /// The session is over and the connection closed.
        case ended(SessionResult)
    }

    let candidate: DeliveryPlan.Candidate
    let opened: Deadline
    private let ownAddress: IPAddress?
    /// TLS-RPT counts it: not where it was opened for report mail, which therefore goes over connections of its own.
    let isCounted: Bool
    private(set) var transactions = 0
    private(set) var facts: TLSSessionFacts?
    private(set) var verified = VerifiedLevel.none
    /// What the host showed when it was asked for TLS; nil where it did not get so far.
    private(set) var evidence: PeerEvidence?
    /// Why mail was not to go on.
    private(set) var refusal: Reason?
    /// The greeting.
    private(set) var greeting: Reply?
    /// What was checked, found wrong, and not demanded: mail went on all the same.
    private(set) var observed: [PolicyResult] = []
    /// What TLS-RPT counts of this connection (D3): empty until the decision about TLS, and where it counts nothing.
    private(set) var results: [PolicyResult] = []
    /// Set where the verdict was to connect again without STARTTLS, with its reason.
    private(set) var cleartextNext: Reason?

    /// Milliseconds until the connection stood, and for the TLS handshake.
    let connectTook: Int64
    private var handshakeTook: Int64 = 0
    /// Milliseconds of the handshake; nil where none came to an end.
    var handshake: Int64? { facts == nil ? nil : handshakeTook }

    /// Where it is written down what the host showed; nil until it is.
    var evidenceKey: String?

    private let wire: ClientWire
    private let terms: Terms
    /// Of the transaction under way; with the first, what came before it.
    private var clock = PhaseClock()
    /// When the transaction under way must be over, whatever each of its steps may take.
    private var transactionEnds = Deadline.never
    private var session: ClientSession

    init(
        _ stream: Net.Stream, to candidate: DeliveryPlan.Candidate, hostname: DomainName, first: ClientTransaction,
        terms: Terms, isCounted: Bool = true, connectTook: Int64 = 0
    ) {
        self.isCounted = isCounted
        // Now: a stream that is closed has none.
        ownAddress = stream.localAddress.flatMap { IPAddress(octets: $0.octets) }
        self.connectTook = connectTook
        wire = ClientWire(stream)
        self.candidate = candidate
        self.terms = terms
        self.opened = .now
        session = ClientSession(
            hostname: .name(hostname), requirement: candidate.requirement, security: terms.security,
            credentials: terms.credentials, first: first)
    }

    /// Connecting and handshaking are the first transaction's.
    var setUp: (connect: Int64, handshake: Int64) { transactions > 1 ? (0, 0) : (connectTook, handshakeTook) }

    var stream: Net.Stream { wire.stream }

    /// What each phase of the last transaction took; the first bears what came before it.
    func phases(lookup: Int64) -> PhaseTimes {
        clock.times(lookup: lookup, connect: setUp.connect, isResumed: facts?.resumed ?? false)
    }

    /// The certificate of a handshake that failed for it, also where there is no session.
    var leaf: CertificateFacts? { wire.tls?.certificate }

    /// DER of the certificates the host presented, leaf first.
    func presentedEncodings() -> [[UInt8]] { wire.tls?.presentedEncodings() ?? [] }

    /// In the reply to the newest EHLO.
    var offersDSN: Bool { session.extensions.dsn }

    /// What the host, met as it was, would have come to without the exception or with the rules in mode `observe`.
    var shadows: [ShadowFinding] {
        candidate.findings(
            of: .init(
                evidence: evidence, refusal: refusal,
                // Nothing was said inside TLS where mail was not to go on.
                offersRequireTLS: facts == nil || refusal != nil ? nil : session.extensions.requireTLS,
                fallback: terms.fallback, attempt: terms.attempt))
    }

    /// Between whom, for TLS-RPT.
    var ends: SessionEnds {
        SessionEnds(
            sendingAddress: ownAddress,
            receivingAddress: candidate.address, receivingHELO: session.serverName)
    }

    /// From the greeting to the results of the first transaction.
    func begin(content: DeliveryContent?, within first: Duration) async -> Stop {
        transactions += 1
        transactionEnds = .after(first)
        return await run(session.handle(.connected), content)
    }

    /// One more transaction.
    func carry(_ transaction: ClientTransaction, content: DeliveryContent, within limit: Duration) async -> Stop {
        transactions += 1
        transactionEnds = .after(limit)
        clock = PhaseClock()
        return await run(session.handle(.transactionGiven(transaction)), content)
    }

    /// QUIT, and close.
    func quit() async {
        _ = await run(session.handle(.noTransactionLeft), nil)
    }

    private func run(_ first: ClientSession.Action, _ content: DeliveryContent?) async -> Stop {
        var action = first
        var hasBegun = false
        while true {
            // The last moment: greeting, TLS and AUTH may have taken minutes.
            if !hasBegun, session.isInTransaction {
                hasBegun = true
                if let reason = terms.exceptionEnd?() { action = session.handle(.mustAbandon(reason)) }
            }
            switch action {
            case .read(let wait):
                let phase = session.phase(of: wait)
                let event = await wire.reply(until: deadline(of: wait))
                clock.read(phase)
                if wait == .greeting, case .replied(let reply, _) = event { greeting = reply }
                action = session.handle(event)
            case .send(let bytes, let wait):
                let phase = session.phase(of: wait)
                let event = await exchange(bytes, wait)
                clock.read(phase)
                action = session.handle(event)
            case .startTLS(let requirement):
                let event = await secure(requirement)
                clock.read(.tls)
                action = session.handle(event)
            case .judge(let evidence):
                action = session.handle(judge(evidence))
            case .sendContent:
                let event = await send(content)
                clock.read(.content)
                action = session.handle(event)
            case .finishTransaction(let results, let reusable):
                return .transaction(results, reusable: reusable)
            case .finish(let result):
                await wire.close()
                return .ended(result)
            }
        }
    }

    private func exchange(_ bytes: [UInt8], _ wait: ClientSession.Wait) async -> ClientSession.Event {
        if let failed = await wire.send(bytes, until: deadline(of: wait)) { return failed }
        return await wire.reply(until: deadline(of: wait))
    }

    private func secure(_ requirement: TLSRequirement) async -> ClientSession.Event {
        let began = Deadline.now
        defer { handshakeTook = began.elapsedMilliseconds }
        let event = await wire.secure(
            requirement, with: terms.tls, until: .after(terms.configuration.tlsTimeout))
        if case .secured(let facts) = event { self.facts = facts }
        return event
    }

    private func judge(_ evidence: PeerEvidence) -> ClientSession.Event {
        let verdict = TLSVerdict.compare(
            session.requirement, evidence, fallback: terms.fallback, attempt: terms.attempt)
        results = verdict.results
        self.evidence = evidence
        switch verdict {
        case .proceed(let level, let results):
            verified = level
            observed = results.filter { $0.failure != nil }
            return .mayProceed
        case .fallBack(.inThisConnection, let results, _):
            observed = results.filter { $0.failure != nil && $0.policy != .noPolicyFound }
            return .mayProceed
        case .fallBack(.reconnectWithoutTLS, _, let reason):
            cleartextNext = reason
            refusal = reason
            return .mustAbandon(reason)
        case .refuse(let reason, _):
            refusal = reason
            return .mustAbandon(reason)
        }
    }

    private func send(_ content: DeliveryContent?) async -> ClientSession.Event {
        guard let content else { return .contentFailed(Reason(.localFailure, "there is no content to send")) }
        switch await content.send(
            over: stream, blockTimeout: terms.configuration.dataBlockTimeout, until: transactionEnds)
        {
        case .sent: return .contentSent
        case .refused(let reason): return .contentFailed(reason)
        case .lost(let error): return ClientWire.event(error)
        }
    }

    /// The end of a wait: its own limit, or that of the transaction where it comes first. The final dot has its own: cutting
    /// it short makes duplicates (RFC 5321 §4.5.3.2.6).
    private func deadline(of wait: ClientSession.Wait) -> Deadline {
        let own = Deadline.after(limit(of: wait))
        return wait == .dataEnd || wait == .quit ? own : min(own, transactionEnds)
    }

    /// RFC 5321 §4.5.3.2.
    private func limit(of wait: ClientSession.Wait) -> Duration {
        switch wait {
        case .greeting: terms.configuration.greetingTimeout
        case .command: terms.configuration.commandTimeout
        case .dataStart: terms.configuration.dataStartTimeout
        case .dataEnd: terms.configuration.dataEndTimeout
        // Nothing depends on the answer to QUIT.
        case .quit: .seconds(5)
        }
    }
}
