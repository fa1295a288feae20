public import Mail

// "Not yet" is a case and no error: the caller waits for the socket and calls the same verb again.

/// How far a handshake has come.
public enum HandshakeProgress: Hashable, Sendable {
    /// Call again when the socket can be read.
    case wantRead
    /// Call again when the socket can be written.
    case wantWrite
    /// For a client's session: all that the requirement names has been checked, and the facts tell with what result.
    case done(TLSSessionFacts)
    case failed(HandshakeFailure)
}

/// What came of a read.
public enum ReadProgress: Hashable, Sendable {
    /// So many octets were read. Zero only into an empty buffer.
    case read(Int)
    /// Call again when the socket can be read.
    case wantRead
    /// Call again when the socket can be written: the protocol has something to say first.
    case wantWrite
    /// The peer sent close_notify: what came before is all there is.
    case closed
    /// The connection ended without close_notify: anybody may have cut it (TLS-13; RFC 8314 §3.4).
    case truncated
}

/// What came of a write.
public enum WriteProgress: Hashable, Sendable {
    /// So many octets were taken, perhaps fewer than offered. Zero only of none.
    case wrote(Int)
    /// Call again when the socket can be read, with at least the same octets first; they may have moved in memory.
    case wantRead
    /// Call again when the socket can be written, with at least the same octets first; they may have moved in memory.
    case wantWrite
}

/// What came of saying good-bye.
public enum ShutdownProgress: Hashable, Sendable {
    /// close_notify is on its way, or there is nobody to tell.
    case done
    /// Call again when the socket can be read.
    case wantRead
    /// Call again when the socket can be written.
    case wantWrite
}
