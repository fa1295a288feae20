import CLinux
import Glibc
import Synchronization

/// What a service manager is told of this process: datagrams to the socket that `NOTIFY_SOCKET` names (sd_notify(3)).
///
/// A notice that cannot be sent is lost: the manager has its own patience. Behind ``Notice/stopping`` nothing is said any more. Safe from
/// any thread.
public final class ServiceNotices: Sendable {
    public enum Notice: Hashable, Sendable {
        /// It serves, as after a start and after a reload.
        case ready
        /// It reads its configuration again; `.ready` follows.
        case reloading
        /// It ends.
        case stopping
        /// It lives: within ``watchdog`` again.
        case alive
        /// A line for whoever asks the manager how it goes.
        case status(String)

        /// - Parameter microseconds: of the monotonic clock.
        func text(at microseconds: Int64) -> String {
            switch self {
            case .ready: "READY=1"
            case .reloading: "RELOADING=1\nMONOTONIC_USEC=\(microseconds)"
            case .stopping: "STOPPING=1"
            case .alive: "WATCHDOG=1"
            case .status(let words): "STATUS=" + String(words.prefix { $0 != "\n" }.prefix(Self.statusLimit))
            }
        }

        /// Characters of a status. Ours.
        static let statusLimit = 200
    }

    /// Octets of `sun_path`: the first is 0 for a name without a file.
    private let path: [UInt8]
    /// Without a notice for so long this process is taken for dead, and killed; nil where nobody watches.
    public let watchdog: Duration?
    /// The last word was said.
    private let isOver = Mutex(false)

    /// Takes what the environment says, and removes it: children are not to speak for us. To be called before there are other threads.
    /// Nil where no manager listens.
    public static func take() -> ServiceNotices? {
        var variables: [String: String] = [:]
        for name in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"] {
            if let value = getenv(name) { variables[name] = String(cString: value) }
            unsetenv(name)
        }
        return ServiceNotices(variables, process: getpid())
    }

    init?(_ variables: [String: String], process: pid_t) {
        guard let name = variables["NOTIFY_SOCKET"], let first = name.utf8.first else { return nil }
        // sd_notify(3): > If $NOTIFY_SOCKET … begins with "@" it is an abstract socket; "/" a path. All else is not spoken to.
        switch first {
        case UInt8(ascii: "/"): path = Array(name.utf8)
        case UInt8(ascii: "@"): path = [0] + Array(name.utf8.dropFirst())
        default: return nil
        }
        guard path.count < Self.pathLimit else { return nil }
        let isMeant = variables["WATCHDOG_PID"].map { pid_t($0) == process } ?? true
        let microseconds = variables["WATCHDOG_USEC"].flatMap { Int64($0) } ?? 0
        watchdog = isMeant && microseconds > 0 ? .microseconds(microseconds) : nil
    }

    /// unix(7): sun_path has 108 octets, the end mark among them.
    private static let pathLimit = 108

    /// - Returns: false where it was not sent.
    @discardableResult
    public func send(_ notice: Notice) -> Bool {
        // It does not block: within the lock, so that the last word is the last.
        isOver.withLock { isOver in
            if isOver { return false }
            isOver = notice == .stopping
            return post(notice)
        }
    }

    private func post(_ notice: Notice) -> Bool {
        let descriptor = socket(
            AF_UNIX, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { _ = close(descriptor) }
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        let text = Array(notice.text(at: Int64(time.tv_sec) &* 1_000_000 &+ Int64(time.tv_nsec) / 1000).utf8)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
        // Of a name without a file each octet counts, of a path the end mark is part.
        let length = offset + path.count + (path.first == 0 ? 0 : 1)
        let sent = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, text, text.count, CInt(MSG_NOSIGNAL), $0, socklen_t(length))
            }
        }
        return sent == text.count
    }
}
