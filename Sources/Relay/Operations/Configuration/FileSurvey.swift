import Glibc
import Mail
import Net
import TLS

/// Tells whether files are there and may be used; an argument, so that tests need no files.
public struct FileSurvey: Sendable {
    public enum Use: Hashable, Sendable {
        case readableFile
        /// The same, by the resolver's worker: it is started as the user that relayd becomes.
        case workerFile
        case writableDirectory
        /// PEM certificates.
        case trustAnchors
        /// A certificate chain in PEM that goes with the private key in another file.
        case certificate(key: String)
        /// Where a Unix socket is to be made: nothing there, or a socket of old, in a folder that may be written to.
        case socket
        /// The same where the folder itself may be missing: it is made at start, in one that is there (``Rights``).
        case ownSocket
        /// What is run, with nothing of ours but its arguments.
        case program
        /// One line `user:password`, for nobody else's eyes.
        case credentials
        /// Names and verifiers of those who may log in: not for others' eyes.
        case users
    }

    /// nil where all is well.
    public let problem: @Sendable (_ path: String, _ use: Use) -> Problem?

    public init(problem: @escaping @Sendable (_ path: String, _ use: Use) -> Problem?) {
        self.problem = problem
    }

    /// Asks stat(2) and access(2), with the rights of the calling process.
    public static var system: FileSurvey { .loading(into: TrustStores(), ClientIdentities()) }

    /// The same; what can be loaded stays in `trust` and `identities`, where the first session finds it.
    /// - Parameter user: who writes and runs what is written and run, where that is not the caller.
    static func loading(
        into trust: TrustStores, _ identities: ClientIdentities, for user: SystemUser? = nil
    ) -> FileSurvey {
        FileSurvey { path, use in problem(path, use, trust, identities, user) }
    }

    private static func problem(
        _ path: String, _ use: Use, _ trust: TrustStores, _ identities: ClientIdentities, _ user: SystemUser?
    ) -> Problem? {
        if use == .socket || use == .ownSocket { return socketProblem(path, user, makesFolder: use == .ownSocket) }
        var status = stat()
        guard stat(path, &status) == 0 else {
            return errno == ENOENT ? .absence : .unseen(String(cString: strerror(errno)))
        }
        let isDirectory = status.st_mode & S_IFMT == S_IFDIR
        switch use {
        case .socket, .ownSocket: return nil
        case .program:
            guard status.st_mode & S_IFMT == S_IFREG else { return .noFile(isDirectory: isDirectory) }
            return access(path, X_OK) == 0 && user?.may(.execute, path) != false
                ? nil : .other("may not be executed by \(user?.name ?? runner)")
        case .credentials:
            do throws(CredentialsFileFault) {
                _ = try CredentialsFile.read(path)
                return nil
            } catch {
                return .other(error.problem)
            }
        case .readableFile, .workerFile, .trustAnchors, .certificate:
            guard status.st_mode & S_IFMT == S_IFREG else { return .noFile(isDirectory: isDirectory) }
            guard access(path, R_OK) == 0 else { return .unreadable(by: runner) }
            if use == .workerFile, let user, user.may(.read, path) == false { return .unreadable(by: user.name) }
            return loadingProblem(path, use, trust, identities)
        case .users:
            guard status.st_mode & S_IFMT == S_IFREG else { return .noFile(isDirectory: isDirectory) }
            let mode = status.st_mode & 0o7777
            if mode & usersForbiddenMode != 0 {
                return .other("has mode 0\(String(mode, radix: 8)), and others have rights to it; 0640 is the most")
            }
            return access(path, R_OK) == 0 ? nil : .unreadable(by: runner)
        case .writableDirectory:
            if !isDirectory { return .noFolder }
            return writingProblem(path, user)
        }
    }

    private static let runner = "the user this runs as"

    /// Of a folder that is there.
    private static func writingProblem(_ folder: String, _ user: SystemUser?) -> Problem? {
        var status = stat()
        guard access(folder, W_OK | X_OK) == 0 else {
            if errno == EROFS { return .readOnly }
            guard stat(folder, &status) == 0, status.st_uid != geteuid() else {
                return .unwritable(by: runner)
            }
            return .foreign(owner: status.st_uid, user: "\(geteuid())")
        }
        guard let user, user.may([.write, .execute], folder) == false, stat(folder, &status) == 0 else { return nil }
        return status.st_uid == user.number
            ? .unwritable(by: user.name) : .foreign(owner: status.st_uid, user: user.name)
    }

    /// Mode bits that a file of users must not have: a stolen verifier can be guessed at, and who writes it can log in.
    static let usersForbiddenMode: mode_t = 0o137

    private static func socketProblem(_ path: String, _ user: SystemUser?, makesFolder: Bool) -> Problem? {
        var status = stat()
        if lstat(path, &status) == 0, status.st_mode & S_IFMT != S_IFSOCK { return .inTheWay }
        let folder = folder(of: path)
        guard stat(folder, &status) == 0 else {
            guard errno == ENOENT else {
                return .folder(.unseen(String(cString: strerror(errno))))
            }
            guard makesFolder else { return .folder(.absence) }
            return mayMake(folder, user) ? nil : .unmakeable
        }
        if status.st_mode & S_IFMT != S_IFDIR { return .other("does not lie in a folder") }
        return writingProblem(folder, user).map(Problem.folder)
    }

    /// It is made with the rights of the caller, and given to the user, who must be able to go there.
    private static func mayMake(_ folder: String, _ user: SystemUser?) -> Bool {
        var status = stat()
        let parent = self.folder(of: folder)
        return stat(parent, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR && access(parent, W_OK | X_OK) == 0
            && user?.may(.execute, parent) != false
    }

    /// `/run/waxwing` of `/run/waxwing/control.sock`
    static func folder(of path: String) -> String {
        let end = path.lastIndex(of: "/") ?? path.startIndex
        return end == path.startIndex ? "/" : String(path[..<end])
    }

    /// Tries what the first session would.
    private static func loadingProblem(
        _ path: String, _ use: Use, _ trust: TrustStores, _ identities: ClientIdentities
    ) -> Problem? {
        do throws(TLSError) {
            switch use {
            case .trustAnchors: try trust.load(.file(path))
            case .certificate(let key): try identities.load(ClientIdentity(certificateFile: path, keyFile: key))
            case .readableFile, .workerFile, .writableDirectory, .credentials, .users, .socket, .ownSocket, .program:
                break
            }
            return nil
        } catch {
            // The words of TLS begin with the path at fault.
            let start = "\(path) "
            return .other(
                error.text.hasPrefix(start)
                    ? String(error.text.dropFirst(start.count)) : "cannot be used: \(error.text)")
        }
    }
}
