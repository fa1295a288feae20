import COpenSSL
public import Mail

/// One TLS session over a connected, non-blocking socket that somebody else owns and closes.
///
/// No verb blocks; "not yet" is a case. SIGPIPE: OpenSSL writes with write(2), so the process must ignore the signal.
public final class TLSSession: @unchecked Sendable {
    /// A client's session that shows what `requirement` demands, or none.
    ///
    /// With `resumption`, a stored session for the very same requirement is offered to the server.
    public init(
        client context: ClientContext, descriptor: CInt, requirement: TLSRequirement, resumption: Resumption? = nil
    ) throws(TLSError) {
        throw TLSError(.library, text: "unfinished")
    }

    /// A server's session.
    public init(server context: ServerContext, descriptor: CInt) throws(TLSError) {
        throw TLSError(.library, text: "unfinished")
    }

    /// What the handshake showed; nil until it has ended.
    public var evidence: PeerEvidence? { nil }
    /// The facts of the established session; nil before, and after a failure.
    public var facts: TLSSessionFacts? { nil }
    /// The peer's leaf certificate, also where it did not satisfy the verifier.
    public var certificate: CertificateFacts? { nil }

    /// Goes on with the handshake. After its end the answer stays the same.
    public func handshake() -> HandshakeProgress { .wantRead }
    /// Reads decrypted octets into `buffer`.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(TLSError) -> ReadProgress { .wantRead }
    /// Writes a prefix of `bytes`.
    public func write(from bytes: UnsafeRawBufferPointer) throws(TLSError) -> WriteProgress { .wantWrite }
    /// Sends close_notify (TLS-13). Does not wait for the peer's.
    public func shutdown() throws(TLSError) -> ShutdownProgress { .done }
}

/// How far a handshake has come.
public enum HandshakeProgress: Hashable, Sendable {
    case wantRead, wantWrite
    case done(TLSSessionFacts)
    case failed(HandshakeFailure)
}

public enum ReadProgress: Hashable, Sendable {
    /// So many octets were read, at least one.
    case read(Int)
    case wantRead, wantWrite
    /// The peer sent close_notify: what came before is all there is.
    case closed
    /// The connection ended without close_notify: anybody may have cut it (TLS-13).
    case truncated
}

public enum WriteProgress: Hashable, Sendable {
    /// So many octets were taken, perhaps fewer than offered.
    case wrote(Int)
    /// Call again, with at least the same octets first, when the socket is ready.
    case wantRead, wantWrite
}

public enum ShutdownProgress: Hashable, Sendable {
    case done
    case wantRead, wantWrite
}
