import COpenSSL
import Glibc

extension DKIMPrivateKey {
    /// Octets of a key file. RSA of ``bitsLimit`` needs 3,300; the rest is for what else people keep in such a file.
    public static let fileLimit = 65_536

    /// Reads a key file. One that group or others can read or write is refused, and one that is no regular file: both fail
    /// with ``TLSError/Kind/file(_:)``, naming the path, what is wrong and the cure.
    public static func load(file path: String) throws(TLSError) -> DKIMPrivateKey {
        // A named pipe must not stop us.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        guard descriptor >= 0 else { throw fault(path, OpenSSL.systemText(errno)) }
        defer { close(descriptor) }
        // Of the file that is open, not of one that has the name now.
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw fault(path, OpenSSL.systemText(errno)) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw fault(path, "it is no regular file") }
        let strangers = status.st_mode & (S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH)
        guard strangers == 0 else {
            let mode = String(status.st_mode & 0o7777, radix: 8)
            throw fault(
                path, "group or others can read or write the key (mode \(mode)); make it private: chmod 600 \(path)")
        }
        do throws(TLSError) {
            return try DKIMPrivateKey(try read(descriptor, path))
        } catch {
            if case .file = error.kind { throw error }
            throw TLSError(.file(path), code: error.code, text: "\(path): \(error.text)")
        }
    }

    private static func fault(_ path: String, _ words: String) -> TLSError {
        TLSError(.file(path), text: "\(path): \(words)")
    }

    /// Reads the key in memory that is wiped.
    private static func read(_ descriptor: CInt, _ path: String) throws(TLSError) -> OwnedKey {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: fileLimit + 1, alignment: 1)
        defer {
            OPENSSL_cleanse(buffer.baseAddress, buffer.count)
            buffer.deallocate()
        }
        var count = 0
        while count < buffer.count {
            let result = Glibc.read(descriptor, buffer.baseAddress?.advanced(by: count), buffer.count - count)
            if result == 0 { break }
            if result < 0 {
                if errno == EINTR { continue }
                throw fault(path, OpenSSL.systemText(errno))
            }
            count += result
        }
        guard count <= fileLimit else { throw fault(path, "it is longer than \(fileLimit) octets, and no key is") }
        return try read(UnsafeRawBufferPointer(rebasing: buffer.prefix(count)))
    }
}
