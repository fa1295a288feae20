import Glibc
import Mail
import TLS

/// Tells whether files are there and may be used; an argument, so that tests need no files.
public struct FileSurvey: Sendable {
    public enum Use: Hashable, Sendable {
        case readableFile
        case writableDirectory
        /// PEM certificates.
        case trustAnchors
        /// A certificate chain in PEM that goes with the private key in another file.
        case certificate(key: String)
        /// Where a Unix socket is to be made: nothing there, or a socket of old, in a folder that may be written to.
        case socket
        /// One line `user:password`, for nobody else's eyes.
        case credentials
        /// Names and verifiers of those who may log in: not for others' eyes.
        case users
    }

    /// nil where all is well, else the end of a sentence that begins with the path.
    public let problem: @Sendable (_ path: String, _ use: Use) -> String?

    public init(problem: @escaping @Sendable (_ path: String, _ use: Use) -> String?) {
        self.problem = problem
    }

    /// Asks stat(2) and access(2), with the rights of the calling process.
    public static var system: FileSurvey { .loading(into: TrustStores(), ClientIdentities()) }

    /// The same; what can be loaded stays in `trust` and `identities`, where the first session finds it.
    static func loading(into trust: TrustStores, _ identities: ClientIdentities) -> FileSurvey {
        FileSurvey { path, use in problem(path, use, trust, identities) }
    }

    private static func problem(
        _ path: String, _ use: Use, _ trust: TrustStores, _ identities: ClientIdentities
    ) -> String? {
        if use == .socket { return socketProblem(path) }
        var status = stat()
        guard stat(path, &status) == 0 else {
            return errno == ENOENT ? absence : "cannot be looked at: \(String(cString: strerror(errno)))"
        }
        let isDirectory = status.st_mode & S_IFMT == S_IFDIR
        switch use {
        case .socket: return nil
        case .credentials:
            do throws(CredentialsFileFault) {
                _ = try CredentialsFile.read(path)
                return nil
            } catch {
                return error.problem
            }
        case .readableFile, .trustAnchors, .certificate:
            guard status.st_mode & S_IFMT == S_IFREG else { return isDirectory ? "is a directory" : "is no file" }
            guard access(path, R_OK) == 0 else { return "may not be read by the user this runs as" }
            return loadingProblem(path, use, trust, identities)
        case .users:
            guard status.st_mode & S_IFMT == S_IFREG else { return isDirectory ? "is a directory" : "is no file" }
            let mode = status.st_mode & 0o7777
            if mode & usersForbiddenMode != 0 {
                return "has mode 0\(String(mode, radix: 8)), and others have rights to it; 0640 is the most"
            }
            return access(path, R_OK) == 0 ? nil : "may not be read by the user this runs as"
        case .writableDirectory:
            if !isDirectory { return "is no directory" }
            return access(path, W_OK | X_OK) == 0 ? nil : "may not be written to by the user this runs as"
        }
    }

    /// Mode bits that a file of users must not have: a stolen verifier can be guessed at, and who writes it can log in.
    static let usersForbiddenMode: mode_t = 0o137
    static let absence = "does not exist"
    static let inTheWay = "is there already, and is no socket"

    private static func socketProblem(_ path: String) -> String? {
        var status = stat()
        if lstat(path, &status) == 0, status.st_mode & S_IFMT != S_IFSOCK { return inTheWay }
        let folder = folder(of: path)
        guard stat(folder, &status) == 0 else {
            return errno == ENOENT
                ? "lies in a folder that does not exist"
                : "lies in a folder that cannot be looked at: \(String(cString: strerror(errno)))"
        }
        if status.st_mode & S_IFMT != S_IFDIR { return "does not lie in a folder" }
        return access(folder, W_OK | X_OK) == 0
            ? nil : "lies in a folder that may not be written to by the user this runs as"
    }

    /// `/run/waxwing` of `/run/waxwing/control.sock`
    static func folder(of path: String) -> String {
        let end = path.lastIndex(of: "/") ?? path.startIndex
        return end == path.startIndex ? "/" : String(path[..<end])
    }

    /// Tries what the first session would.
    private static func loadingProblem(
        _ path: String, _ use: Use, _ trust: TrustStores, _ identities: ClientIdentities
    ) -> String? {
        do throws(TLSError) {
            switch use {
            case .trustAnchors: try trust.load(.file(path))
            case .certificate(let key): try identities.load(ClientIdentity(certificateFile: path, keyFile: key))
            case .readableFile, .writableDirectory, .credentials, .users, .socket: break
            }
            return nil
        } catch {
            // The words of TLS begin with the path at fault.
            let start = "\(path) "
            return error.text.hasPrefix(start)
                ? String(error.text.dropFirst(start.count)) : "cannot be used: \(error.text)"
        }
    }
}
