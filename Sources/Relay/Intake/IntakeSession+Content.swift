import Logging
import Mail
import Net
import Store
import Synchronization

/// What a session does with content: receives it, commits it or has it delivered.
extension IntakeSession {
    mutating func receive(_ transaction: Transaction, limit: Int) async -> ServerSession.Event {
        do throws(ReceivedContent.Failure) {
            let content = try ReceivedContent(transaction, entrance, parts, framing: .dots, limit: limit)
            let facts = try await content.receive(from: stream)
            received = content
            return .contentEnded(facts, pendingBytes: stream.bufferedCount)
        } catch {
            return fail(error)
        }
    }

    mutating func receiveChunk(
        _ transaction: Transaction, _ size: Int, isLast: Bool, limit: Int
    ) async -> ServerSession.Event {
        do throws(ReceivedContent.Failure) {
            let content: ReceivedContent
            if let received {
                content = received
            } else {
                content = try ReceivedContent(transaction, entrance, parts, framing: .chunks, limit: limit)
            }
            received = content
            try await content.receiveChunk(of: size, from: stream)
            guard isLast else { return .chunkEnded(size: content.size, pendingBytes: stream.bufferedCount) }
            return .contentEnded(content.finishChunks(), pendingBytes: stream.bufferedCount)
        } catch {
            return fail(error)
        }
    }

    func discard(_ size: Int) async -> ServerSession.Event {
        do throws(SocketError) {
            try await stream.discard(size, by: parts.gate)
            return .chunkEnded(size: 0, pendingBytes: stream.bufferedCount)
        } catch {
            return Self.event(error)
        }
    }

    private mutating func fail(_ failure: ReceivedContent.Failure) -> ServerSession.Event {
        received = nil
        switch failure {
        case .stream(let error): return Self.event(error)
        case .store(.full): return .commitFailed(.storeFull)
        case .digest:
            // The content may not have been read: the session is out of step.
            parts.log.event(.error, LogLine("accept-failed").with("client", peer).with("reason", failure.words))
            return .peerClosed
        case .store:
            parts.log.event(.error, LogLine("accept-failed").with("client", peer).with("reason", failure.words))
            return .commitFailed(.storeFailed)
        }
    }

    mutating func commit(_ transaction: Transaction, _ facts: ContentFacts) async -> ServerSession.Event {
        guard let content = received else { return .commitFailed(.storeFailed) }
        received = nil
        do throws(ReceivedContent.Failure) {
            let id = try await content.commit(transaction, facts)
            parts.counters.accepted.add(1, ordering: .relaxed)
            parts.counters.metrics.accepted.add(entrance.listener.name)
            parts.counters.metrics.acceptedBytes.add(UInt64(clamping: facts.size))
            parts.counters.queueFlow.add(1, ordering: .relaxed)
            parts.log.event(.info, AcceptedLine(id, transaction, facts, entrance).line)
            return .committed(id)
        } catch {
            return fail(error)
        }
    }

    mutating func deliver(_ transaction: Transaction, _ facts: ContentFacts) async -> ServerSession.Event {
        guard let content = received else { return .commitFailed(.storeFailed) }
        received = nil
        do throws(ReceivedContent.Failure) {
            let replies = try await content.deliver(transaction, facts, on: stream.loop)
            parts.counters.metrics.answered.add(entrance.listener.name)
            parts.log.event(
                .info, AcceptedLine(content.id, transaction, facts, entrance, answers: replies).line)
            return .answered(replies)
        } catch {
            return fail(error)
        }
    }
}
