import CLinux
import Glibc

/// A Unix datagram socket at a path, to receive from. One task receives; any thread may close it.
public final class DatagramSocket: Sendable {
    /// Octets of a datagram; of a larger one nothing is handed out. Ours.
    public static let datagramLimit = 65_536
    /// Datagrams handed out at once.
    public static let batchLimit = 64

    /// What has come.
    public enum Datagram: Hashable, Sendable {
        case whole([UInt8])
        /// More than ``datagramLimit`` octets.
        case tooLarge
    }

    /// The path of the socket's file.
    public let path: String
    private let loop: Loop
    private let registration: Registration

    /// Binds. `mode` is the file's: who may write to it may send. Throws `addressInUse` if somebody receives there, or the path
    /// holds something that is no socket.
    public init(on loop: Loop, path: String, mode: UInt32 = 0o660) throws(Errno) {
        let descriptor = try FileDescriptor {
            socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        }
        self.path = path
        self.loop = loop
        registration = Registration(owning: descriptor, on: loop, isStream: false)
        registration.attach()
    }

    /// Waits until something has come, and hands out what is there: at least one and at most ``batchLimit`` datagrams. Throws
    /// `.closed` after `close()`, `.expired` at the deadline, `.system` for what no patience cures.
    public func next(until deadline: Deadline = .never) async throws(SocketError) -> [Datagram] {
        throw .closed
    }

    /// Ends `next` with `.closed`, closes the socket and removes its file. From any thread; again does nothing.
    public func close() {
        registration.close()
    }
}
