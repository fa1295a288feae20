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

    /// Seconds after the end of the handshake in which what it proved holds, by the dates of certificates; nil for no bound.
    var secondsOfProof: Int64?

    /// Sessions the library offered for keeping before the handshake had ended.
    var unsettled: [OwnedSession] = []

    enum Demand {
        /// We are the server, and ask for nothing.
        case nothing
        case ofServer(ServerDemand)
    }

    /// What we ask of a server, and what we need for it.
    struct ServerDemand {
        let requirement: TLSRequirement
        let webPKI: OwnedTrust?
        let pkix: OwnedTrust?
        let observedPKIX: OwnedTrust?
        let resumption: Resumption?
        let key: SessionCache.Key?
        let offered: StoredSession?
    }

    /// A client's session, which checks all that `requirement` names.
    ///
    /// Where DANE is the only proof asked for, a handshake without it fails, and the server gets an alert. Everything else
    /// is recorded in ``TLSSessionFacts``, for `TLSVerdict` to compare: no octet of the application may be sent before.
    ///
    /// With `resumption`, a session stored under the very same requirement is offered to the server; whether it was
    /// taken, ``TLSSessionFacts/resumed`` says, and where it was not, the handshake was a full one, fully verified.
    ///
    /// Throws ``TLSError/Kind/requirement`` where the requirement cannot be verified with this context: a context of
    /// the other class, nothing that could prove what is demanded, no usable TLSA record; ``TLSError/Kind/file(_:)`` for
    /// trust anchors or an identity that cannot be loaded. Cleartext is then no way out.
    ///
    /// - `trust`, `identities`: meant to be shared by all sessions; new ones load again.
    public init(
        client context: ClientContext, descriptor: CInt, requirement: TLSRequirement, resumption: Resumption? = nil,
        trust: TrustStores = TrustStores(), identities: ClientIdentities = ClientIdentities()
    ) throws(TLSError) {
        guard ClientContext.Verification(for: requirement) == context.verification else {
            throw TLSError(.requirement, text: "the TLS context is not made for this requirement")
        }
        guard requirement.isProvable else {
            throw TLSError(.requirement, text: "nothing is given by which the host could be authenticated")
        }
        let key = resumption.map { SessionCache.Key($0, requirement) }
        let offered: StoredSession? =
            if let resumption, let key { resumption.cache.take(key, now: resumption.now) } else { nil }
        let webPKI: OwnedTrust? =
            if let reference = requirement.webPKI { try trust.anchors(of: reference.trust) } else { nil }
        let pkix: OwnedTrust? =
            if let reference = requirement.pkix { try trust.anchors(of: reference.trust) } else { nil }
        // What is only tried must not fail the session: without its anchors it is not checked.
        let observedPKIX = requirement.observedPKIX.flatMap { try? trust.anchors(of: $0.trust) }
        owned = try OwnedConnection(context.owned)
        demanded = .ofServer(
            ServerDemand(
                requirement: requirement, webPKI: webPKI, pkix: pkix, observedPKIX: observedPKIX,
                resumption: resumption, key: key, offered: offered
            ))

        let ssl = owned.pointer
        SSL_set_connect_state(ssl)
        try configure(for: requirement)
        if let identity = requirement.clientIdentity { try identities.owned(identity).present(by: ssl) }
        if let name = requirement.serverName, !name.looksLikeAddress {
            try OpenSSL.call("SSL_set_tlsext_host_name") { CInt(shim_SSL_set_tlsext_host_name(ssl, name.text)) }
        }
        try attach(descriptor)
        if let offered {
            try OpenSSL.call("SSL_set_session") { SSL_set_session(ssl, offered.owned.pointer) }
        }
    }

    /// Verifier, versions and suites, where they differ from the context's.
    private func configure(for requirement: TLSRequirement) throws(TLSError) {
        let ssl = owned.pointer
        if let reference = requirement.dane {
            try DANEVerifier.demand(reference, of: ssl)
            if requirement.level < .authenticated {
                // Recorded only, and the alternative may be cleartext: suites as for anybody. The chain is judged as ever.
                try restrict(to: CipherList.opportunistic, securityLevel: 1)
                X509_VERIFY_PARAM_set_auth_level(SSL_get0_param(ssl), WebPKIVerifier.securityLevel)
            }
        }
        if !requirement.isJudgedWithinHandshake { SSL_set_verify(ssl, SSL_VERIFY_NONE, nil) }
        let floor = requirement.minimumVersion
        // D14: by the operator's switch, and only where the alternative is cleartext.
        if floor < .tls12 { try restrict(to: CipherList.obsolete, securityLevel: 0) }
        if floor != .tls12 {
            try OpenSSL.call("SSL_set_min_proto_version") { shim_SSL_set_min_proto_version(ssl, floor.number) }
        }
    }

    private func restrict(to list: String, securityLevel: CInt) throws(TLSError) {
        let ssl = owned.pointer
        SSL_set_security_level(ssl, securityLevel)
        try OpenSSL.call("SSL_set_cipher_list") { SSL_set_cipher_list(ssl, list) }
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

    /// The certificate that the client showed, where it was asked for one (``ClientCertificateRequest``) and had one; nil before
    /// the end of the handshake, and for a client's session.
    ///
    /// Its key was proved to be the client's in this very handshake: where certificates are asked for, no session is resumed.
    public var clientCertificate: ClientCertificate? {
        guard facts != nil, case .nothing = demanded,
            let certificate = SSL_get0_peer_certificate(owned.pointer)
        else { return nil }
        defer { ERR_clear_error() }
        let encoded = CertificateEncoding.certificate(certificate)
        guard let fingerprint = CertificateEncoding.digest(encoded, by: EVP_sha256()) else { return nil }
        return ClientCertificate(
            fingerprint: fingerprint, isVerified: SSL_get_verify_result(owned.pointer) == Int(X509_V_OK),
            subject: CertificateFacts.text(of: X509_get_subject_name(certificate)))
    }

    /// Decrypted octets that a read would give without touching the socket: poll does not see them.
    public var pendingBytes: Int {
        Int(SSL_pending(owned.pointer))
    }
}

extension TLSRequirement {
    /// DANE is the only proof there is: without it the handshake fails, which tells the server by an alert. Else every
    /// result is wanted (D1), and a failure of one proof is not the end.
    var isJudgedWithinHandshake: Bool {
        dane != nil && level == .authenticated && demands == [[.dane]] && webPKI == nil && pkix == nil
            && fingerprints.isEmpty
    }

    /// False where a proof is demanded and nothing is given to check it by.
    fileprivate var isProvable: Bool {
        guard level == .authenticated else { return true }
        return !demands.isEmpty
            && demands.allSatisfy { proofs in
                proofs.contains { proof in
                    switch proof {
                    case .dane: dane != nil
                    case .webPKI: webPKI != nil
                    case .pkix: pkix != nil
                    case .fingerprint: !fingerprints.isEmpty
                    }
                }
            }
    }
}

extension DomainName {
    /// "192.0.2.1" reads as a name. It may never be sent as SNI (TLS-04; RFC 6066 §3), and no top-level domain is
    /// numeric (RFC 3696 §2).
    fileprivate var looksLikeAddress: Bool {
        labels.last.map { label in label.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 } } ?? false
    }
}
