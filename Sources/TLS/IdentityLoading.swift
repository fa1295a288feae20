import COpenSSL
import Glibc

extension OwnedContext {
    /// Loads the chain we present, leaf first, and its key, from PEM files. Fails with ``TLSError/Kind/file(_:)``, naming
    /// the path and what is wrong with it.
    func present(certificateFile: String, keyFile: String) throws(TLSError) {
        // Without a callback OpenSSL asks the terminal for the key's pass phrase.
        SSL_CTX_set_default_passwd_cb(pointer) { _, _, _, _ in -1 }

        try Self.checkReadable(certificateFile)
        try Self.checkReadable(keyFile)
        try Self.load(certificateFile, "holds no usable certificate chain in PEM form") {
            SSL_CTX_use_certificate_chain_file(pointer, certificateFile)
        }
        do throws(TLSError) {
            try Self.load(keyFile, "holds no usable private key in PEM form, unencrypted") {
                SSL_CTX_use_PrivateKey_file(pointer, keyFile, SSL_FILETYPE_PEM)
            }
        } catch {
            // OpenSSL has compared the two already.
            let mismatches = [X509_R_KEY_VALUES_MISMATCH, X509_R_KEY_TYPE_MISMATCH]
            guard mismatches.contains(ERR_GET_REASON(CUnsignedLong(error.code))) else { throw error }
            throw TLSError(
                error.kind, code: error.code,
                text: "\(keyFile) is not the key of the certificate in \(certificateFile)")
        }
        try Self.load(keyFile, "does not go with the certificate in \(certificateFile)") {
            SSL_CTX_check_private_key(pointer)
        }
    }

    /// A missing file is said in the system's words; OpenSSL's are about its own layers. What is no regular file is refused.
    static func checkReadable(_ path: String) throws(TLSError) {
        // Not waited for: opening a FIFO would last until somebody writes to it.
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else { throw TLSError(.file(path), text: "\(path): \(OpenSSL.systemText(errno))") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw TLSError(.file(path), text: "\(path) is no file")
        }
    }

    private static func load(_ path: String, _ fault: String, _ body: () -> CInt) throws(TLSError) {
        do throws(TLSError) {
            try OpenSSL.call("OpenSSL", body)
        } catch {
            throw TLSError(.file(path), code: error.code, text: "\(path) \(fault) (\(error.text))")
        }
    }
}
