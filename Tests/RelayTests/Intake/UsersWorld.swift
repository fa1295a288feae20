import Glibc
import Mail
import Net
import Synchronization
import TLS
import Testing

@testable import Relay

/// A file of users in a folder of its own, and a clock that a test moves.
final class UsersWorld: Sendable {
    let folder: String
    let log = EventLog()
    private let clock = Mutex(Deadline(nanoseconds: 1_000_000_000))

    var path: String { "\(folder)/users" }

    init(_ users: [(name: String, password: String)] = [("ada", "pencil")]) throws {
        var template = Array("/tmp/users-XXXXXX".utf8CString)
        folder = try template.withUnsafeMutableBufferPointer { buffer in
            let made = try #require(buffer.baseAddress.flatMap { mkdtemp($0) })
            return String(cString: made)
        }
        for user in users { try set(user.name, user.password) }
    }

    deinit {
        unlink(path)
        rmdir(folder)
    }

    func set(_ name: String, _ password: String, iterations: Int = 4096) throws {
        let record = try Self.record(name, password, iterations: iterations)
        _ = try UsersFile.change(path) { (file) throws(UsersFileFault) in file.set(record) }
    }

    static func record(_ name: String, _ password: String, iterations: Int = 4096) throws -> UserRecord {
        UserRecord(
            name: try #require(UserName(name)),
            verifier: try SCRAM.verifier(
                for: try #require(Password(Array(password.utf8))), salt: Array(repeating: 1, count: 16),
                iterations: iterations))
    }

    func write(_ text: String, mode: mode_t = 0o600) throws {
        unlink(path)
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        try #require(file >= 0)
        defer { close(file) }
        let octets = Array(text.utf8)
        try #require(Glibc.write(file, octets, octets.count) == octets.count)
        try #require(fchmod(file, mode) == 0)
    }

    func pass(_ duration: Duration) { clock.withLock { $0 = $0.advanced(by: duration) } }

    func users(limit: Int = CheckThreads.pendingLimit) throws -> Users {
        try Users(path: path, log: log.logger, threads: CheckThreads(limit: limit)) { self.clock.withLock { $0 } }
    }
}
