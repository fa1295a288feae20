import COpenSSL

/// TLS of both ends. The corresponding C type is `SSL_CTX`, which lives as long as the process.
enum TLSContext {
    /// What could not be used, for the one who gave it.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    static func server(certificate: String, key: String) throws(Failure) -> OpaquePointer {
        let context = try make(TLS_server_method())
        guard SSL_CTX_use_certificate_chain_file(context, certificate) == 1 else {
            throw Failure(description: "\(certificate) holds no certificate chain in PEM form")
        }
        guard SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1 else {
            throw Failure(description: "\(key) holds no private key in PEM form that goes with \(certificate)")
        }
        // Tickets carry the session: nothing is kept here. One for each handshake is what a client uses.
        _ = shim_SSL_CTX_set_session_cache_mode(context, Int(SSL_SESS_CACHE_OFF))
        SSL_CTX_set_num_tickets(context, 1)
        return context
    }

    /// Verifies nothing: that is not what is measured.
    static func client() throws(Failure) -> OpaquePointer {
        let context = try make(TLS_client_method())
        SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nil)
        _ = shim_SSL_CTX_set_session_cache_mode(context, shim_client_cache_mode)
        return context
    }

    private static func make(_ method: OpaquePointer?) throws(Failure) -> OpaquePointer {
        guard let context = SSL_CTX_new(method) else { throw Failure(description: "OpenSSL gives no context") }
        _ = shim_SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION)
        // A write may go on from other memory, and says how far it came.
        _ = shim_SSL_CTX_set_mode(
            context, Int(SSL_MODE_ENABLE_PARTIAL_WRITE) | Int(SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER))
        // A record's head and body in one read, and several records.
        _ = SSL_CTX_ctrl(context, SSL_CTRL_SET_READ_AHEAD, 1, nil)
        SSL_CTX_set_default_read_buffer_len(context, 20_000)
        return context
    }
}
