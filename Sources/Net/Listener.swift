import CLinux
import Glibc

/// A listening socket, TCP or Unix. One task accepts; any thread may close it.
public final class Listener: Sendable {
    /// Connections that the kernel keeps for us until they are accepted; it takes the smaller of this and `somaxconn`.
    public static let backlog: CInt = 1_024
    /// How long `accept` rests when descriptors or memory run out. Clients wait in the backlog meanwhile.
    public static let shortagePause = Duration.milliseconds(100)

    /// Connections accepted in one turn of the loop before its other tasks get theirs.
    static let fairShare = 64

    /// Where it listens, with the port that the kernel chose for port 0.
    public let address: SocketAddress
    private let loop: Loop
    let registration: Registration
    private let file: SocketFile?

    /// Binds and listens. `mode` and `group` are for the file of a Unix socket; without a group it has the process's. Throws
    /// `addressInUse` if somebody answers there, or the path holds something that is no socket.
    public init(
        on loop: Loop, address: SocketAddress, mode: UInt32 = 0o600, group: FileGroup? = nil
    ) throws(Errno) {
        let descriptor = try Self.socket(for: address)
        let number = descriptor.rawValue
        var file: SocketFile?
        if case .unix(let path) = address {
            file = try SocketFile(binding: descriptor, to: path, mode: mode, group: group, type: SOCK_STREAM)
        } else {
            try Self.bind(descriptor, to: address)
        }
        try Errno.check { listen(number, Self.backlog) }
        self.address = try Self.boundAddress(of: number) ?? address
        self.loop = loop
        self.file = file
        registration = Registration(owning: descriptor, on: loop, isStream: false)
        registration.attach()
    }

    /// Accepts on a socket that listens already and that somebody else goes on with, as systemd does with those of
    /// ``InheritedSockets``. `close()` gives our copy up: it neither ends the listening nor removes the file of a Unix socket.
    public init(adopting descriptor: consuming FileDescriptor, on loop: Loop) throws(Errno) {
        let number = descriptor.rawValue
        try descriptor.makeNonBlocking()
        try Errno.check { fcntl(number, F_SETFD, FD_CLOEXEC) }
        guard let address = try Self.boundAddress(of: number) else { throw .notSupported }
        self.address = address
        self.loop = loop
        file = nil
        registration = Registration(owning: descriptor, on: loop, isStream: false, isShared: true)
        registration.attach()
    }

    private static func socket(for address: SocketAddress) throws(Errno) -> FileDescriptor {
        let family = address.family
        return try FileDescriptor {
            Glibc.socket(family, CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        }
    }

    /// Of TCP.
    private static func bind(_ descriptor: borrowing FileDescriptor, to address: SocketAddress) throws(Errno) {
        let number = descriptor.rawValue
        try descriptor.setOption(SOL_SOCKET, SO_REUSEADDR, 1)
        if address.family == AF_INET6 { try descriptor.setOption(CInt(IPPROTO_IPV6), IPV6_V6ONLY, 1) }
        try address.withSockaddr { pointer, length throws(Errno) in
            try Errno.check { Glibc.bind(number, pointer, length) }
        }
    }

    /// A TCP socket that listens, for ``init(adopting:on:)`` later, when the right to bind it is gone.
    static func listening(on address: SocketAddress) throws(Errno) -> FileDescriptor {
        let descriptor = try socket(for: address)
        try bind(descriptor, to: address)
        let number = descriptor.rawValue
        try Errno.check { listen(number, backlog) }
        return descriptor
    }

    private static func boundAddress(of number: CInt) throws(Errno) -> SocketAddress? {
        try SocketAddress.read { pointer, length throws(Errno) in
            try Errno.check { getsockname(number, pointer, length) }
        }
    }

    deinit {
        close()
    }

    /// Waits for the next connection and binds it to `home` (by default the listener's own loop). Goes on after errors of one
    /// connection, and after a pause when descriptors or memory run out. Throws `.closed` after `close()`, `.expired` at the
    /// deadline, `.system` for what no patience cures.
    public func accept(on home: Loop? = nil, until deadline: Deadline = .never) async throws(SocketError) -> Stream {
        while true {
            guard loop.isOnThread else { throw .offLoop }
            if registration.isClosed { throw .closed }
            let wake: Wake
            do throws(Errno) {
                let (descriptor, peer) = try acceptOne()
                let stream = Stream(owning: FileDescriptor(owning: descriptor), peer: peer, on: home ?? loop)
                if registration.exceedsShare(1, of: Self.fairShare) { await Task.yield() }
                return stream
            } catch {
                switch Shortage(error) {
                case .nothingThere:
                    registration.exhausted(.read)
                    wake = await registration.wait(for: .read, until: deadline)
                case .thatOneFailed:
                    continue
                case .ourResources:
                    let pause = Deadline.after(Self.shortagePause)
                    wake = await registration.pause(until: min(pause, deadline))
                    if wake == .expired, pause < deadline { continue }
                case .fatal:
                    throw .system(error)
                }
            }
            try wake.throwUnlessReady()
        }
    }

    private func acceptOne() throws(Errno) -> (CInt, SocketAddress?) {
        let number = registration.number
        var accepted: CInt = -1
        let peer = try SocketAddress.read { pointer, length throws(Errno) in
            accepted = try Errno.check {
                accept4(
                    number, __SOCKADDR_ARG(__sockaddr__: pointer), length,
                    CInt(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue))
            }
        }
        return (accepted, peer)
    }

    /// Ends `accept` with `.closed`, closes the socket, removes the file of a Unix socket. From any thread; again does nothing.
    public func close() {
        file?.remove()
        registration.close()
    }
}

/// What an error of accept means for the next one (accept(2)).
enum Shortage {
    case nothingThere, thatOneFailed, ourResources, fatal

    init(_ error: Errno) {
        switch error.rawValue {
        case EAGAIN:
            self = .nothingThere
        // > Linux accept() passes already-pending network errors on the new socket as an error code from accept().
        // > For reliable operation the application should detect the network errors and treat them like EAGAIN by retrying.
        case ECONNABORTED, EPERM, ENETDOWN, EPROTO, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP,
            ENETUNREACH:
            self = .thatOneFailed
        case EMFILE, ENFILE, ENOBUFS, ENOMEM:
            self = .ourResources
        default:
            self = .fatal
        }
    }
}

extension Wake {
    func throwUnlessReady() throws(SocketError) {
        switch self {
        case .ready: return
        case .expired: throw .expired
        case .closed: throw .closed
        case .busy: throw .busy
        case .interrupted: throw .interrupted
        }
    }
}
