import CLinux
import Glibc
import Net

/// TCP sockets as the ends of a measurement want them: never blocking, without delay.
enum Sockets {
    /// As many descriptors as the system allows: ten thousand idle connections are more than its default.
    static func raiseDescriptorLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    static func listen(at address: SocketAddress) throws(Errno) -> CInt {
        let number = try open(address)
        set(number, SOL_SOCKET, SO_REUSEADDR)
        do throws(Errno) {
            try address.withSockaddr { pointer, length throws(Errno) in
                try Errno.check { bind(number, pointer, length) }
            }
            try Errno.check { Glibc.listen(number, 4096) }
        } catch {
            close(number)
            throw error
        }
        return number
    }

    /// Begins to connect; the descriptor is writable once it is connected, or has failed.
    static func connect(to address: SocketAddress) throws(Errno) -> CInt {
        let number = try open(address)
        set(number, CInt(IPPROTO_TCP), TCP_NODELAY)
        do throws(Errno) {
            try address.withSockaddr { pointer, length throws(Errno) in
                try Errno.check { Glibc.connect(number, pointer, length) }
            }
        } catch {
            if error == .inProgress { return number }
            close(number)
            throw error
        }
        return number
    }

    /// The next connection of a listener; nil where none waits, or the one that waited is gone.
    static func accept(from listener: CInt) -> CInt? {
        let number = accept4(listener, __SOCKADDR_ARG(), nil, CInt(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue))
        guard number >= 0 else { return nil }
        set(number, CInt(IPPROTO_TCP), TCP_NODELAY)
        return number
    }

    private static func open(_ address: SocketAddress) throws(Errno) -> CInt {
        let family =
            switch address {
            case .v4: AF_INET
            case .v6: AF_INET6
            case .unix: throw .notSupported
            }
        let kind = CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        return try Errno.check { socket(family, kind, 0) }
    }

    private static func set(_ number: CInt, _ level: CInt, _ option: CInt) {
        var value: CInt = 1
        _ = setsockopt(number, level, option, &value, socklen_t(MemoryLayout<CInt>.size))
    }
}
