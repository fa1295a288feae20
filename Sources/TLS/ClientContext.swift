import COpenSSL
public import Mail

/// Everything that sessions of one policy class share: versions, ciphers, limits, how a certificate is judged.
///
/// Built once per class, because an `SSL_CTX` is expensive. The corresponding C type is `SSL_CTX`.
public final class ClientContext: @unchecked Sendable {
    // @unchecked Sendable because the SSL_CTX is changed by nobody after `init`; OpenSSL counts its references
    // atomically, and its own session cache is off.

    /// What becomes of the peer's certificate within the handshake. Other proofs than DANE come after it.
    public enum Verification: Hashable, Sendable {
        /// Nothing: levels `opportunistic` and `encrypted`.
        case unverified
        /// DANE, and nothing else: no certification authority of the system is loaded. Also for hosts that authenticate
        /// themselves otherwise: versions and suites are those for authenticated peers.
        case dane

        /// The class of context a requirement needs.
        public init(for requirement: TLSRequirement) {
            self = requirement.dane == nil && requirement.level < .authenticated ? .unverified : .dane
        }
    }

    /// Octets of a Certificate message, all chain together. A chain of ten RSA-4096 certificates takes 20 KiB; ours.
    public static let certificateListLimit = 256 * 1024
    /// Intermediate certificates between a leaf and its trust anchor; ours.
    public static let chainDepthLimit = 10

    public let verification: Verification
    let owned: OwnedContext

    /// Fails with ``TLSError/Kind/library``. Sessions accept TLS 1.2 or later (TLS-01), unless their requirement says otherwise.
    ///
    /// - `digestOrder`: TLSA matching types, the strongest first; a type not listed is not used (DANE-43, DANE-44).
    public init(
        _ verification: Verification, digestOrder: [UInt8] = [2, 1]
    ) throws(TLSError) {
        self.verification = verification
        owned = try OwnedContext(TLS_client_method())
        let context = owned.pointer
        try owned.configure(from: .tls12)
        switch verification {
        case .dane:
            try owned.restrict(to: CipherList.authenticated, securityLevel: WebPKIVerifier.securityLevel)
            SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
            try Self.enableDANE(context, digestOrder: digestOrder)
        case .unverified:
            try owned.restrict(to: CipherList.opportunistic, securityLevel: 1)
            SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nil)
            // Nobody reads the verdict, so no stranger's chain is built. It says "failed" all the same: should this
            // context ever meet SSL_VERIFY_PEER, or somebody the verify result, the answer is no.
            SSL_CTX_set_cert_verify_callback(
                context,
                { store, _ in
                    X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION)
                    return 0
                }, nil)
        }
        SSL_CTX_set_verify_depth(context, CInt(Self.chainDepthLimit))
        _ = shim_SSL_CTX_set_max_cert_list(context, Self.certificateListLimit)
        // Sessions are kept by ``SessionCache`` with their evidence, never by the library, which knows no requirement.
        _ = shim_SSL_CTX_set_session_cache_mode(context, shim_client_cache_mode)
        SSL_CTX_sess_set_new_cb(context) { ssl, session in
            // > If the callback returns 0, the session will be immediately removed […] and the reference count
            // > released (SSL_CTX_sess_set_new_cb(3)). We keep a copy of our own.
            TLSSession.keep(session, of: ssl)
            return 0
        }
    }

    private static func enableDANE(_ context: OpaquePointer, digestOrder: [UInt8]) throws(TLSError) {
        try OpenSSL.call("SSL_CTX_dane_enable") { SSL_CTX_dane_enable(context) }
        // SSL_CTX_dane_enable presets 1 < 2 and nothing else; our order replaces it, strongest last.
        for type in [UInt8(1), 2] {
            try OpenSSL.call("SSL_CTX_dane_mtype_set") { SSL_CTX_dane_mtype_set(context, nil, type, 0) }
        }
        for (ordinal, type) in zip(UInt8(1)...UInt8.max, digestOrder.reversed()) {
            guard let digest = type == 1 ? EVP_sha256() : type == 2 ? EVP_sha512() : nil else {
                throw TLSError(.library, text: "TLSA matching type \(type) is not known")
            }
            try OpenSSL.call("SSL_CTX_dane_mtype_set") { SSL_CTX_dane_mtype_set(context, digest, type, ordinal) }
        }
        // RFC 7672 §3.1.1: the name of a DANE-EE certificate does not matter, and OpenSSL checks it without this flag.
        _ = SSL_CTX_dane_set_flags(context, UInt(DANE_FLAG_NO_DANE_EE_NAMECHECKS))
    }

    /// The records OpenSSL can use, in their order: what SMTP cannot use (RFC 7672 §3.1), and Full(0) data that is no
    /// certificate or key, is left out (DANE-26). Ask before making a requirement of them.
    ///
    /// For a context of class `dane`. Fails with ``TLSError/Kind/library``.
    public func usableRecords(of records: [TLSARecord]) throws(TLSError) -> [TLSARecord] {
        let scratch = try OwnedConnection(owned)
        defer { extendLifetime(scratch) }
        try OpenSSL.call("SSL_dane_enable") { SSL_dane_enable(scratch.pointer, nil) }
        var usable: [TLSARecord] = []
        for record in records where try DANEVerifier.add(record, to: scratch.pointer) {
            usable.append(record)
        }
        return usable
    }
}

/// Both client contexts, built once.
public struct ClientContexts: Sendable {
    public let unverified: ClientContext
    public let dane: ClientContext

    /// Two that were made, one of each class.
    public init(unverified: ClientContext, dane: ClientContext) {
        self.unverified = unverified
        self.dane = dane
    }

    /// See ``ClientContext/init(_:digestOrder:)``.
    public init(digestOrder: [UInt8] = [2, 1]) throws(TLSError) {
        unverified = try ClientContext(.unverified)
        dane = try ClientContext(.dane, digestOrder: digestOrder)
    }

    /// The context a requirement needs.
    public subscript(requirement: TLSRequirement) -> ClientContext {
        switch ClientContext.Verification(for: requirement) {
        case .unverified: unverified
        case .dane: dane
        }
    }
}
