import CLinux
import FlyingSocks
import Glibc

/// The socket file and who may open it.
struct ControlListener: Sendable {
    let path: String
    let socket: Socket
    /// Which file is ours: another may have taken its place when we stop.
    private let device: dev_t
    private let inode: ino_t

    /// The daemon's user and group may connect, nobody else.
    static let mode: mode_t = 0o660
    /// `sun_path` of unix(7) has 108 octets with its NUL.
    static let pathLimit = 107

    /// Binds and listens. A socket file that is in the way is removed only if nobody answers on it.
    init(path: String) throws(ControlServerError) {
        guard path.utf8.count <= Self.pathLimit else {
            throw .failed("\(path) is longer than the \(Self.pathLimit) octets of a Unix socket's path")
        }
        try Self.clear(path)
        let descriptor = Glibc.socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { throw .failed("socket: \(Self.lastError)") }
        let socket = Socket(file: .init(rawValue: descriptor))
        do {
            // Linux makes the file with the socket's own mode less umask: it is at no moment open to others.
            _ = fchmod(descriptor, Self.mode)
            try socket.bind(to: sockaddr_un.unix(path: path))
            try socket.listen(maxPendingConnection: ControlServer.connectionLimit)
        } catch {
            let reason = Self.lastError
            try? socket.close()
            throw .failed("\(path): \(reason)")
        }
        var status = stat()
        guard chmod(path, Self.mode) == 0, lstat(path, &status) == 0 else {
            let reason = Self.lastError
            try? socket.close()
            throw .failed("\(path): \(reason)")
        }
        self.path = path
        self.socket = socket
        device = status.st_dev
        inode = status.st_ino
    }

    /// Removes the file, if it is still ours, and closes the socket.
    func close() {
        var status = stat()
        if lstat(path, &status) == 0, status.st_dev == device, status.st_ino == inode { unlink(path) }
        try? socket.close()
    }

    /// The next connection that waits; nil where none does. Closed on exec, unlike those of the library's own accept.
    func accept() throws(ControlServerError) -> Socket? {
        let descriptor = accept4(
            socket.file.rawValue, __SOCKADDR_ARG(), nil, CInt(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue))
        if descriptor >= 0 { return Socket(file: .init(rawValue: descriptor)) }
        switch errno {
        case EAGAIN, EINTR, ECONNABORTED: return nil
        default: throw .failed("accept: \(Self.lastError)")
        }
    }

    private static func clear(_ path: String) throws(ControlServerError) {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT { return }
            throw .failed("\(path): \(lastError)")
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw .failed("\(path) is there and is no socket") }
        let descriptor = Glibc.socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { throw .failed("socket: \(lastError)") }
        defer { _ = Glibc.close(descriptor) }
        let result = sockaddr_un.unix(path: path).withSockAddr { connect(descriptor, $0, $1) }
        // EAGAIN: somebody listens and is busy.
        if result == 0 || errno == EAGAIN { throw .inUse(path) }
        guard errno == ECONNREFUSED || errno == ENOENT else { throw .failed("\(path): \(lastError)") }
        if unlink(path) != 0, errno != ENOENT { throw .failed("\(path): \(lastError)") }
    }

    private static var lastError: String { String(cString: strerror(errno)) }
}
