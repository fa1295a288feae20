import Logging
import Mail
import Net
import TLS

/// One accepted connection before and around its session: who it is from (PROXY, Unix socket), its own limits, TLS from the
/// first octet.
///
/// Lives in one task on the stream's loop.
struct IntakeConnection {
    let stream: Net.Stream
    let entrance: Entrance
    let parts: IntakeParts

    /// A client's handshake at our listener (reliability: connect, STARTTLS and handshake together within a minute).
    static let handshakeLimit: Duration = .seconds(60)
    /// A proxy sends its header at once.
    static let proxyLimit: Duration = .seconds(5)

    /// From the first octet to the end of the connection.
    func serve() async {
        guard let peer = await peer() else { return stream.close() }
        if let limit = admit(peer) { return await refuse(limit) }
        defer { parts.gate.closed(peer) }
        let session = session(with: peer)
        if entrance.session.security == .implicit, let context = entrance.tls {
            await session.run(inside: context)
        } else {
            await session.run()
        }
    }

    // Not inlined, like all that a session does once: what it needs must not lie in the frame of those who wait.
    @inline(never)
    private func session(with peer: Peer) -> IntakeSession {
        IntakeSession(stream, peer, entrance, parts)
    }

    /// Counts the connection, unless a limit is reached.
    @inline(never)
    private func admit(_ peer: Peer) -> ServerSession.ConnectionLimit? {
        let client = parts.gate.client(peer)
        guard let limit = parts.gate.opened(peer, client) else { return nil }
        parts.counters.metrics.connectionsRefused.add(ConnectionRefusalLabel(limit))
        if parts.gate.mayTell() {
            parts.log.event(
                .warning,
                LogLine("connection-refused").with("client", peer).with("limit", client.name)
                    .with("reason", limit == .rate ? "connections come too fast" : "too many connections"))
        }
        return limit
    }

    /// 421 in one line, then the end.
    @inline(never)
    func refuse(_ limit: ServerSession.ConnectionLimit) async {
        var session = ServerSession(entrance.session)
        // A client that waits for TLS would not understand the line.
        if entrance.session.security != .implicit,
            case .close(let replies) = session.handle(.connectedBeyondLimit(limit))
        {
            var bytes: [UInt8] = []
            for reply in replies { ReplyWriter.append(reply, to: &bytes) }
            try? await stream.write(bytes, until: .after(IntakeServer.refusalLimit))
        }
        stream.close()
    }

    /// Who is there; nil where a proxy's header is wrong or does not come.
    private func peer() async -> Peer? {
        guard let address = stream.peerAddress.flatMap({ IPAddress(octets: $0.octets)?.unmapped }) else {
            return .local(uid: stream.peerCredentials?.uid)
        }
        let peer = Peer.address(address)
        guard peer.lies(in: parts.configuration.proxyNetworks) else { return peer }
        return await proxied(by: peer)
    }

    /// Takes the header from the socket and not an octet more: what follows may be TLS, which reads the socket itself.
    @inline(never)
    private func proxied(by proxy: Peer) async -> Peer? {
        var reading: ProxyReading? = .needsMore
        do throws(SocketError) {
            try await stream.perform(until: .after(Self.proxyLimit)) {
                reading = stream.withDescriptor(ProxyReading.take) ?? nil
                return reading == .needsMore ? .wantRead : .done
            }
        } catch {
            return note("no header came: \(error)", of: proxy)
        }
        switch reading {
        case .header(.local, consumed: _): return proxy
        case .header(.proxied(let source, _, _, _), consumed: _): return .address(source.unmapped)
        case .invalid(let why): return note(why, of: proxy)
        case .needsMore, nil: return note("the connection ended before the header", of: proxy)
        }
    }

    private func note(_ why: String, of proxy: Peer) -> Peer? {
        parts.counters.metrics.connectionsRefused.add(.proxy)
        if parts.gate.mayTell() {
            parts.log.event(.warning, LogLine("proxy-refused").with("client", proxy).with("reason", why))
        }
        return nil
    }
}
