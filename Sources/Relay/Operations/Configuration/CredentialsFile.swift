import Glibc
import Mail

/// The file a rule's `credentials` names: one line `user:password`, readable by its owner alone.
///
/// Neither its content nor a part of it is in any fault.
enum CredentialsFile {
    /// Octets of all the file, with its colon and line end.
    static let sizeLimit = 2 * Credentials.lengthLimit + 3
    /// Mode bits that must not be set: any right of group and others, and execution.
    static let forbiddenMode: mode_t = 0o177

    static func read(_ path: String) throws(CredentialsFileFault) -> Credentials {
        // Not waiting for a writer where it is a FIFO; what is checked is what is read.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw CredentialsFileFault("cannot be opened: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw CredentialsFileFault("is no file")
        }
        let mode = status.st_mode & 0o7777
        if mode & forbiddenMode != 0 {
            throw CredentialsFileFault("has mode 0\(String(mode, radix: 8)), and others may read it; 0600 is the most")
        }
        var octets = [UInt8](repeating: 0, count: sizeLimit + 1)
        var count = 0
        while count < octets.count {
            let size = octets.count - count
            let got = octets.withUnsafeMutableBytes { buffer in
                Glibc.read(descriptor, buffer.baseAddress?.advanced(by: count), size)
            }
            if got < 0 { throw CredentialsFileFault("cannot be read: \(String(cString: strerror(errno)))") }
            if got == 0 { break }
            count += got
        }
        return try parse(octets.prefix(count))
    }

    /// The first colon divides; a user name has none.
    static func parse(_ octets: some Collection<UInt8>) throws(CredentialsFileFault) -> Credentials {
        var line = Array(octets)
        if line.last == UInt8(ascii: "\n") { line.removeLast() }
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        guard line.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }), let text = String(validating: line, as: UTF8.self) else {
            throw CredentialsFileFault("is not one line of text")
        }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else {
            throw CredentialsFileFault("does not hold user:password")
        }
        guard let credentials = Credentials(user: String(parts[0]), password: String(parts[1])) else {
            throw CredentialsFileFault("has a user or password of more than \(Credentials.lengthLimit) octets")
        }
        return credentials
    }
}

/// Why a file of credentials cannot be used: the end of a sentence that begins with its path.
struct CredentialsFileFault: Error, Hashable {
    let problem: String

    init(_ problem: String) { self.problem = problem }
}
