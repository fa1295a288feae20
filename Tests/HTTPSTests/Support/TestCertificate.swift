import COpenSSL
import Foundation

/// OpenSSL said no while a test was being set up.
struct SetUpFailure: Error {
    let what: String
}

func made(_ what: String, _ pointer: OpaquePointer?) throws -> OpaquePointer {
    guard let pointer else { throw SetUpFailure(what: what) }
    return pointer
}

/// A certificate made for a test, with its key.
final class TestCertificate: @unchecked Sendable {
    // @unchecked Sendable because nothing changes after `init`.

    let certificate: OpaquePointer
    let key: OpaquePointer

    /// What to make. Times are seconds from now.
    struct Recipe {
        var commonName = "test"
        var issuer: TestCertificate?
        var isAuthority = false
        /// subjectAltName in the words of x509v3_config(5); empty for none.
        var names = ""
        var purpose = ""
        var from = -3_600
        var until = 3_600
    }

    init(_ edit: (inout Recipe) -> Void) throws {
        var recipe = Recipe()
        edit(&recipe)
        key = try Self.freshKey()
        certificate = try made("X509_new", X509_new())
        let issuer = recipe.issuer
        X509_set_version(certificate, 2)
        ASN1_INTEGER_set_int64(X509_get_serialNumber(certificate), Int64.random(in: 1...(.max)))
        X509_gmtime_adj(X509_getm_notBefore(certificate), recipe.from)
        X509_gmtime_adj(X509_getm_notAfter(certificate), recipe.until)
        let subject = X509_get_subject_name(certificate)
        // MBSTRING_ASC
        X509_NAME_add_entry_by_txt(subject, "CN", CInt(0x1000 | 1), recipe.commonName, -1, -1, 0)
        X509_set_issuer_name(certificate, issuer.map { X509_get_subject_name($0.certificate) } ?? subject)
        X509_set_pubkey(certificate, key)
        var extensions = [(NID_basic_constraints, recipe.isAuthority ? "critical,CA:TRUE" : "CA:FALSE")]
        if !recipe.names.isEmpty { extensions.append((NID_subject_alt_name, recipe.names)) }
        if !recipe.purpose.isEmpty { extensions.append((NID_ext_key_usage, recipe.purpose)) }
        for (identifier, text) in extensions {
            let value = try made("X509V3_EXT_conf_nid", X509V3_EXT_conf_nid(nil, nil, identifier, text))
            X509_add_ext(certificate, value, -1)
            X509_EXTENSION_free(value)
        }
        guard X509_sign(certificate, issuer?.key ?? key, EVP_sha256()) > 0 else {
            throw SetUpFailure(what: "X509_sign")
        }
    }

    deinit {
        X509_free(certificate)
        EVP_PKEY_free(key)
    }

    private static func freshKey() throws -> OpaquePointer {
        let context = try made("EVP_PKEY_CTX", EVP_PKEY_CTX_new_from_name(nil, "EC", nil))
        defer { EVP_PKEY_CTX_free(context) }
        EVP_PKEY_keygen_init(context)
        EVP_PKEY_CTX_set_group_name(context, "P-256")
        var key: OpaquePointer?
        EVP_PKEY_generate(context, &key)
        return try made("EVP_PKEY_generate", key)
    }

    var pem: [UInt8] {
        let bio = BIO_new(BIO_s_mem())
        defer { BIO_free(bio) }
        guard PEM_write_bio_X509(bio, certificate) == 1 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: BIO_ctrl_pending(bio)) { buffer, count in
            count = max(0, Int(BIO_read(bio, buffer.baseAddress, CInt(buffer.count))))
        }
    }
}

/// A root in a file, and leaves under it. Made once for all tests.
final class TestPKI: Sendable {
    let root: TestCertificate
    let intermediate: TestCertificate
    /// For `mta-sts.example.com` and `localhost`.
    let leaf: TestCertificate
    /// The root, PEM.
    let rootFile: String
    let intermediateFile: String

    private static let result = Result { try TestPKI() }
    static var shared: TestPKI {
        get throws { try result.get() }
    }

    private init() throws {
        let root = try TestCertificate {
            $0.commonName = "root"
            $0.isAuthority = true
        }
        let intermediate = try TestCertificate {
            $0.commonName = "intermediate"
            $0.issuer = root
            $0.isAuthority = true
        }
        self.root = root
        self.intermediate = intermediate
        leaf = try TestCertificate {
            $0.issuer = root
            $0.names = "DNS:mta-sts.example.com,DNS:localhost"
        }
        rootFile = try Self.namelessFile(root.pem)
        intermediateFile = try Self.namelessFile(intermediate.pem)
    }

    /// The path of an open file that lies in no folder: it is gone with this process, however that ends.
    private static func namelessFile(_ octets: [UInt8]) throws -> String {
        let path = "/tmp/https-tests-\(UUID().uuidString)"
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        unlink(path)
        let count = octets.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        guard descriptor >= 0, count == octets.count else { throw SetUpFailure(what: "a temporary file") }
        return "/proc/self/fd/\(descriptor)"
    }
}
