/// Hello, TLS and AUTH: all that comes before the first MAIL.
extension ClientSession {
    mutating func sayEHLO() -> Action {
        state = .ehlo
        return .send(CommandWriter.ehlo(hostname), thenRead: .command)
    }

    /// After EHLO: STARTTLS where wanted and offered, a verdict where wanted and not offered, else AUTH or mail.
    mutating func secureOrBegin() -> Action {
        if tls == nil, requirement.level > .none {
            if !extensions.startTLS { return judge(.startTLSNotOffered) }
            state = .startTLS
            return .send(CommandWriter.startTLS, thenRead: .command)
        }
        return goOnInThisMode()
    }

    private mutating func goOnInThisMode() -> Action {
        if tls == nil, !isClearEnough {
            return giveUp(Reason(.startTLSMissing, "TLS is required, and there is none."), nil)
        }
        if speaksHELO {
            if !isClearEnough {
                return giveUp(Reason(.protocolError, "The host forgot EHLO inside TLS."), nil)
            }
            state = .helo
            return .send(CommandWriter.helo(hostname), thenRead: .command)
        }
        if requirement.requireTLS == .demanded, !extensions.requireTLS {
            // RFC 8689 §4.2.1: QUIT, and the next host (INT-12).
            return giveUp(Reason(.requireTLSUnsupported, "The host does not offer REQUIRETLS inside TLS."), nil)
        }
        return credentials.map { logIn($0) } ?? begin()
    }

    /// Nothing of what this session is to carry, password or envelope, needs TLS. The verdict is made elsewhere; this is held
    /// whatever it says.
    private var isClearEnough: Bool { requirement.cleartextAllowed && requirement.requireTLS == .no }

    mutating func judge(_ evidence: PeerEvidence) -> Action {
        state = .judging(evidence)
        return .judge(evidence)
    }

    mutating func proceed(after evidence: PeerEvidence) -> Action {
        switch evidence {
        case .established(let facts):
            // All that was learnt in the clear is forgotten (RFC 3207 §4.2).
            tls = facts
            extensions = ServiceExtensions()
            speaksHELO = false
            if security == .implicitTLS {
                state = .greeting
                return .read(within: .greeting)
            }
            return sayEHLO()
        case .startTLSNotOffered, .startTLSRefused:
            guard isClearEnough else {
                return abandon(after: evidence, Reason(.startTLSMissing, "The host offers no TLS, and it is required."))
            }
            if case .startTLSRefused(let reply) = evidence, reply.code == 421 {
                return end(openResults(.refused("STARTTLS is answered with", reply), reply), nil, reply)
            }
            return goOnInThisMode()
        case .cleartextAfterStartTLS:
            return lose(Reason(.tlsHandshakeFailed, "The host sent cleartext behind its 220 to STARTTLS."))
        case .handshakeFailed(let failure):
            // A clear attempt, where allowed, takes a connection of its own.
            return lose(Reason(.tlsHandshakeFailed, "The TLS handshake failed: \(failure.text)."))
        }
    }

    mutating func abandon(after evidence: PeerEvidence, _ reason: Reason) -> Action {
        switch evidence {
        case .established where security == .implicitTLS:
            // The host has not spoken yet: QUIT would be out of turn (RFC 5321 §4.3.1).
            return lose(reason)
        case .established, .startTLSNotOffered:
            return giveUp(reason, nil)
        case .startTLSRefused(let reply):
            return giveUp(reason, reply)
        case .cleartextAfterStartTLS, .handshakeFailed:
            // Nothing said on this connection could be trusted or understood.
            return lose(reason)
        }
    }

    // MARK: AUTH

    /// Only inside TLS that was found good (CLI-27), or where the operator's rule says `level = "none"` for this machine itself.
    private mutating func logIn(_ credentials: Credentials) -> Action {
        guard tls != nil && !isClearEnough || requirement.isWithoutTLSByRule else {
            return giveUp(Reason(.startTLSMissing, "Without TLS no password is shown."), nil)
        }
        guard let mechanism = SASLMechanism.preferred(among: extensions.mechanisms) else {
            let offered = extensions.mechanisms.isEmpty ? "none" : extensions.mechanisms.joined(separator: " ")
            let known = SASLMechanism.allCases.map(\.rawValue).joined(separator: " or ")
            let words = "This relay can log in by \(known), and the host offers \(offered.prefix(Reply.oneLineLimit))."
            return giveUp(Reason(.authFailed, words), nil)
        }
        var responses = mechanism.responses(credentials)[...]
        if mechanism.sendsFirst, let line = CommandWriter.auth(mechanism, responses.first) {
            responses.removeFirst()
            state = .authenticating(responses)
            return .send(line, thenRead: .command)
        }
        state = .authenticating(responses)
        return .send(CommandWriter.auth(mechanism), thenRead: .command)
    }

    /// A reply within AUTH (RFC 4954 §4, §6). What a challenge says is not looked at: both mechanisms have but one answer to
    /// it.
    mutating func authenticate(_ reply: Reply, _ responses: ArraySlice<[UInt8]>) -> Action {
        if reply.isPositiveCompletion {
            isAuthenticated = true
            return begin()
        }
        if reply.isPositiveIntermediate {
            var left = responses
            guard let response = left.popFirst() else {
                state = .cancelling
                return .send(CommandWriter.cancel, thenRead: .command)
            }
            state = .authenticating(left)
            return .send(CommandWriter.response(response), thenRead: .command)
        }
        if reply.isPermanentFailure {
            // Ours to mend: neither the message nor its recipient is at fault, so nothing may bounce of it.
            let words = "The host does not take this relay's user and password: \(reply.oneLine)"
            return giveUp(Reason(.authFailed, words), reply)
        }
        return giveUp(.refused("AUTH is answered with", reply), reply)
    }
}

extension TLSRequirement {
    /// The operator rules out TLS with the host, and that is not where a failed handshake has led. ``HostPolicy`` lets a rule say
    /// so of a next hop with a password only where it is this machine.
    var isWithoutTLSByRule: Bool { level == .none && by == .local }
}
