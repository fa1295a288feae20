import COpenSSL
import Glibc
public import Mail
import Synchronization

/// Trust anchors, each store loaded once and shared by all sessions: the system's bundle takes some 16 ms.
///
/// A session loads what it needs. Loading at start (``load(_:)``) tells faults early, and keeps the time off the loops.
/// The corresponding C type is `X509_STORE`.
public final class TrustStores: Sendable {
    private let loaded = Mutex<[TrustStore: OwnedTrust]>([:])

    public init() {}

    /// Loads `store`, unless it is there already. Fails with ``TLSError/Kind/file(_:)``, naming the path and what is wrong
    /// with it.
    public func load(_ store: TrustStore) throws(TLSError) {
        _ = try anchors(of: store)
    }

    func anchors(of store: TrustStore) throws(TLSError) -> OwnedTrust {
        if let known = loaded.withLock({ $0[store] }) { return known }
        // Not under the lock: it takes long, and two that come at once may both do it.
        let fresh = try OwnedTrust(store)
        return loaded.withLock { loaded in
            if let known = loaded[store] { return known }
            loaded[store] = fresh
            return fresh
        }
    }
}

/// Owns an `X509_STORE`.
final class OwnedTrust: @unchecked Sendable {
    // @unchecked Sendable because nobody changes the store after `init` but OpenSSL itself, which locks it to remember
    // what it has read of the directory of anchors.

    let pointer: OpaquePointer

    init(_ store: TrustStore) throws(TLSError) {
        pointer = try OpenSSL.make("X509_STORE_new") { X509_STORE_new() }
        LiveObjects.trustStores.add(1, ordering: .relaxed)
        switch store {
        case .system: try loadSystem()
        case .file(let path): try load(path)
        }
    }

    deinit {
        X509_STORE_free(pointer)
        LiveObjects.trustStores.subtract(1, ordering: .relaxed)
    }

    private func load(_ path: String) throws(TLSError) {
        try OwnedContext.checkReadable(path)
        do throws(TLSError) {
            try OpenSSL.call("X509_STORE_load_file") { X509_STORE_load_file(pointer, path) }
        } catch {
            throw TLSError(
                .file(path), code: error.code, text: "\(path) holds no usable certificates in PEM form (\(error.text))")
        }
        // A file of revocation lists alone loads as well.
        guard hasCertificates else { throw TLSError(.file(path), text: "\(path) holds no certificates") }
    }

    private func loadSystem() throws(TLSError) {
        try OpenSSL.call("X509_STORE_set_default_paths") { X509_STORE_set_default_paths(pointer) }
        ERR_clear_error()
        if hasCertificates { return }
        // Certificates of the directory are read when they are asked for.
        let folders = Self.systemFolders
        guard folders.contains(where: Self.holdsAnchors) else {
            let places = folders.joined(separator: ", ")
            throw TLSError(
                .file(places),
                text: "the system has no certification authorities (\(places) holds none); ca-certificates?")
        }
    }

    private var hasCertificates: Bool {
        let objects = X509_STORE_get0_objects(pointer)
        for index in 0..<max(0, OPENSSL_sk_num(objects)) {
            guard let object = OPENSSL_sk_value(objects, index) else { continue }
            if X509_OBJECT_get_type(OpaquePointer(object)) == X509_LU_X509 { return true }
        }
        return false
    }

    /// Where OpenSSL looks: a list with colons.
    private static var systemFolders: [String] {
        let named = X509_get_default_cert_dir_env().flatMap { getenv($0) }.map { UnsafePointer($0) }
        guard let list = named ?? X509_get_default_cert_dir() else { return [] }
        return String(cString: list).split(separator: ":").map(String.init)
    }

    /// Anchors are found by names like `5443e9e3.0` (openssl-rehash(1)).
    private static func holdsAnchors(_ folder: String) -> Bool {
        guard let stream = opendir(folder) else { return false }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { $0.prefix { $0 != 0 }.map { $0 } }
            // Eight hexadecimal digits, then a number; `.r0` is a revocation list.
            guard name.count >= 10, name[8] == UInt8(ascii: "."), name[9] != UInt8(ascii: "r") else { continue }
            if name.prefix(8).allSatisfy({ "0123456789abcdef".utf8.contains($0) }) { return true }
        }
        return false
    }
}
