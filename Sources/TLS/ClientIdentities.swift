import COpenSSL
public import Mail
import Synchronization

/// Our certificates for servers that ask for one, each loaded once and shared by all sessions.
public final class ClientIdentities: Sendable {
    private let loaded = Mutex<[ClientIdentity: OwnedIdentity]>([:])

    public init() {}

    /// Loads `identity`, unless it is there already. Fails with ``TLSError/Kind/file(_:)``, naming the path and what is
    /// wrong with it.
    public func load(_ identity: ClientIdentity) throws(TLSError) {
        _ = try owned(identity)
    }

    func owned(_ identity: ClientIdentity) throws(TLSError) -> OwnedIdentity {
        if let known = loaded.withLock({ $0[identity] }) { return known }
        let fresh = try OwnedIdentity(identity)
        return loaded.withLock { loaded in
            if let known = loaded[identity] { return known }
            loaded[identity] = fresh
            return fresh
        }
    }
}

/// Owns a chain and its key, kept in a context that no connection is made of.
final class OwnedIdentity: @unchecked Sendable {
    // @unchecked Sendable because the SSL_CTX is changed by nobody after `init`, and OpenSSL counts the references of
    // certificates and keys atomically.

    private let context: OwnedContext

    init(_ identity: ClientIdentity) throws(TLSError) {
        context = try OwnedContext(TLS_client_method())
        // The strictest of the levels it is used at, so that a weak key is told at loading.
        SSL_CTX_set_security_level(context.pointer, WebPKIVerifier.securityLevel)
        try context.present(certificateFile: identity.certificateFile, keyFile: identity.keyFile)
    }

    /// `ssl` shows it where it is asked to.
    func present(by ssl: OpaquePointer) throws(TLSError) {
        let source = context.pointer
        try OpenSSL.call("SSL_use_cert_and_key") {
            SSL_use_cert_and_key(
                ssl, SSL_CTX_get0_certificate(source), SSL_CTX_get0_privatekey(source),
                shim_SSL_CTX_get0_chain_certs(source), 1)
        }
    }
}
