import COpenSSL
import Mail

extension TLSVersionFloor {
    var number: CInt {
        switch self {
        case .tls10: TLS1_VERSION
        case .tls11: TLS1_1_VERSION
        case .tls12: TLS1_2_VERSION
        case .tls13: TLS1_3_VERSION
        }
    }
}

/// OpenSSL cipher lists for TLS 1.2 (ciphers(1)); in TLS 1.3 there is nothing to refuse.
enum CipherList {
    /// Forward secrecy, AEAD first; no NULL, anonymous, export, RC4, 3DES or static RSA (TLS-02, DANE-46; RFC 9325 §4).
    static let authenticated =
        "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:ECDHE+AES:DHE+AES"
        + ":!aNULL:!eNULL:!kRSA:!PSK:!SRP:!DSS:!3DES:!RC4:!MD5"

    /// The same, then static RSA: with a peer that has nothing better the alternative is cleartext (RFC 7435 §3).
    static let opportunistic =
        "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:ECDHE+AES:DHE+AES:RSA+AESGCM:RSA+AES"
        + ":!aNULL:!eNULL:!PSK:!SRP:!DSS:!3DES:!RC4:!MD5"

    /// For TLS 1.0 and 1.1 by switch (D14): their PRF needs MD5, which is why level 0 and this list go together.
    static let obsolete = opportunistic + ":@SECLEVEL=0"

    static let tls13 = "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256"
}

extension OwnedContext {
    /// What clients and servers have in common. Settings of the distribution's openssl.cnf are replaced, so that
    /// sessions are alike on every machine.
    func configure(from floor: TLSVersionFloor) throws(TLSError) {
        try OpenSSL.call("SSL_CTX_set_min_proto_version") { shim_SSL_CTX_set_min_proto_version(pointer, floor.number) }
        try OpenSSL.call("SSL_CTX_set_max_proto_version") { shim_SSL_CTX_set_max_proto_version(pointer, 0) }
        SSL_CTX_clear_options(pointer, shim_options_cleared)
        SSL_CTX_set_options(pointer, shim_options)
        // Partial writes: one record at a time, so that a slow peer is want-write and not a copy of everything.
        _ = shim_SSL_CTX_set_mode(pointer, shim_modes)
        // No 0-RTT (TLS-03): a client would have to ask for it, a server accepts this much of it.
        try OpenSSL.call("SSL_CTX_set_max_early_data") { SSL_CTX_set_max_early_data(pointer, 0) }
    }

    /// - `securityLevel`: SSL_CTX_set_security_level(3): 2 is 112 bits, 1 is 80, 0 is anything.
    func restrict(to list: String, securityLevel: CInt) throws(TLSError) {
        SSL_CTX_set_security_level(pointer, securityLevel)
        try OpenSSL.call("SSL_CTX_set_cipher_list") { SSL_CTX_set_cipher_list(pointer, list) }
        try OpenSSL.call("SSL_CTX_set_ciphersuites") { SSL_CTX_set_ciphersuites(pointer, CipherList.tls13) }
    }
}
