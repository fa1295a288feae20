import Mail
import Net
import TLS

/// A delivery attempt that ends before MAIL: the same plan, the same hosts in the same order, the same verdicts, and no
/// message.
struct Rehearsal: Sendable {
    /// What a delivery would come to.
    enum End: Hashable, Sendable {
        /// A host would be given the mail.
        case delivered(MXHost, VerifiedLevel)
        /// No host would: now, or ever.
        case refused(AttemptFailure)
    }

    let terms: ProbeConnection.Terms
    let limits: PlanLimits
    /// Where connections come from, by the rule's address where it has one.
    let source: @Sendable (DeliveryPlan.Candidate) -> SocketAddress?
    /// A shutdown cuts its connections off with the deliveries'.
    let open: OpenStreams
    let stopping: Flag
    /// Passes over hosts that rest, and tells what came of its own connections; nil asks every host anew.
    let rests: HostRests?
    /// Connections of one rehearsal: beyond them nobody knows, and it says so.
    let connectionLimit: Int
    let loop: Loop

    /// Goes from host to host until one would be given the mail. Ends soon where the task is cancelled, and then says nothing
    /// that holds.
    func end(of decision: PolicyDecision) async -> End {
        var generator = SystemRandomNumberGenerator()
        var plan = DeliveryPlan(decision, limits: limits, using: &generator)
        var connections = 0
        while let step = plan.next() {
            guard case .connect(let candidate) = step else { continue }
            guard connections < connectionLimit, !stopping.isSet, !Task.isCancelled else {
                plan.note(Reason(.localFailure, "not tried: \(connectionLimit) connections are enough"))
                break
            }
            if let rest = rests?.obstacle(to: candidate) {
                plan.note(rest.reason)
                continue
            }
            connections += 1
            switch await verdict(of: candidate) {
            case .success(let level): return .delivered(candidate.host.host, level)
            case .failure(let refusal): plan.note(refusal.reason)
            }
        }
        return .refused(plan.failure)
    }

    private struct Refusal: Error {
        let reason: Reason
    }

    private func verdict(of candidate: DeliveryPlan.Candidate) async -> Result<VerifiedLevel, Refusal> {
        let place = "\(candidate.host.host) [\(candidate.address)]:\(candidate.port)"
        let finding: ProbeConnection.Finding
        do throws(SocketError) {
            let stream = try await connect(to: candidate)
            defer {
                open.remove(stream)
                stream.close()
            }
            finding = await withTaskCancellationHandler {
                await ProbeConnection(stream, requirement: candidate.requirement, terms: terms).run()
            } onCancel: {
                stream.close()
            }
        } catch {
            return .failure(Refusal(reason: Reason(.connectFailed, "connect to \(place): \(error)")))
        }
        switch finding.verdict {
        case .proceed(let level, _)?:
            // The session may have ended behind a good verdict.
            return finding.failure.map { .failure(Refusal(reason: $0)) } ?? .success(level)
        // In the same connection or in the next one: mail would go in the end (D18).
        case .fallBack?: return .success(.none)
        case .refuse(let reason, _)?: return .failure(Refusal(reason: reason))
        case nil:
            return .failure(
                Refusal(
                    reason: finding.failure ?? Reason(.connectionLost, "\(place) ended before it said anything of TLS"))
            )
        }
    }

    private func connect(to candidate: DeliveryPlan.Candidate) async throws(SocketError) -> Net.Stream {
        do throws(SocketError) {
            guard let target = SocketAddress(octets: candidate.address.octets, port: candidate.port) else {
                throw .closed
            }
            let stream = try await open.connect(
                to: target, from: source(candidate), on: loop, until: .after(terms.step))
            rests?.took(candidate)
            return stream
        } catch {
            rests?.ended(candidate, error, isStopping: stopping.isSet)
            throw error
        }
    }
}
