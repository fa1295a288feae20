import COpenSSL
import CLinux
import Glibc

/// One connection's octets, in clear or over TLS.
struct Wire {
    /// What a call has moved.
    enum Progress {
        case moved(Int)
        /// Once the socket is readable, or writable.
        case wantsRead, wantsWrite
        /// The connection has ended, in order or not.
        case ended
    }

    let descriptor: CInt
    private(set) var session: OpaquePointer?

    /// Octets from the connection into `room`.
    func receive(into room: UnsafeMutableRawBufferPointer) -> Progress {
        guard let session else { return Self.progress(recv(descriptor, room.baseAddress, room.count, 0)) }
        // SSL_read gives one record at a time: what the library holds already is taken in one turn.
        var total = 0
        while total < room.count {
            var count = 0
            if SSL_read_ex(session, room.baseAddress.map { $0 + total }, room.count - total, &count) != 1 {
                return total > 0 ? .moved(total) : failure(0)
            }
            total += count
            if SSL_has_pending(session) == 0 { break }
        }
        return .moved(total)
    }

    /// True where the library holds octets that the poller knows nothing of.
    var hasPending: Bool {
        session.map { SSL_has_pending($0) == 1 } ?? false
    }

    func send(_ octets: UnsafeRawBufferPointer) -> Progress {
        guard let session else {
            let count = Glibc.send(descriptor, octets.baseAddress, octets.count, CInt(MSG_NOSIGNAL))
            return count < 0 && errno != EAGAIN ? .ended : count < 0 ? .wantsWrite : .moved(count)
        }
        var count = 0
        return SSL_write_ex(session, octets.baseAddress, octets.count, &count) == 1 ? .moved(count) : failure(0)
    }

    /// Several pieces in one write, in clear.
    func send(pieces: UnsafeMutableBufferPointer<iovec>) -> Progress {
        var message = msghdr()
        message.msg_iov = pieces.baseAddress
        message.msg_iovlen = pieces.count
        let count = sendmsg(descriptor, &message, CInt(MSG_NOSIGNAL))
        return count < 0 && errno != EAGAIN ? .ended : count < 0 ? .wantsWrite : .moved(count)
    }

    /// From here on the connection is TLS. False where the library has no memory.
    mutating func secure(by context: OpaquePointer, asServer: Bool, resuming ticket: OpaquePointer? = nil) -> Bool {
        guard session == nil, let session = SSL_new(context) else { return false }
        self.session = session
        if asServer { SSL_set_accept_state(session) } else { SSL_set_connect_state(session) }
        if let ticket { SSL_set_session(session, ticket) }
        return SSL_set_fd(session, descriptor) == 1
    }

    /// Goes on with the handshake; `.moved` once it is done.
    func handshake() -> Progress {
        guard let session else { return .ended }
        let result = SSL_do_handshake(session)
        return result == 1 ? .moved(0) : failure(result)
    }

    var isResumed: Bool {
        session.map { SSL_session_reused($0) == 1 } ?? false
    }

    /// Ends the connection.
    mutating func end() {
        if let session {
            // close_notify, as far as the socket takes it at once: relays log its absence.
            if SSL_is_init_finished(session) == 1 { SSL_shutdown(session) }
            SSL_free(session)
            ERR_clear_error()
            self.session = nil
        }
        close(descriptor)
    }

    init(descriptor: CInt) {
        self.descriptor = descriptor
    }

    private static func progress(_ count: Int) -> Progress {
        if count > 0 { return .moved(count) }
        return count < 0 && errno == EAGAIN ? .wantsRead : .ended
    }

    private func failure(_ result: CInt) -> Progress {
        guard let session else { return .ended }
        switch SSL_get_error(session, result) {
        case SSL_ERROR_WANT_READ: return .wantsRead
        case SSL_ERROR_WANT_WRITE: return .wantsWrite
        default:
            // The queue is the thread's: what is left in it would be taken for the next connection's failure.
            ERR_clear_error()
            return .ended
        }
    }
}
