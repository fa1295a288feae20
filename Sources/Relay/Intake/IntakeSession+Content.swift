import Logging
import Mail
import Net
import Store
import Synchronization

/// What a session does with content: receives it, commits it or has it delivered.
extension IntakeSession {
    @inline(never)
    func receiveContent() async {
        guard case .receiveContent(let reply, let transaction, let limit) = action else { return }
        parts.gate.spend(transaction.envelope.recipients.count, by: account)
        guard await write(reply) else { return }
        do throws(ReceivedContent.Failure) {
            let content = try ReceivedContent(transaction, entrance, parts, framing: .dots, limit: limit)
            let facts = try await content.receive(from: stream)
            received = content
            report(.contentEnded(facts, pendingBytes: stream.bufferedCount))
        } catch {
            fail(error)
        }
    }

    @inline(never)
    func receiveChunk() async {
        guard case .receiveChunk(let transaction, let size, let isLast, let limit) = action else { return }
        if received == nil { parts.gate.spend(transaction.envelope.recipients.count, by: account) }
        do throws(ReceivedContent.Failure) {
            let content: ReceivedContent
            if let received {
                content = received
            } else {
                content = try ReceivedContent(transaction, entrance, parts, framing: .chunks, limit: limit)
            }
            received = content
            try await content.receiveChunk(of: size, from: stream)
            if isLast {
                report(.contentEnded(content.finishChunks(), pendingBytes: stream.bufferedCount))
            } else {
                report(.chunkEnded(size: content.size, pendingBytes: stream.bufferedCount))
            }
        } catch {
            fail(error)
        }
    }

    @inline(never)
    func discardChunk() async {
        guard case .discardChunk(let size) = action else { return }
        received = nil
        do throws(SocketError) {
            try await stream.discard(size, by: parts.gate)
            report(.chunkEnded(size: 0, pendingBytes: stream.bufferedCount))
        } catch {
            report(Self.event(error))
        }
    }

    @inline(never)
    func commit() async {
        guard case .commit(let transaction, let facts) = action else { return }
        guard let content = received else { return report(.commitFailed(.storeFailed)) }
        received = nil
        do throws(ReceivedContent.Failure) {
            let id = try await content.commit(transaction, facts)
            parts.counters.accepted.add(1, ordering: .relaxed)
            parts.counters.metrics.accepted.add(entrance.listener.name)
            parts.counters.metrics.acceptedBytes.add(UInt64(clamping: facts.size))
            parts.counters.queueFlow.add(1, ordering: .relaxed)
            parts.log.event(.info, AcceptedLine(id, transaction, facts, entrance).line)
            report(.committed(id))
        } catch {
            fail(error)
        }
    }

    @inline(never)
    func deliver() async {
        guard case .deliver(let transaction, let facts) = action else { return }
        guard let content = received else { return report(.commitFailed(.storeFailed)) }
        received = nil
        do throws(ReceivedContent.Failure) {
            let replies = try await content.deliver(transaction, facts, on: stream.loop)
            parts.counters.metrics.answered.add(entrance.listener.name)
            parts.log.event(
                .info, AcceptedLine(content.id, transaction, facts, entrance, answers: replies).line)
            hasNextHopReplies = true
            report(.answered(replies))
        } catch {
            fail(error)
        }
    }

    private func fail(_ failure: ReceivedContent.Failure) {
        received = nil
        switch failure {
        case .stream(let error): report(Self.event(error))
        case .store(.full): report(.commitFailed(.storeFull))
        case .digest:
            // The content may not have been read: the session is out of step.
            parts.log.event(.error, LogLine("accept-failed").with("client", peer).with("reason", failure.words))
            report(.peerClosed)
        case .store:
            parts.log.event(.error, LogLine("accept-failed").with("client", peer).with("reason", failure.words))
            report(.commitFailed(.storeFailed))
        }
    }
}
