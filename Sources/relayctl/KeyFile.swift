import Glibc
import Relay
import TLS

/// New private keys on their way into files.
enum KeyFile {
    /// Read and written by their owner alone.
    static let mode: mode_t = 0o600

    /// Makes a key for each of `wanted` and writes each to its path: never over a file that is there. All of them, or none.
    static func make(_ wanted: [(kind: DKIMPrivateKey.Kind, path: String)]) throws(Failure) -> [DKIMPrivateKey] {
        var keys: [DKIMPrivateKey] = []
        var done: [String] = []
        do throws(Failure) {
            for (kind, path) in wanted {
                var pem: [UInt8] = []
                defer {
                    pem.withUnsafeMutableBytes { octets in
                        if let start = octets.baseAddress { explicit_bzero(start, octets.count) }
                    }
                }
                do throws(TLSError) {
                    pem = try DKIMPrivateKey.generate(kind)
                    keys.append(try DKIMPrivateKey(pem: pem))
                } catch {
                    throw Failure(.unexpected, "the key cannot be made: \(error.text)")
                }
                try write(pem, to: path)
                done.append(path)
            }
        } catch {
            for path in done { unlink(path) }
            throw error
        }
        return keys
    }

    /// Writes a new file, down to the disk.
    static func write(_ octets: [UInt8], to path: String) throws(Failure) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else {
            if errno == EEXIST {
                throw Failure(
                    .usage,
                    "\(path) is there already, and no key is written over. Name another --selector, or remove the file."
                )
            }
            throw Failure(.usage, failure(path))
        }
        // The mode given to open(2) is less the umask.
        let isWritten = fchmod(descriptor, mode) == 0 && write(octets, to: descriptor) && fsync(descriptor) == 0
        let code = errno
        close(descriptor)
        guard isWritten, syncFolder(of: path) else {
            errno = isWritten ? errno : code
            let words = failure(path)
            unlink(path)
            throw Failure(.unexpected, words)
        }
    }

    private static func write(_ octets: [UInt8], to descriptor: CInt) -> Bool {
        var rest = octets[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// The name, too, is to be there after a loss of power.
    private static func syncFolder(of path: String) -> Bool {
        let end = path.lastIndex(of: "/").map { path[...$0] } ?? "."
        let descriptor = open(String(end), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return fsync(descriptor) == 0
    }

    private static func failure(_ path: String) -> String {
        "cannot write \(path): \(String(cString: strerror(errno)))"
    }

    /// The folder's path from the root, as the configuration wants it.
    static func folder(_ path: String) throws(Failure) -> String {
        guard let real = realpath(path, nil) else {
            guard errno == ENOENT else {
                throw Failure(.usage, "the folder \(path) cannot be entered: \(String(cString: strerror(errno)))")
            }
            throw Failure(
                .usage,
                "there is no folder \(path). Make it, for the user of relayd: "
                    + "sudo install -d -m 0700 -o waxwing -g waxwing \(path)")
        }
        defer { free(real) }
        var status = stat()
        guard stat(real, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw Failure(.usage, "\(path) is no folder")
        }
        return String(cString: real)
    }
}
