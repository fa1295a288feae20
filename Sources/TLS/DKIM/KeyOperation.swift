import COpenSSL

/// Owns an `EVP_MD_CTX` for one signature or one verification.
struct KeyOperation: ~Copyable {
    private let context: OpaquePointer

    init() throws(TLSError) {
        context = try OpenSSL.make("EVP_MD_CTX_new") { EVP_MD_CTX_new() }
    }

    deinit {
        EVP_MD_CTX_free(context)
    }

    /// - Parameter hash: nil for Ed25519, which has its own.
    func sign(_ octets: [UInt8], by key: OwnedKey, _ hash: OpaquePointer?) throws(TLSError) -> [UInt8] {
        let context = context
        try OpenSSL.call("EVP_DigestSignInit") { EVP_DigestSignInit(context, nil, hash, nil, key.pointer) }
        var length = 0
        try OpenSSL.call("EVP_DigestSign") { EVP_DigestSign(context, nil, &length, octets, octets.count) }
        var signature = [UInt8](repeating: 0, count: length)
        try OpenSSL.call("EVP_DigestSign") { EVP_DigestSign(context, &signature, &length, octets, octets.count) }
        return Array(signature.prefix(length))
    }

    /// False for a signature of another key or other octets, and for one that is no signature at all.
    func verify(
        _ signature: [UInt8], of octets: [UInt8], by key: OwnedKey, _ hash: OpaquePointer?
    ) throws(TLSError) -> Bool {
        let context = context
        try OpenSSL.call("EVP_DigestVerifyInit") { EVP_DigestVerifyInit(context, nil, hash, nil, key.pointer) }
        ERR_clear_error()
        // > EVP_DigestVerify() returns 1 for success; any other value indicates failure.
        // A signature of the wrong length leaves an error behind like a failing library does; only memory is not its fault.
        if EVP_DigestVerify(context, signature, signature.count, octets, octets.count) == 1 { return true }
        let error = OpenSSL.drained("EVP_DigestVerify", .peer)
        if error.kind == .library, error.code != 0 { throw error }
        return false
    }
}
