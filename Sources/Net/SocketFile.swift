import CLinux
import Glibc
import Synchronization

/// The file of a Unix socket that we bound.
final class SocketFile: Sendable {
    private let path: String
    /// The file as we made it: another one at its path is not ours to remove.
    private let made: Identity?
    private let isRemoved = Atomic(false)

    private struct Identity: Equatable {
        let device: UInt
        let inode: UInt

        /// Nil where there is no socket at the path.
        init?(_ path: String) {
            var status = stat()
            guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return nil }
            device = UInt(status.st_dev)
            inode = UInt(status.st_ino)
        }
    }

    /// Binds the socket, after a file was removed that a dead process left. Throws `addressInUse` if somebody answers there,
    /// or the path holds something that is no socket.
    init(
        binding descriptor: borrowing FileDescriptor, to path: String, mode: UInt32, group: FileGroup?,
        type: __socket_type
    ) throws(Errno) {
        let number = descriptor.rawValue
        let address = SocketAddress.unix(path: path)
        try Self.removeStale(path, at: address, type)
        // The file takes its mode from the socket, less the umask, so that nobody slips in before chmod.
        // Until it has its group, nobody but its owner comes in.
        try Errno.check { fchmod(number, mode_t(group == nil ? mode : mode & 0o700)) }
        try address.withSockaddr { pointer, length throws(Errno) in
            try Errno.check { bind(number, pointer, length) }
        }
        made = Identity(path)
        self.path = path
        do throws(Errno) {
            // The owner stays who it is: uid -1.
            if let group { try Errno.check { lchown(path, .max, group.number) } }
            // Nor does a link that somebody has put there lead it elsewhere.
            try Errno.check { fchmodat(AT_FDCWD, path, mode_t(mode), AT_SYMLINK_NOFOLLOW) }
        } catch {
            remove()
            throw error
        }
    }

    /// Removes the file, once.
    func remove() {
        guard let made, !isRemoved.exchange(true, ordering: .acquiringAndReleasing), Identity(path) == made else {
            return
        }
        unlink(path)
    }

    /// One where somebody answers, or that is no socket, is left alone: then bind says that the address is in use.
    private static func removeStale(
        _ path: String, at address: SocketAddress, _ type: __socket_type
    ) throws(Errno) {
        guard Identity(path) != nil else { return }
        let probe = try FileDescriptor { socket(AF_UNIX, CInt(type.rawValue | SOCK_CLOEXEC.rawValue), 0) }
        try probe.makeNonBlocking()
        let number = probe.rawValue
        do throws(Errno) {
            try address.withSockaddr { pointer, length throws(Errno) in
                try Errno.check { connect(number, pointer, length) }
            }
        } catch {
            if error == .connectionRefused { unlink(path) }
        }
    }
}
