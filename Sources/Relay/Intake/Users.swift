import Mail
import Synchronization
import TLS

/// Who may log in, by a file that is read again when it has changed.
final class Users: Sendable {
    /// Reads the file once, so that a daemon does not start with one it cannot use.
    static func open(path: String) throws(UsersFileFault) -> Users { throw UsersFileFault(path: path, line: nil, problem: "") }
}

/// Why a file of users cannot be used: where, what, and the cure.
struct UsersFileFault: Error, Hashable {
    let path: String
    let line: Int?
    let problem: String
}
