import COpenSSL
import Mail
import Synchronization

/// Owns an `SSL_SESSION`.
final class OwnedSession: @unchecked Sendable {
    // @unchecked Sendable because this is a copy made for keeping: no connection has it while it lies in the cache,
    // one has it afterwards (``SessionCache/take(_:now:)`` removes it), and OpenSSL counts references atomically.

    let pointer: OpaquePointer

    /// Copies `session`. A connection that ends without close_notify marks its own as not resumable, and may be
    /// running on another thread; a copy is left alone.
    init?(copying session: OpaquePointer) {
        guard let copy = SSL_SESSION_dup(session) else {
            ERR_clear_error()
            return nil
        }
        pointer = copy
        LiveObjects.storedSessions.add(1, ordering: .relaxed)
    }

    deinit {
        SSL_SESSION_free(pointer)
        LiveObjects.storedSessions.subtract(1, ordering: .relaxed)
    }
}

/// A session to resume, and what its full handshake showed.
struct StoredSession: Sendable {
    let owned: OwnedSession
    /// The evidence of the full handshake.
    let facts: TLSSessionFacts
    /// Not used at this instant or later. A session that came of a resumed one inherits its limit, so that evidence
    /// never outlives the facts it was made from (DANE-47).
    let expires: ContinuousClock.Instant
}

extension TLSSession {
    /// The library offers a session for keeping. TLS 1.2: once, within the handshake; TLS 1.3: with each ticket the
    /// server sends, while we read.
    static func keep(_ session: OpaquePointer?, of ssl: OpaquePointer?) {
        guard let ssl, let session, let context = SSL_get_ex_data(ssl, exDataIndex) else { return }
        Unmanaged<TLSSession>.fromOpaque(context).takeUnretainedValue().keep(session)
    }

    private func keep(_ session: OpaquePointer) {
        guard case .ofServer(let demand) = demanded, demand.resumption != nil,
            unsettled.count < SessionCache.sessionsPerPeer
        else { return }
        guard SSL_SESSION_is_resumable(session) == 1, let copy = OwnedSession(copying: session) else { return }
        switch phase {
        case .handshaking: unsettled.append(copy)
        case .established(let facts), .ended(let facts): store(copy, facts)
        case .failed: break
        }
    }

    /// What had to wait for the verdict on the handshake.
    func keepUnsettled(_ facts: TLSSessionFacts) {
        for copy in unsettled { store(copy, facts) }
        unsettled = []
        // TLS 1.2 offers no new session after a resumption: the old one, taken from the cache, is good for more.
        if facts.resumed, SSL_version(owned.pointer) < TLS1_3_VERSION, let session = SSL_get_session(owned.pointer) {
            keep(session)
        }
    }

    private func store(_ session: OwnedSession, _ facts: TLSSessionFacts) {
        guard case .ofServer(let demand) = demanded, let resumption = demand.resumption, let key = demand.key,
            facts.isWell(for: demand.requirement)
        else { return }
        // TLS 1.2 without the extended master secret: a session could be another one's (RFC 7627 §5.3).
        let ssl = owned.pointer
        guard SSL_version(ssl) >= TLS1_3_VERSION || shim_SSL_get_extms_support(ssl) == 1 else { return }
        var expires = resumption.expires
        if facts.resumed {
            guard let offered = demand.offered else { return }
            expires = min(expires, offered.expires)
        }
        // A certificate that has expired since must not pass by resumption. `now` was before the handshake.
        if let secondsOfProof {
            expires = min(expires, resumption.now.advanced(by: .seconds(secondsOfProof)))
        }
        resumption.cache.put(StoredSession(owned: session, facts: facts, expires: expires), key)
    }
}
