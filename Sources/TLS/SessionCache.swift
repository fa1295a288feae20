public import Mail
import Synchronization

/// TLS sessions to resume, each with the evidence of the full handshake it descends from (INT-06, TLS-10, DANE-47).
///
/// A session is found under the terms of the requirement it was made under, and no others: another TLSA record set, base domain,
/// level, policy or certificate of ours is another key. Only sessions are kept in which all that was checked is well.
/// Each is used once (RFC 8446 §C.4). When full, the peer not used for the longest time
/// is forgotten.
public final class SessionCache: Sendable {
    /// Peers remembered by default, with up to four sessions each: some 40 MB where all send chains of 10 KiB. Ours.
    public static let defaultLimit = 1000
    /// Sessions kept for one peer; the oldest goes first. OpenSSL's servers send two tickets for each handshake. Ours.
    public static let sessionsPerPeer = 4

    private let limit: Int
    private let state = Mutex(State())

    private struct State {
        var peers: [Key: Peer] = [:]
        /// Counts uses: the smallest is the oldest.
        var clock: UInt64 = 0
    }

    private struct Peer {
        var sessions: [StoredSession]
        var lastUse: UInt64
    }

    /// Exactly what a session may be resumed for.
    struct Key: Hashable, Sendable {
        let host: DomainName
        let address: IPAddress
        let port: UInt16
        let terms: TLSRequirement.Terms

        init(_ resumption: Resumption, _ requirement: TLSRequirement) {
            host = resumption.host
            address = resumption.address
            port = resumption.port
            terms = requirement.terms
        }
    }

    /// - `limit`: peers remembered.
    public init(limit: Int = SessionCache.defaultLimit) {
        self.limit = limit
    }

    /// Peers remembered now.
    public var count: Int {
        state.withLock { $0.peers.count }
    }

    /// Takes the newest session out that has not expired at `now`; the expired ones go too.
    func take(_ key: Key, now: ContinuousClock.Instant) -> StoredSession? {
        state.withLock { state in
            guard var peer = state.peers.removeValue(forKey: key) else { return nil }
            peer.sessions.removeAll { $0.expires <= now }
            let session = peer.sessions.popLast()
            if !peer.sessions.isEmpty {
                state.clock &+= 1
                peer.lastUse = state.clock
                state.peers[key] = peer
            }
            return session
        }
    }

    func put(_ session: StoredSession, _ key: Key) {
        guard limit > 0 else { return }
        state.withLock { state in
            state.clock &+= 1
            if state.peers[key] == nil, state.peers.count >= limit,
                let oldest = state.peers.min(by: { $0.value.lastUse < $1.value.lastUse })
            {
                state.peers.removeValue(forKey: oldest.key)
            }
            var peer = state.peers.removeValue(forKey: key) ?? Peer(sessions: [], lastUse: 0)
            if peer.sessions.count >= Self.sessionsPerPeer { peer.sessions.removeFirst() }
            peer.sessions.append(session)
            peer.lastUse = state.clock
            state.peers[key] = peer
        }
    }
}

/// Whom a session may be resumed with, and until when one made now may be. The requirement is added by ``TLSSession``,
/// so that a session and its key cannot disagree.
public struct Resumption: Sendable {
    let cache: SessionCache
    let host: DomainName
    let address: IPAddress
    let port: UInt16
    let now: ContinuousClock.Instant
    let expires: ContinuousClock.Instant

    /// - `now`: this very moment, or shortly before.
    /// - `expires`: no session stored now is used at that instant or later; ``TLSSession`` lowers it where certificates end
    ///   before. The time to live of DNS facts need not bound it (DANE-47): the requirement a session is asked for with
    ///   comes of facts that hold at that time, and where they have changed it is another key.
    public init(
        cache: SessionCache, host: DomainName, address: IPAddress, port: UInt16, now: ContinuousClock.Instant,
        expires: ContinuousClock.Instant
    ) {
        self.cache = cache
        self.host = host
        self.address = address
        self.port = port
        self.now = now
        self.expires = expires
    }
}
