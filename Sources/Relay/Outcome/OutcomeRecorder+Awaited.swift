import Logging
import Mail
import Store
import Synchronization

/// The end of the one attempt for a client that waits for it (D20): nothing of the message lies in the queue, so nothing is
/// settled there, and notices of failure and delay are the client's to make. What TLS-RPT counts is ours, and so is the notice that
/// a host without DSN cannot make (RFC 3461 §5.2.2).
extension OutcomeRecorder {
    func conclude(
        _ job: Job, _ result: AttemptResult, _ awaited: AwaitedAnswers, at now: WallTime
    ) async -> Recorded {
        for passed in result.passedOver where !result.isTold(passed) {
            log.event(.info, HostFailedLine(job, passed).line)
        }
        var delivered: [(one: Decided, trace: AttemptResult.Trace?)] = []
        var all: [Decided] = []
        for (recipient, settled) in zip(job.recipients, result.recipients) {
            let one = Decided(recipient, settled.outcome, now)
            write(DeliveryLine(job, recipient, settled.trace, one, at: now))
            count([one], of: job, at: now)
            all.append(one)
            if case .delivered = settled.outcome { delivered.append((one, settled.trace)) }
        }
        let recorded = await tellOfRelaying(job, delivered, at: now)
        trace?.record(life(of: job, all, result, recorded.notices.map(\.message.id), at: now))
        for (recipient, settled) in zip(job.recipients, result.recipients) {
            awaited.answer(recipient.number, settled.outcome, from: settled.trace.host?.description)
        }
        await count(result.sessions)
        await countDeliveries(of: job, delivered.map(\.one), delivered.map(\.trace), at: now)
        return recorded
    }

    /// Once the client has its answer: it is not to wait for what is counted.
    private func countDeliveries(
        of job: Job, _ delivered: [Decided], _ traces: [AttemptResult.Trace?], at now: WallTime
    ) async {
        do throws(StoreError) {
            try await store.countDeliveries(
                Self.deliveries(of: job, delivered, traces), Self.proofs(of: job, delivered, traces, at: now), at: now)
        } catch {
            log.event(.error, LogLine("store-failed").with("doing", "counting what left").with("reason", "\(error)"))
        }
    }

    private func tellOfRelaying(
        _ job: Job, _ delivered: [(one: Decided, trace: AttemptResult.Trace?)], at now: WallTime
    ) async -> Recorded {
        let made = await bouncer.notices(for: job, delivered.map(\.one), delivered.map(\.trace), at: now) ?? []
        guard !made.isEmpty else { return Recorded() }
        var recorded = Recorded()
        do throws(StoreError) {
            let queued = try await store.enqueue(made.map(\.message))
            counters.queueFlow.add(queued.count, ordering: .relaxed)
            for (notice, message) in zip(made, queued) {
                recorded.notices += Job.fresh(
                    message, of: notice.message.recipients, terms: terms, content: notice.content)
            }
        } catch {
            log.event(.error, LogLine("notice-failed").with("queue_id", job.message.id).with("reason", "\(error)"))
        }
        return recorded
    }
}
