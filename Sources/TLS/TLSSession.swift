import COpenSSL
public import Mail

/// One TLS session over a connected, non-blocking socket that somebody else owns and closes.
///
/// No verb blocks. OpenSSL writes with write(2), so the process must ignore SIGPIPE: a peer that has gone then is an
/// error like others. The corresponding C type is `SSL`.
public final class TLSSession: @unchecked Sendable {
    // @unchecked Sendable because a session belongs to one connection, and a connection to one task: its verbs are
    // called one after the other, never at the same time. OpenSSL wants no more than that, from whichever thread.

    /// Leaves `handshaking` by `established` or `failed`; `established` by `ended`, at a fatal error. The others stay.
    enum Phase {
        case handshaking
        case established(TLSSessionFacts)
        case failed(HandshakeFailure)
        case ended(TLSSessionFacts)
    }

    let owned: OwnedConnection
    let demanded: Demand
    var phase = Phase.handshaking

    /// The peer's leaf certificate once it has been seen, also where it did not satisfy the verifier. For a resumed
    /// session the one of the full handshake.
    public internal(set) var certificate: CertificateFacts?

    /// Sessions the library offered for keeping before the handshake had ended.
    var unsettled: [OwnedSession] = []

    enum Demand {
        /// We are the server, and ask for nothing.
        case nothing
        case ofServer(DANEReference?, resumption: Resumption?, SessionCache.Key?, offered: StoredSession?)
    }

    /// A client's session, which ends its handshake well only where the server shows what `requirement` demands.
    ///
    /// With `resumption`, a session stored under the very same requirement is offered to the server; whether it was
    /// taken, ``TLSSessionFacts/resumed`` says, and where it was not, the handshake was a full one, fully verified.
    ///
    /// Throws ``TLSError/Kind/requirement`` where the requirement cannot be verified with this context: a context of
    /// the other class, authentication by other means than DANE, no usable TLSA record. Cleartext is then no way out.
    public init(
        client context: ClientContext, descriptor: CInt, requirement: TLSRequirement, resumption: Resumption? = nil
    ) throws(TLSError) {
        guard (requirement.dane != nil) == (context.verification == .dane) else {
            throw TLSError(.requirement, text: "the TLS context is not made for this requirement")
        }
        guard requirement.level < .authenticated || requirement.dane != nil else {
            throw TLSError(.requirement, text: "only DANE can authenticate a host here")
        }
        let key = resumption.map { SessionCache.Key($0, requirement) }
        let offered: StoredSession? =
            if let resumption, let key { resumption.cache.take(key, now: resumption.now) } else { nil }
        owned = try OwnedConnection(context.owned)
        demanded = .ofServer(requirement.dane, resumption: resumption, key, offered: offered)

        let ssl = owned.pointer
        SSL_set_connect_state(ssl)
        if let reference = requirement.dane {
            try DANEVerifier.demand(reference, of: ssl)
        }
        if let name = requirement.serverName, !name.looksLikeAddress {
            try OpenSSL.call("SSL_set_tlsext_host_name") { CInt(shim_SSL_set_tlsext_host_name(ssl, name.text)) }
        }
        try attach(descriptor)
        if let offered {
            try OpenSSL.call("SSL_set_session") { SSL_set_session(ssl, offered.owned.pointer) }
        }
    }

    /// A server's session. Its facts are `unverified`.
    public init(server context: ServerContext, descriptor: CInt) throws(TLSError) {
        owned = try OwnedConnection(context.owned)
        demanded = .nothing
        SSL_set_accept_state(owned.pointer)
        try attach(descriptor)
    }

    private func attach(_ descriptor: CInt) throws(TLSError) {
        let ssl = owned.pointer
        // The BIO of SSL_set_fd(3) leaves the descriptor open (BIO_NOCLOSE): it is the stream's.
        try OpenSSL.call("SSL_set_fd") { SSL_set_fd(ssl, descriptor) }
        // Unretained: OwnedConnection takes it back before the session is gone.
        try OpenSSL.call("SSL_set_ex_data") {
            SSL_set_ex_data(ssl, Self.exDataIndex, Unmanaged.passUnretained(self).toOpaque())
        }
    }

    /// The slot OpenSSL leaves to the application (SSL_set_app_data).
    static let exDataIndex: CInt = 0

    /// What the handshake showed; nil until it has ended.
    public var evidence: PeerEvidence? {
        switch phase {
        case .handshaking: nil
        case .established(let facts), .ended(let facts): .established(facts)
        case .failed(let failure): .handshakeFailed(failure)
        }
    }

    /// The facts of the session; nil before the end of the handshake, and where it failed.
    public var facts: TLSSessionFacts? {
        switch phase {
        case .handshaking, .failed: nil
        case .established(let facts), .ended(let facts): facts
        }
    }

    /// Decrypted octets that a read would give without touching the socket: poll does not see them.
    public var pendingBytes: Int {
        Int(SSL_pending(owned.pointer))
    }
}

extension DomainName {
    /// "192.0.2.1" reads as a name. It may never be sent as SNI (TLS-04; RFC 6066 §3), and no top-level domain is
    /// numeric (RFC 3696 §2).
    fileprivate var looksLikeAddress: Bool {
        labels.last.map { label in label.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 } } ?? false
    }
}
