import Synchronization
import Logging
import Mail
import Net
import Store
import TLS

/// The pump of stations 2 and 3: one client's session. It performs what `ServerSession` says and reports what happened.
///
/// Lives in one task on the stream's loop.
struct IntakeSession {
    let stream: Net.Stream
    let client: ServerSession.Client
    let parts: IntakeParts
    private var tls: TLSSession?
    /// Content received and not yet committed.
    private var received: ReceivedContent?

    /// Octets of replies that gather before they are sent although the client's commands go on.
    private static let replyGathering = 16 * 1024

    init(_ stream: Net.Stream, _ client: ServerSession.Client, _ parts: IntakeParts) {
        self.stream = stream
        self.client = client
        self.parts = parts
    }

    /// From the greeting to the end of the connection.
    mutating func run() async {
        var session = ServerSession(parts.session)
        var action = session.handle(.connected(client))
        while true {
            switch action {
            case .reply(let replies, let flush):
                guard await write(replies, flush: flush) else { return await end() }
                action = session.handle(await nextLine())
            case .startTLS(let reply):
                guard await write([reply], flush: true) else { return await end() }
                stream.discardBuffered()
                action = session.handle(await secure())
            case .receiveContent(let reply, let transaction, let limit):
                guard await write([reply], flush: true) else { return await end() }
                action = session.handle(await receive(transaction, limit: limit))
            case .commit(let transaction, let facts):
                action = session.handle(await commit(transaction, facts))
            case .close(let replies):
                _ = await write(replies, flush: true)
                return await end()
            case .wait:
                action = session.handle(await nextLine())
            }
        }
    }

    private func end() async {
        await stream.closeNotify(tls, within: .seconds(1))
        stream.close()
    }

    /// - Returns: false where the client is gone.
    private func write(_ replies: [Reply], flush: Bool) async -> Bool {
        var bytes: [UInt8] = []
        for reply in replies {
            ReplyWriter.append(reply, to: &bytes)
            if reply.code >= 400 { noteRefusal(reply) }
        }
        do throws(SocketError) {
            if flush || stream.unsentCount + bytes.count > Self.replyGathering {
                try stream.put(bytes)
                try await stream.flush(until: .after(parts.configuration.commandTimeout))
            } else {
                try stream.put(bytes)
            }
            return true
        } catch {
            return false
        }
    }

    /// A client that bounces mail because of us must find the reason in our log.
    private func noteRefusal(_ reply: Reply) {
        parts.counters.refused.add(1, ordering: .relaxed)
        parts.log.event(.info, LogLine("refused").with("client", client.peer).with("reply", reply.oneLine))
    }

    private func nextLine() async -> ServerSession.Event {
        if parts.stopping.isSet { return .shuttingDown }
        let deadline = Deadline.after(parts.configuration.commandTimeout)
        do throws(SocketError) {
            switch try await stream.readLine(limit: Command.lineLimit, until: deadline) {
            case .line(let bytes, .crlf):
                return .lineReceived(bytes, pendingBytes: stream.bufferedCount, room: parts.room.now)
            case .line(let bytes, .lf):
                // Only CRLF ends a line (SRV-12): with its bare LF this is a line the grammar refuses.
                return .lineReceived(bytes + [0x0A], pendingBytes: stream.bufferedCount, room: parts.room.now)
            case .tooLong:
                _ = try await stream.discardLine(until: deadline)
                return .lineTooLong(pendingBytes: stream.bufferedCount)
            case .end:
                return .peerClosed
            }
        } catch {
            return Self.event(error)
        }
    }

    private mutating func secure() async -> ServerSession.Event {
        guard let context = parts.tls else { return .tlsFailed }
        let made = stream.withDescriptor { descriptor in
            try? TLSSession(server: context, descriptor: descriptor)
        }
        guard let session = made ?? nil else { return .tlsFailed }
        switch await stream.secure(with: session, until: .after(IntakeServer.handshakeLimit)) {
        case .success(let facts):
            tls = session
            return .secured(facts)
        case .failure:
            return .tlsFailed
        }
    }

    private mutating func receive(_ transaction: Transaction, limit: Int) async -> ServerSession.Event {
        do throws(ReceivedContent.Failure) {
            let content = try ReceivedContent(transaction, parts)
            let facts = try await content.receive(from: stream, limit: limit)
            received = content
            return .contentEnded(facts, pendingBytes: stream.bufferedCount)
        } catch {
            received = nil
            switch error {
            case .stream(let error): return Self.event(error)
            case .store(.full): return .commitFailed(.storeFull)
            case .store, .digest:
                parts.log.event(
                    .error, LogLine("accept-failed").with("client", client.peer).with("reason", error.words))
                return .commitFailed(.storeFailed)
            }
        }
    }

    private mutating func commit(_ transaction: Transaction, _ facts: ContentFacts) async -> ServerSession.Event {
        guard let content = received else { return .commitFailed(.storeFailed) }
        received = nil
        do throws(ReceivedContent.Failure) {
            let id = try await content.commit(transaction, facts)
            parts.counters.accepted.add(1, ordering: .relaxed)
            parts.counters.queueFlow.add(1, ordering: .relaxed)
            parts.log.event(
                .info,
                LogLine("accepted").with("queue_id", id).with("client", client.peer)
                    .with("helo", transaction.origin.clientName).with("from", "<\(transaction.envelope.reversePath)>")
                    .with("recipients", transaction.envelope.recipients.count).with("size", facts.size)
                    .with("tls", transaction.origin.tls?.version)
                    .with("demand", transaction.envelope.demand.word))
            return .committed(id)
        } catch {
            parts.log.event(
                .error,
                LogLine("accept-failed").with("client", client.peer).with("reason", error.words))
            if case .store(.full) = error { return .commitFailed(.storeFull) }
            return .commitFailed(.storeFailed)
        }
    }

    private static func event(_ error: SocketError) -> ServerSession.Event {
        switch error {
        case .expired: .timedOut
        case .closed, .interrupted: .shuttingDown
        default: .peerClosed
        }
    }
}
