import Glibc

/// Tells whether files are there and may be used; an argument, so that tests need no files.
public struct FileSurvey: Sendable {
    public enum Use: Sendable {
        case readableFile
        case writableDirectory
        /// PEM certificates.
        case trustAnchors
        /// One line `user:password`, for nobody else's eyes.
        case credentials
    }

    /// nil where all is well, else the end of a sentence that begins with the path.
    public let problem: @Sendable (_ path: String, _ use: Use) -> String?

    public init(problem: @escaping @Sendable (_ path: String, _ use: Use) -> String?) {
        self.problem = problem
    }

    /// Asks stat(2) and access(2), with the rights of the calling process.
    public static let system = FileSurvey { path, use in
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
        case .readableFile, .trustAnchors:
            if isDirectory { return "is a directory" }
            return access(path, R_OK) == 0 ? nil : "may not be read by the user this runs as"
        case .writableDirectory:
            if !isDirectory { return "is no directory" }
            return access(path, W_OK | X_OK) == 0 ? nil : "may not be written to by the user this runs as"
        }
    }
}
