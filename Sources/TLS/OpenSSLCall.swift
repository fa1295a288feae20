import COpenSSL
import Glibc

/// The one door to OpenSSL.
///
/// Each call through it starts with an empty error queue, and whatever the call leaves in the queue becomes a value
/// before anything else happens. The queue belongs to the thread: no `await` may stand between, so all of this is
/// synchronous.
enum OpenSSL {
    /// A call that answers 1 (or more) for success.
    @discardableResult
    static func call(_ name: StaticString, _ body: () -> CInt) throws(TLSError) -> CInt {
        ERR_clear_error()
        let result = body()
        guard result > 0 else { throw drained(name, .library) }
        return result
    }

    /// A call that makes an object.
    static func make(_ name: StaticString, _ body: () -> OpaquePointer?) throws(TLSError) -> OpaquePointer {
        ERR_clear_error()
        guard let result = body() else { throw drained(name, .library) }
        return result
    }

    /// What came of an operation on a session's connection.
    enum Transfer {
        case done
        case wantRead, wantWrite
        /// close_notify.
        case closed
        /// The end of the connection without close_notify.
        case truncated
        case failed(TLSError)
    }

    /// An operation on the connection of `ssl`: SSL_do_handshake, SSL_read_ex, SSL_write_ex, SSL_shutdown.
    static func transfer(_ name: StaticString, _ ssl: OpaquePointer, _ body: () -> CInt) -> Transfer {
        // SSL_get_error(3): > The current thread's error queue must be empty before the TLS/SSL I/O operation is
        // > attempted, or SSL_get_error() will not work reliably.
        ERR_clear_error()
        errno = 0
        let result = body()
        let transportError = errno
        if result > 0 { return .done }
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ:
            return .wantRead
        case SSL_ERROR_WANT_WRITE:
            return .wantWrite
        case SSL_ERROR_ZERO_RETURN:
            return .closed
        case SSL_ERROR_SYSCALL:
            ERR_clear_error()
            if transportError == 0 { return .truncated }
            return .failed(TLSError(.transport(transportError), text: "\(name): \(systemText(transportError))"))
        case SSL_ERROR_SSL:
            let error = drained(name, .peer)
            return ERR_GET_REASON(CUnsignedLong(error.code)) == SSL_R_UNEXPECTED_EOF_WHILE_READING
                ? .truncated : .failed(error)
        default:
            // Callbacks we never install.
            return .failed(drained(name, .library))
        }
    }

    /// Empties the error queue into one error.
    ///
    /// The first entry tells the cause, later ones who passed it on. Where the SSL layer drew a conclusion, that counts:
    /// a wrong signature in a chain leaves an entry of EVP before "certificate verify failed". A fatal entry
    /// (`ERR_FATAL_ERROR`: memory, internal errors) is ours whatever the caller thinks.
    static func drained(_ name: StaticString, _ kind: TLSError.Kind) -> TLSError {
        var cause: CUnsignedLong = 0
        var conclusion: CUnsignedLong = 0
        var isFatal = false
        while true {
            let code = ERR_get_error()
            guard code != 0 else { break }
            if cause == 0 { cause = code }
            if conclusion == 0, ERR_GET_LIB(code) == ERR_LIB_SSL { conclusion = code }
            if ERR_FATAL_ERROR(code) != 0 { isFatal = true }
        }
        guard cause != 0 else { return TLSError(.library, text: "\(name) failed") }
        let code = conclusion == 0 ? cause : conclusion
        let reason = ERR_reason_error_string(code).map { String(cString: $0) } ?? "error \(code)"
        return TLSError(isFatal ? .library : kind, code: UInt(code), text: "\(name): \(reason)")
    }

    static func systemText(_ code: CInt) -> String {
        strerror(code).map { String(cString: $0) } ?? "errno \(code)"
    }
}
