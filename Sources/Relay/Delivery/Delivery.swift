import Mail
import Net
import Store
import Synchronization
import TLS

/// One attempt after the other at one destination, over one connection where it can be kept: station 6.
///
/// Lives in one task on one loop. What it may do is decided elsewhere: which host comes next by `DeliveryPlan`, what the
/// host must show by `HostDecision`, whether it showed it by `TLSVerdict`, what a reply means by `ClientSession`.
final class Delivery {
    let parts: DeliveryParts
    let loop: Loop
    private var connection: ClientConnection?

    init(parts: DeliveryParts, loop: Loop) {
        self.parts = parts
        self.loop = loop
    }

    /// True while a connection is open that may serve the next job.
    var canServeMore: Bool { connection != nil }

    /// Delivers `job` to as many of its recipients as the destination takes now.
    /// - Parameter entering: asks for a place at the site where the hosts are.
    func attempt(
        _ job: Job, preferring family: AddressFamily?, entering: @Sendable (SiteTerms) async -> Bool
    ) async -> Attempt {
        let place = parts.inFlight?.enter(job.message.number)
        defer { parts.inFlight?.leave(place) }
        let attempt = await tried(job, preferring: family, entering)
        // Of what the end cut off nothing is counted but what a remote decided.
        if case .made(let result) = attempt, !parts.stopping.isSet || result.isDecidedByRemote {
            metrics.count(result, of: job)
        }
        return attempt
    }

    /// What came of a job.
    enum Attempt: Sendable {
        case made(AttemptResult)
        /// Not begun: the site of the hosts has no place.
        case noPlace
        /// Not begun: no host may be connected to before that time, for what others found.
        case resting(until: WallTime, Reason)
    }

    private var metrics: Metrics { parts.counters.metrics }

    private func tried(
        _ job: Job, preferring family: AddressFamily?, _ entering: @Sendable (SiteTerms) async -> Bool
    ) async -> Attempt {
        var run = AttemptRun(job: job)
        let began = Deadline.now
        var decision = await parts.decision(for: job)
        // The end cuts lookups off: by what they came to nothing is decided, and nothing counted.
        if parts.stopping.isSet { return .made(run.result(Dispatcher.stopped)) }
        run.lookupTook = began.elapsedMilliseconds
        run.decision = parts.records.key(of: decision, at: parts.clock())
        metrics.steps.observe(.lookup, milliseconds: run.lookupTook)
        // Before it is signed: that costs, and would have to be done again.
        if let site = parts.site(of: decision), await !entering(site) { return .noPlace }
        switch await parts.signer.sign(job) {
        case .untouched: break
        case .signed(let fields): run.signature = fields
        case .wait(let reason): return .made(run.result(.deferred(reason, nil)))
        case .refused(let reason): return .made(run.result(.bounced(reason, nil)))
        }
        var failure = await follow(decision, &run, preferring: family)
        // RFC 8461 §5: before a failure under a cached policy counts, ask whether a newer one is out (STS-35, EDGE-25).
        if let failed = failure, failed.reason.cause.isUnderSTS, !run.wasCut {
            let newer = parts.stopping.isSet ? nil : await parts.policies.recheck(decision.inputs.sts)
            if parts.stopping.isSet {
                run.cutOff()
            } else if let newer {
                decision = PolicyDecision(
                    PolicyInputs(
                        facts: decision.inputs.facts, sts: newer, demand: job.message.demand, settings: parts.policy,
                        exception: parts.decisions.exception(job.nextHop.domain)))
                run.decision = parts.records.key(of: decision, at: parts.clock())
                failure = await follow(decision, &run, preferring: family)
            }
        }
        // What the hosts before said is not the end of the mail, nor a reason for it: it stays as it was.
        if run.wasCut {
            return .made(
                run.result(
                    failure: AttemptFailure(reason: Dispatcher.stopReason, isPermanent: false), at: parts.clock()))
        }
        if let failure, let until = run.restsUntil { return .resting(until: until, failure.reason) }
        return .made(run.result(failure: failure, at: parts.clock()))
    }

    /// Tries host after host as `decision` says.
    /// - Returns: what the attempt comes to for those no host took; nil where every recipient is settled.
    private func follow(
        _ decision: PolicyDecision, _ run: inout AttemptRun, preferring family: AddressFamily?
    ) async -> AttemptFailure? {
        run.sts = decision.inputs.sts
        var generator = SystemRandomNumberGenerator()
        run.count(decision.resultsWithoutHost, at: nil, under: decision.inputs)
        var tried: ClientConnection?
        if let kept = connection, parts.mayReuse(kept, for: decision), kept.isCounted == run.job.isCounted {
            metrics.reused.add()
            if await carry(&run, over: kept, isFresh: false) { return nil }
            tried = kept
        }
        await end()
        var plan = DeliveryPlan(decision, limits: parts.planLimits(preferring: family), using: &generator)
        if let tried { noteRefusal(run, by: tried, in: &plan) }
        var current = decision
        var isFirst = true
        while let planned = plan.next() {
            if parts.stopping.isSet {
                run.cutOff()
                break
            }
            var step = planned
            if case .connect(let candidate) = planned {
                // The hosts before, or the connection that was kept, may have taken minutes, and a policy may have come
                // meanwhile, or an exception gone.
                if !isFirst || parts.exceptionEnd(of: candidate) != nil {
                    let renewed = await parts.decision(for: run.job)
                    // The end cuts lookups off, and what they came to then says nothing about the domain.
                    if parts.stopping.isSet {
                        run.cutOff()
                        break
                    }
                    current = renewed
                    run.sts = current.inputs.sts
                    run.decision = parts.records.key(of: current, at: parts.clock())
                    step = current.renewed(candidate)
                    if let reason = step.skipReason { plan.note(reason) }
                }
                isFirst = false
            }
            switch step {
            case .skip(let host, let reason, let results):
                run.count(results, at: host, under: current.inputs)
                let rule = current.hosts.first { $0.host.host == host.host }?.rule.inLog
                run.noteSkip(host, reason, rule: rule, at: parts.clock())
            case .connect(let candidate):
                if let reason = parts.refusal(of: candidate, for: run.job) {
                    run.noteSkip(candidate.host, reason, rule: candidate.rule, at: parts.clock())
                    plan.note(reason)
                    continue
                }
                if let rest = parts.rests.obstacle(to: candidate) {
                    run.noteRest(of: candidate.host, rest.reason, seconds: rest.seconds, at: parts.clock())
                    plan.note(rest.reason)
                    continue
                }
                await tryHost(candidate, &run, &plan, under: current.inputs)
                if run.isComplete { return nil }
            }
        }
        return plan.failure
    }

    /// Ends the connection that is kept, if any.
    func end() async {
        guard let kept = connection else { return }
        forget()
        await kept.quit()
    }

    private func keep(_ opened: ClientConnection) async {
        // One at a time: what is still there would be forgotten open.
        await end()
        connection = opened
        parts.counters.deliveryConnections.add(1, ordering: .relaxed)
        metrics.opened.add()
        metrics.steps.observe(.connect, milliseconds: opened.connectTook)
    }

    private func forget() {
        if let connection { parts.open.remove(connection.stream) }
        connection = nil
        parts.counters.deliveryConnections.subtract(1, ordering: .relaxed)
    }

    private func tryHost(
        _ candidate: DeliveryPlan.Candidate, _ run: inout AttemptRun, _ plan: inout DeliveryPlan,
        under inputs: PolicyInputs
    ) async {
        var candidate = candidate
        // At most twice: as required, and once in clear where nothing forbids it (D18).
        for _ in 0..<2 {
            run.turnToNextHost()
            let started = Deadline.now
            let stream: Net.Stream
            do throws(SocketError) {
                stream = try await connect(to: candidate)
                parts.rests.took(candidate)
            } catch {
                parts.rests.ended(candidate, error, isStopping: parts.stopping.isSet)
                // The end cuts off who waits for a host: that says nothing about the host.
                if parts.stopping.isSet { return run.cutOff() }
                let reason = Self.reason(error, candidate, after: parts.configuration.delivery.connectTimeout)
                parts.sightings.note(HostSighting(unreachable: candidate, reason, of: run.job, at: parts.clock()))
                run.noteTry(candidate, nil, reason, nil, since: started, at: parts.clock())
                plan.note(reason)
                return
            }
            let fresh = ClientConnection(
                stream, to: candidate, hostname: parts.hostname, first: run.transaction,
                terms: parts.terms(for: candidate, to: run.job.nextHop, attempt: run.state),
                isCounted: run.job.isCounted, connectTook: started.elapsedMilliseconds)
            await keep(fresh)
            run.started = started
            let isComplete = await carry(&run, over: fresh, isFresh: true)
            if !isComplete, parts.open.isCut {
                // Its deadline cuts off sessions, which says as little.
                await end()
                return run.cutOff()
            }
            parts.sightings.note(HostSighting(fresh, of: run.job, at: parts.clock()))
            run.count(fresh, under: inputs)
            metrics.count(fresh)
            if isComplete { return }
            await end()
            if let ended = run.lastEnd, let reason = ended.failure {
                if let clear = fresh.cleartextNext {
                    if let over = parts.exceptionEnd(of: candidate) { return plan.note(over) }
                    run.state.clearConnections += 1
                    candidate = candidate.withoutTLS(because: clear)
                    continue
                }
                plan.note(
                    reason,
                    isPermanent: ended.reply.map {
                        candidate.requirement.believes($0, about: reason, isSecured: fresh.facts != nil)
                    })
            } else {
                noteRefusal(run, by: fresh, in: &plan)
            }
            return
        }
    }

    /// A host that left recipients to the next in a session that ended well: its other addresses would say the same.
    private func noteRefusal(_ run: AttemptRun, by connection: ClientConnection, in plan: inout DeliveryPlan) {
        guard let reason = run.lastHostReason else { return }
        plan.note(reason)
        plan.passOver(connection.candidate.host.host)
    }

    /// Runs transactions over `connection` until no recipient is left for this host.
    /// - Returns: true where every recipient is settled.
    private func carry(_ run: inout AttemptRun, over connection: ClientConnection, isFresh: Bool) async -> Bool {
        let content = DeliveryContent(
            message: run.job.message, memory: run.job.content, store: parts.store, fields: run.signature,
            awaited: run.job.awaited)
        if !isFresh { run.started = .now }
        var isFirst = isFresh
        while run.hasOpen {
            let began = Deadline.now
            let stop =
                isFirst
                ? await connection.begin(content: content, within: Self.limit(run.transaction))
                : await connection.carry(run.transaction, content: content, within: Self.limit(run.transaction))
            let handshake = isFirst ? connection.handshake ?? 0 : 0
            metrics.steps.observe(.smtp, milliseconds: began.elapsedMilliseconds - handshake)
            isFirst = false
            parts.records.keep(connection, at: parts.clock())
            switch stop {
            case .transaction(let results, let reusable):
                run.note(results, over: connection, at: parts.clock())
                if !reusable {
                    await end()
                    return run.isComplete
                }
            case .ended(let result):
                forget()
                // A kept connection that died while it lay idle says nothing about the host: try as if it had not been.
                if !isFresh, result.results.allSatisfy(\.isUnsettledByLoss) { return false }
                run.note(result, over: connection, at: parts.clock())
                return run.isComplete
            }
        }
        return run.isComplete
    }

    /// How long one transaction may take over all, greeting and TLS included: each single wait may be long, but a peer that
    /// uses up every one of them must not hold its place for days.
    static func limit(_ transaction: ClientTransaction) -> Duration {
        baseLimit + recipientAllowance * transaction.recipients.count + .seconds(transaction.size / slowestRate)
    }

    private static let baseLimit: Duration = .seconds(30 * 60)
    private static let recipientAllowance: Duration = .seconds(5)
    /// Octets a second.
    private static let slowestRate = 8 * 1024

    private func connect(to candidate: DeliveryPlan.Candidate) async throws(SocketError) -> Net.Stream {
        guard let target = SocketAddress(octets: candidate.address.octets, port: candidate.port) else {
            throw .closed
        }
        return try await parts.open.connect(
            to: target, from: parts.sourceAddress(of: candidate), on: loop,
            until: .after(parts.configuration.delivery.connectTimeout))
    }

    private static func reason(
        _ error: SocketError, _ candidate: DeliveryPlan.Candidate, after limit: Duration
    ) -> Reason {
        let place = "\(candidate.host.host) [\(candidate.address)]:\(candidate.port)"
        switch error {
        case .expired: return Reason(.timedOut, "no connection to \(place) within \(limit.components.seconds) s")
        case .system(let errno): return Reason(.connectFailed, "connect to \(place): \(errno)")
        case .reset: return Reason(.connectFailed, "connect to \(place): connection reset")
        default: return Reason(.connectFailed, "connect to \(place) failed: \(error)")
        }
    }
}

extension RecipientResult {
    /// True where the connection was gone before the remote said anything about this recipient.
    var isUnsettledByLoss: Bool {
        switch self {
        case .tryNextHost(let reason, nil): reason.cause == .connectionLost || reason.cause == .timedOut
        case .tryNextHost(_, let reply?): reply.code == 421
        // Lost behind the final dot: the host may have taken it. A second copy at once would be our doing (RFC 5321 §6.1).
        case .settled, .nextTransaction: false
        }
    }
}

extension Reason.Cause {
    /// A failure that an MTA-STS policy may have caused.
    fileprivate var isUnderSTS: Bool {
        switch self {
        case .stsMXMismatch, .certificateInvalid, .startTLSMissing, .tlsHandshakeFailed: true
        default: false
        }
    }
}
