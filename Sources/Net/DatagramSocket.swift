import CLinux
import Glibc

/// A Unix datagram socket at a path, to receive from. One task receives; any thread may close it.
///
/// The kernel keeps `net.unix.max_dgram_qlen` datagrams until they are received, as of the moment the socket was made; SO_RCVBUF
/// has no effect here (unix(7)). Who sends without waiting loses what is too much.
public final class DatagramSocket: Sendable {
    /// Octets of a datagram; of a larger one nothing is handed out. Ours.
    public static let datagramLimit = 65_536
    /// Datagrams handed out at once. Ours.
    public static let batchLimit = 64
    /// How long `next` rests when the kernel has no memory.
    public static let shortagePause = Duration.milliseconds(100)

    /// What has come.
    public enum Datagram: Hashable, Sendable {
        case whole([UInt8])
        /// More than ``datagramLimit`` octets.
        case tooLarge
    }

    /// The path of the socket's file.
    public let path: String
    private let loop: Loop
    let registration: Registration
    private let file: SocketFile

    /// Binds. `mode` is the file's, less the umask at first: who may write to it may send. Throws `addressInUse` if somebody
    /// receives there, or the path holds something that is no socket, and `nameTooLong`.
    public init(on loop: Loop, path: String, mode: UInt32 = 0o660) throws(Errno) {
        let descriptor = try FileDescriptor {
            socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        }
        file = try SocketFile(binding: descriptor, to: path, mode: mode, group: nil, type: SOCK_DGRAM)
        self.path = path
        self.loop = loop
        registration = Registration(owning: descriptor, on: loop, isStream: false)
        registration.attach()
    }

    deinit {
        close()
    }

    /// Waits until something has come, and hands out what is there: at least one and at most ``batchLimit`` datagrams. Throws
    /// `.closed` after `close()`, `.expired` at the deadline, `.system` for what no patience cures.
    public func next(until deadline: Deadline = .never) async throws(SocketError) -> [Datagram] {
        while true {
            guard loop.isOnThread else { throw .offLoop }
            if registration.isClosed { throw .closed }
            let wake: Wake
            do throws(Errno) {
                let batch = try receive()
                // Between full batches the loop's other tasks get their turn.
                if registration.exceedsShare(batch.count, of: Self.batchLimit) { await Task.yield() }
                return batch
            } catch {
                switch Shortage(error) {
                case .nothingThere:
                    registration.exhausted(.read)
                    wake = await registration.wait(for: .read, until: deadline)
                case .ourResources:
                    let pause = Deadline.after(Self.shortagePause)
                    wake = await registration.pause(until: min(pause, deadline))
                    if wake == .expired, pause < deadline { continue }
                case .thatOneFailed, .fatal:
                    throw .system(error)
                }
            }
            try wake.throwUnlessReady()
        }
    }

    /// What is there without waiting, and at least one; throws `again` where there is none.
    private func receive() throws(Errno) -> [Datagram] {
        let number = registration.number
        var batch: [Datagram] = []
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.datagramLimit, alignment: 1)
        defer { room.deallocate() }
        while batch.count < Self.batchLimit {
            do throws(Errno) {
                // With MSG_TRUNC it returns the datagram's length, whatever of it fitted (recv(2)).
                let length = try Errno.check { recv(number, room.baseAddress, room.count, CInt(MSG_TRUNC)) }
                batch.append(length <= room.count ? .whole(Array(room[..<length])) : .tooLarge)
            } catch {
                // What has come is handed out first; an error that stays comes again.
                if batch.isEmpty { throw error }
                break
            }
        }
        return batch
    }

    /// Ends `next` with `.closed`, closes the socket and removes its file, where it is still the one that was made. From any
    /// thread; again does nothing.
    public func close() {
        file.remove()
        registration.close()
    }
}
