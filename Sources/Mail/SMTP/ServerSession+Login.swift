/// STARTTLS and AUTH.
extension ServerSession {
    mutating func startTLS(_ pendingBytes: Int) -> Action {
        if tls != nil { return refuse(alreadySecured, pendingBytes) }
        if !configuration.offersTLS { return refuse(CommandError.unimplemented.reply, pendingBytes) }
        if transaction?.hasContent == true { return refuse(chunksOpen, pendingBytes) }
        state = .securing
        return .startTLS(readyForTLS)
    }

    /// Mechanisms that EHLO may name now (RFC 4954 §3): none once somebody is logged in.
    var offeredMechanisms: [SASLMechanismName] {
        if user != nil || needsTLSFirst { return [] }
        return configuration.mechanisms.filter { $0.isOffered(inTLS: tls != nil) }
    }

    /// RFC 4954 §4.
    mutating func auth(
        _ name: String, initial: [UInt8]?, _ pendingBytes: Int
    ) -> Action {
        if configuration.mechanisms.isEmpty { return refuse(CommandError.unimplemented.reply, pendingBytes) }
        if clientName == nil { return refuse(helloFirst, pendingBytes) }
        if user != nil { return refuse(alreadyLoggedIn, pendingBytes) }
        if transaction != nil { return refuse(nestedMail, pendingBytes) }
        if needsTLSFirst { return refuse(startTLSFirst, pendingBytes) }
        guard let mechanism = configuration.mechanisms.first(where: { $0 == SASLMechanismName(name) }) else {
            return refuse(unknownMechanism, pendingBytes)
        }
        guard mechanism.isOffered(inTLS: tls != nil) else { return refuse(mechanismNeedsTLS, pendingBytes) }
        state = .authenticating
        return .authenticate(mechanism, initial: initial)
    }

    mutating func settleLogin(_ result: AuthenticationResult, _ terms: ClientTerms) -> Action {
        beReady()
        switch result {
        case .succeeded(let user):
            self.user = user
            self.terms = terms
            errors = 0
            if let words = terms.refusal {
                state = .refused
                return .reply([refusedUser(words)], flush: true)
            }
            return .reply([loggedIn], flush: true)
        case .failed(let failure):
            switch failure {
            case .peerClosed: return close(with: nil)
            case .timedOut: return close(with: idleTooLong)
            case .shuttingDown: return close(with: shuttingDown)
            case .credentials, .malformed, .tooLong:
                failedLogins &+= 1
                if failedLogins >= configuration.loginLimit { return close(with: tooManyLogins) }
            case .cancelled, .unavailable: break
            }
            return refuse(loginRefusal(failure), 0)
        }
    }

    /// The listener wants TLS before anything that matters (RFC 3207 §4).
    var needsTLSFirst: Bool {
        tls == nil
            && (configuration.security == .required || (configuration.role == .submission && configuration.offersTLS))
    }
}

extension SASLMechanismName {
    /// Whether it may be offered: a password in clear never (RFC 4954 §4), a binding only where there is TLS to bind to.
    fileprivate func isOffered(inTLS: Bool) -> Bool { inTLS || self == .scramSHA256 }
}
