import Logging
import Mail
import Net
import Synchronization

/// Replies that go out and lines that come in.
extension IntakeSession {
    /// Lines of the log about refused commands of one session: a client with a hundred thousand recipients too many must not
    /// fill the disk.
    private static let refusalLines = 100
    /// Octets of replies that gather before they are sent although the client's commands go on.
    private static let replyGathering = 16 * 1024

    /// The replies of the action, then the next line.
    func reply() async {
        if putReplies() {
            guard await flush() else { return }
        }
        if !isOver { await readLine() }
    }

    /// The last replies.
    @inline(never)
    func close() async {
        _ = putReplies()
        _ = await flush()
        isOver = true
    }

    /// Writes one reply that the client must have before it goes on.
    /// - Returns: false where the client is gone.
    func write(_ reply: Reply) async -> Bool {
        put([reply])
        return await flush()
    }

    /// - Returns: whether they must leave now.
    @inline(never)
    private func putReplies() -> Bool {
        switch action {
        case .reply(let replies, let flush):
            put(replies)
            return flush || stream.unsentCount > Self.replyGathering
        case .close(let replies):
            put(replies)
            return true
        default:
            return false
        }
    }

    private func put(_ replies: [Reply]) {
        var bytes: [UInt8] = []
        for reply in replies {
            ReplyWriter.append(reply, to: &bytes)
            if reply.code >= 400 { noteRefusal(reply) }
        }
        hasNextHopReplies = false
        do throws(SocketError) { try stream.put(bytes) } catch { isOver = true }
    }

    /// - Returns: false where the client is gone.
    private func flush() async -> Bool {
        guard !isOver else { return false }
        do throws(SocketError) {
            try await stream.flush(until: .after(parts.gate.commandTimeout))
            return true
        } catch {
            isOver = true
            return false
        }
    }

    /// A client that bounces mail because of us must find the reason in our log.
    private func noteRefusal(_ reply: Reply) {
        parts.counters.refused.add(1, ordering: .relaxed)
        parts.counters.metrics.count(refusal: reply, isNextHop: hasNextHopReplies)
        refusals &+= 1
        guard refusals <= Self.refusalLines else { return }
        parts.log.event(
            .info,
            LogLine("refused").with("client", peer).with("listener", entrance.listener.name).with("limit", account.name)
                .with("user", user).with("helo", session.openedAs)
                .with("from", session.openSender.map { "<\($0)>" })
                .with("to", session.namedRecipient.map { "<\($0)>" }).with("reply", reply.oneLine))
    }

    /// Waits for the next line and reports it, or why there is none.
    func readLine() async {
        let started = stream.loop.now
        while true {
            if parts.stopping.isSet { return report(.shuttingDown) }
            let deadline = started.advanced(by: parts.gate.commandTimeout)
            do throws(SocketError) {
                // Looked at again and again: whoever waits already has less time, too, once there is stress.
                let read = try await stream.readLine(
                    limit: Command.lineLimit, until: min(deadline, .after(parts.gate.patience)))
                if !take(read) { await skipLine(until: deadline) }
                return
            } catch {
                if case .expired = error, !deadline.hasPassed { continue }
                return reportFailure(error)
            }
        }
    }

    /// The rest of a line that is too long, for which it has the line's time: what was dropped of it must not be forgotten.
    @inline(never)
    private func skipLine(until deadline: Deadline) async {
        let skipped = try? await stream.discardLine(until: deadline)
        report(skipped == nil ? .peerClosed : .lineTooLong(pendingBytes: stream.bufferedCount))
    }

    @inline(never)
    private func reportFailure(_ error: SocketError) {
        report(Self.event(error))
    }

    /// - Returns: false for a line that is too long.
    @inline(never)
    private func take(_ read: LineRead) -> Bool {
        switch read {
        case .line(let bytes, .crlf): reportLine(bytes)
        // Only CRLF ends a line (SRV-12): with its bare LF this is a line the grammar refuses.
        case .line(let bytes, .lf): reportLine(bytes + [0x0A])
        case .end: report(.peerClosed)
        case .tooLong: return false
        }
        return true
    }

    private func reportLine(_ line: [UInt8]) {
        report(.lineReceived(line, pendingBytes: stream.bufferedCount, capacity: parts.gate.capacity(account)))
    }
}
