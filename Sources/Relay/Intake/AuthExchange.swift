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
    /// SCRAM-SHA-256-PLUS stood in our answer to EHLO.
    let offersPlus: Bool

    init(
        stream: Net.Stream, users: Users, tlsBindings: [ChannelBindingType: [UInt8]], timeout: Duration,
        offersPlus: Bool? = nil
    ) {
        self.stream = stream
        self.users = users
        self.tlsBindings = tlsBindings
        self.timeout = timeout
        self.offersPlus = offersPlus ?? !tlsBindings.isEmpty
    }

    /// - Parameters:
    ///   - mechanism: one of ``SASLMechanismName``; whether it was offered is the session's to know.
    ///   - initial: decoded from base64; empty for `=`.
    func run(mechanism: String, initial: [UInt8]?) async -> AuthenticationResult {
        await attempt(mechanism: mechanism, initial: initial).result
    }

    /// The same, with what the log wants.
    func attempt(mechanism: String, initial: [UInt8]?) async -> AuthAttempt {
        AuthAttempt(result: .failed(.malformed), mechanism: mechanism, claimedName: nil, fault: nil)
    }
}

/// How an exchange ended, for the session and for the log.
struct AuthAttempt: Hashable, Sendable {
    let result: AuthenticationResult
    let mechanism: String
    /// What the client called itself, where it got so far.
    let claimedName: String?
    /// Nil where it succeeded.
    let fault: SASLFault?

    /// `auth-failed client=… user=… mechanism=… reason=…`, which fail2ban reads; nil where nobody tried to be somebody.
    func failureLine(client: some CustomStringConvertible) -> LogLine? { nil }
}
