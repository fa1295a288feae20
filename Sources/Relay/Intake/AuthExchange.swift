import Mail
import Net

/// One AUTH command's exchange with a client (RFC 4954 §4): the pump of ``SASLServer``.
///
/// Runs in the session's task, on the stream's loop; what takes long runs on the threads of `users`.
struct AuthExchange {
    let stream: Net.Stream
    let users: Users
    /// Of the session's channel; empty outside of TLS.
    let tlsBindings: [ChannelBindingType: [UInt8]]
    /// For each answer of the client.
    let timeout: Duration

    /// From the command to the end of the exchange; the reply that ends it is the session's.
    ///
    /// - Parameters:
    ///   - mechanism: whether it was offered is the session's to know.
    ///   - initial: decoded from base64; empty for `=`.
    func attempt(mechanism: SASLMechanismName, initial: [UInt8]?) async -> AuthAttempt {
        var generator = SystemRandomNumberGenerator()
        var server = SASLServer(
            mechanism: mechanism, bindings: tlsBindings, offersPlus: !tlsBindings.isEmpty,
            serverNonce: (0..<SASLServer.nonceLength).map { _ in UInt8.random(in: 0...255, using: &generator) })
        var action = server.handle(.began(initialResponse: initial))
        while true {
            switch action {
            case .challenge(let octets):
                action = server.handle(await response(to: octets))
            case .lookUp(let name):
                let found = await users.find(name)
                action = server.handle(
                    found.map { .lookedUp($0.verifier, isKnown: $0.isKnown) } ?? .gaveUp(.unavailable))
            case .checkPassword(let password, let verifier):
                let matches = await users.matches(password, verifier)
                action = server.handle(matches.map { .passwordChecked($0) } ?? .gaveUp(.unavailable))
            case .checkProof(let proof, let verifier):
                switch await users.check(proof, by: verifier) {
                case .right(let signature): action = server.handle(.proofChecked(serverSignature: signature))
                case .wrong: action = server.handle(.proofChecked(serverSignature: nil))
                case .unknown: action = server.handle(.gaveUp(.unavailable))
                }
            case .succeed(let user):
                return AuthAttempt(user: user, mechanism: mechanism.rawValue)
            case .fail(let fault):
                return AuthAttempt(fault: fault, mechanism: mechanism.rawValue, claimedName: server.claimedName)
            }
        }
    }

    private func response(to challenge: [UInt8]) async -> SASLServer.Event {
        let deadline = Deadline.after(timeout)
        do throws(SocketError) {
            try await stream.write(SASLLine.challenge(challenge), until: deadline)
            switch try await stream.readLine(limit: AuthenticationResult.lineLimit, until: deadline) {
            case .line(let line, .crlf):
                switch SASLLine.response(line) {
                case .octets(let octets): return .responded(octets)
                case .cancelled: return .gaveUp(.cancelled)
                case .malformed: return .gaveUp(.malformed)
                }
            case .line(_, .lf):
                // Only CRLF ends a line (SRV-12).
                return .gaveUp(.malformed)
            case .tooLong:
                _ = try await stream.discardLine(until: deadline)
                return .gaveUp(.tooLong)
            case .end:
                return .gaveUp(.peerClosed)
            }
        } catch {
            switch error {
            case .expired: return .gaveUp(.timedOut)
            case .closed, .interrupted: return .gaveUp(.shuttingDown)
            default: return .gaveUp(.peerClosed)
            }
        }
    }
}

/// How an exchange ended, for the session and for the log.
struct AuthAttempt: Hashable, Sendable {
    let result: AuthenticationResult
    let mechanism: String
    /// What the client called itself, where it got so far; a stranger's words.
    let claimedName: String?
    /// Nil where it succeeded.
    let fault: SASLFault?

    init(user: UserName, mechanism: String) {
        result = .succeeded(user: user.text)
        self.mechanism = mechanism
        claimedName = user.text
        fault = nil
    }

    init(fault: SASLFault, mechanism: String, claimedName: [UInt8]?) {
        result = .failed(fault.failure)
        self.mechanism = mechanism
        self.claimedName = claimedName.map {
            String(decoding: $0.prefix(UserName.lengthLimit), as: UTF8.self)
        }
        self.fault = fault
    }

    /// `event=auth-failed client=… user=… mechanism=… reason=…`: the line that fail2ban reads. Nil where it succeeded, and
    /// where nothing was refused: our own trouble, or a client that left.
    func failureLine(client: some CustomStringConvertible) -> LogLine? {
        guard let fault, fault.failure == .credentials || fault.failure == .malformed else { return nil }
        return LogLine("auth-failed").with("client", client).with("user", claimedName ?? "-")
            .with("mechanism", mechanism).with("reason", fault.rawValue)
    }
}
