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
        /// One line `user:password`, for nobody else's eyes.
        case credentials
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
        var status = stat()
        guard stat(path, &status) == 0 else {
            return errno == ENOENT ? "does not exist" : "cannot be looked at: \(String(cString: strerror(errno)))"
        }
        let isDirectory = status.st_mode & S_IFMT == S_IFDIR
        switch use {
        case .credentials:
            do throws(CredentialsFileFault) {
                _ = try CredentialsFile.read(path)
                return nil
            } catch {
                return error.problem
            }
        case .readableFile, .trustAnchors, .certificate:
            if isDirectory { return "is a directory" }
            guard access(path, R_OK) == 0 else { return "may not be read by the user this runs as" }
            return loadingProblem(path, use, trust, identities)
        case .writableDirectory:
            if !isDirectory { return "is no directory" }
            return access(path, W_OK | X_OK) == 0 ? nil : "may not be written to by the user this runs as"
        }
    }

    /// Tries what the first session would.
    private static func loadingProblem(
        _ path: String, _ use: Use, _ trust: TrustStores, _ identities: ClientIdentities
    ) -> String? {
        do throws(TLSError) {
            switch use {
            case .trustAnchors: try trust.load(.file(path))
            case .certificate(let key): try identities.load(ClientIdentity(certificateFile: path, keyFile: key))
            case .readableFile, .writableDirectory, .credentials: break
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
