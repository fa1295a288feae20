import Mail
import Net
import TLS

/// One cheap look whether mail to a next hop would go now: DNS and MTA-STS as they stand, and where they are not enough a
/// handshake that ends before MAIL.
struct RepairLook: Sendable {
    let parts: DeliveryParts
    /// For a whole look; what is being looked up or connected to then is not waited for longer than one ``step``. Ours: it
    /// keeps one of few places.
    static let limit: Duration = .seconds(30)
    /// For each step of a connection. Ours: shorter than a delivery's, for nobody waits for the answer.
    static let step: Duration = .seconds(10)
    /// Connections of one look. Ours.
    static let connections = 3

    /// Within ``limit``, and at once where the task is cancelled.
    /// - Parameters:
    ///   - cause: what keeps the mail back; nil where a handshake is wanted whatever DNS says.
    ///   - decide: the decision to look by, made anew with each call.
    func look(
        after cause: Reason.Cause?, on loop: Loop, within limit: Duration = Self.limit,
        deciding decide: @escaping @Sendable () async -> PolicyDecision
    ) async -> RepairFinding {
        await loop.run(within: limit) { await lookOn(loop, after: cause, decide) } ?? .unknown
    }

    private func lookOn(
        _ loop: Loop, after cause: Reason.Cause?, _ decide: @escaping @Sendable () async -> PolicyDecision
    ) async -> RepairFinding {
        guard var decision = await Self.found(decide) else { return .unknown }
        // RFC 8461 §5: a new policy may be out, also where the one that is cached still holds. How often, it says itself.
        if await parts.policies.recheck(decision.inputs.sts) != nil {
            guard let renewed = await Self.found(decide) else { return .unknown }
            decision = renewed
        }
        if parts.stopping.isSet || Task.isCancelled { return .unknown }
        switch RepairCheck(decision, after: cause) {
        case .stays(let reason): return .stays(reason)
        case .mended: return .mended
        case .handshake: return await shakeHands(decision, on: loop)
        }
    }

    /// nil at once where the task is cancelled: what is looked up then goes on, for the mail that comes later.
    private static func found(_ decide: @escaping @Sendable () async -> PolicyDecision) async -> PolicyDecision? {
        let latch = Latch<PolicyDecision>()
        _ = Task(executorPreference: Loop.current) { latch.open(await decide()) }
        return await latch.wait()
    }

    private func shakeHands(_ decision: PolicyDecision, on loop: Loop) async -> RepairFinding {
        let end = await rehearsal(to: decision.inputs.facts.nextHop, on: loop).end(of: decision)
        if parts.stopping.isSet || Task.isCancelled { return .unknown }
        switch end {
        case .delivered: return .mended
        case .refused(let failure):
            // A host that cannot be reached says nothing of what it would show.
            return failure.reason.cause.isTLSPolicy ? .stays(failure.reason) : .unknown
        }
    }

    private func rehearsal(to nextHop: NextHop, on loop: Loop) -> Rehearsal {
        Rehearsal(
            terms: ProbeConnection.Terms(
                hostname: parts.hostname,
                tls: ClientWire.Security(
                    contexts: ClientContexts(unverified: parts.opportunistic, dane: parts.dane), trust: parts.trust,
                    identities: parts.identities),
                fallback: parts.configuration.tls.opportunisticFallback,
                security: parts.terms.routing.route(to: nextHop)?.implicitTLS == true ? .implicitTLS : .startTLS,
                step: Self.step),
            limits: parts.planLimits(preferring: nil), source: { [parts] in parts.sourceAddress(of: $0) },
            open: parts.open, stopping: parts.stopping, rests: parts.rests, connectionLimit: Self.connections,
            loop: loop)
    }
}
