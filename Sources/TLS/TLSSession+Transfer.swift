import COpenSSL
import Mail

extension TLSSession {
    /// Reads decrypted octets into `buffer`.
    ///
    /// Throws ``TLSError/Kind/state`` before the end of the handshake and after a fatal error. Any other error, and
    /// `truncated`, is the end of the session.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(TLSError) -> ReadProgress {
        let facts = try established()
        guard !buffer.isEmpty else { return .read(0) }
        let ssl = owned.pointer
        var count = 0
        switch OpenSSL.transfer("read", ssl, { SSL_read_ex(ssl, buffer.baseAddress, buffer.count, &count) }) {
        case .done: return .read(count)
        case .wantRead: return .wantRead
        case .wantWrite: return .wantWrite
        case .closed: return .closed
        case .truncated:
            phase = .ended(facts)
            return .truncated
        case .failed(let error):
            phase = .ended(facts)
            throw error
        }
    }

    /// Writes a prefix of `bytes`, at most one record (16 KiB).
    ///
    /// Throws ``TLSError/Kind/state`` before the end of the handshake and after a fatal error. Any other error is the
    /// end of the session.
    public func write(from bytes: UnsafeRawBufferPointer) throws(TLSError) -> WriteProgress {
        let facts = try established()
        guard !bytes.isEmpty else { return .wrote(0) }
        let ssl = owned.pointer
        var count = 0
        switch OpenSSL.transfer("write", ssl, { SSL_write_ex(ssl, bytes.baseAddress, bytes.count, &count) }) {
        case .done: return .wrote(count)
        case .wantRead: return .wantRead
        case .wantWrite: return .wantWrite
        case .closed, .truncated:
            phase = .ended(facts)
            throw TLSError(.peer, text: "write: the connection has ended")
        case .failed(let error):
            phase = .ended(facts)
            throw error
        }
    }

    /// Sends close_notify (TLS-13; RFC 8446 §6.1). Does not wait for the peer's, and sends nothing after a failure.
    public func shutdown() throws(TLSError) -> ShutdownProgress {
        // SSL_shutdown(3): > should not be called if a previous fatal error has occurred on a connection.
        guard case .established(let facts) = phase else { return .done }
        let ssl = owned.pointer
        let result = OpenSSL.transfer("shutdown", ssl) {
            // > 0: The shutdown is not yet finished: the close_notify was sent but the peer did not send it back yet.
            let result = SSL_shutdown(ssl)
            return result == 0 ? 1 : result
        }
        switch result {
        case .done: return .done
        case .wantRead: return .wantRead
        case .wantWrite: return .wantWrite
        case .closed, .truncated:
            phase = .ended(facts)
            return .done
        case .failed(let error):
            phase = .ended(facts)
            throw error
        }
    }

    private func established() throws(TLSError) -> TLSSessionFacts {
        switch phase {
        case .established(let facts): return facts
        case .handshaking: throw TLSError(.state, text: "the handshake has not ended")
        case .failed: throw TLSError(.state, text: "the handshake has failed")
        case .ended: throw TLSError(.state, text: "the session has ended")
        }
    }
}
