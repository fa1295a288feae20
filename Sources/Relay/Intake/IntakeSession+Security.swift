import Logging
import Mail
import Net
import TLS

/// TLS and logins.
extension IntakeSession {
    @inline(never)
    func startTLS() async {
        guard case .startTLS(let reply) = action, await write(reply) else { return }
        stream.discardBuffered()
        guard let context = entrance.tls, await handshake(context), let facts = tls?.facts else {
            return report(.tlsFailed)
        }
        report(.secured(facts, noteWhoItIs()))
    }

    /// - Returns: whether there is TLS now.
    func handshake(_ context: ServerContext) async -> Bool {
        // What came in the clear is no part of the session (RFC 3207 §4.2), and TLS would miss it.
        guard stream.bufferedCount == 0 else { return false }
        let made = stream.withDescriptor { descriptor in
            try? TLSSession(server: context, descriptor: descriptor)
        }
        guard let secured = made ?? nil else { return false }
        switch await stream.secure(with: secured, until: .after(IntakeConnection.handshakeLimit)) {
        case .success(let facts):
            tls = secured
            user = nil
            parts.counters.metrics.intakeTLS.add(facts.version)
            return true
        case .failure(let failure):
            parts.counters.metrics.intakeTLSFailures.add()
            if parts.gate.mayTell() {
                parts.log.event(
                    .info,
                    LogLine("tls-failed").with("client", peer).with("listener", entrance.listener.name)
                        .with("reason", "\(failure)"))
            }
            return false
        }
    }

    @inline(never)
    func authenticate() async {
        guard case .authenticate(let mechanism, let initial) = action else { return }
        guard let users = parts.users else {
            return report(.authenticated(.failed(.unavailable), terms()))
        }
        var bindings: [ChannelBindingType: [UInt8]] = [:]
        for kind in ChannelBindingType.allCases {
            bindings[kind] = tls?.channelBinding(kind)
        }
        let exchange = AuthExchange(
            stream: stream, users: users, tlsBindings: bindings, timeout: parts.gate.commandTimeout)
        let attempt = await exchange.attempt(mechanism: mechanism, initial: initial)
        parts.counters.metrics.logins.add(attempt.fault)
        switch attempt.result {
        case .succeeded(let name):
            user = name
            parts.gate.succeededLogin(peer)
            report(.authenticated(attempt.result, noteWhoItIs()))
        case .failed(let failure):
            if let line = attempt.failureLine(client: peer) { parts.log.event(.warning, line) }
            if failure == .credentials || failure == .malformed {
                // Whoever guesses waits, and keeps a connection of its few meanwhile.
                await rest(parts.gate.failedLogin(peer))
            }
            report(.authenticated(attempt.result, terms()))
        }
    }

    /// Waits, unless the daemon stops.
    private func rest(_ duration: Duration) async {
        let deadline = Deadline.after(duration)
        while !parts.stopping.isSet, !stream.isClosed, let left = deadline.remaining, left > .zero {
            guard await stream.loop.pause(min(left, .milliseconds(200))) else { return }
        }
    }
}
