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
            try Errno.check { withSockaddr(address) { bind(number, $0, $1) } }
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
            try Errno.check { withSockaddr(address) { Glibc.connect(number, $0, $1) } }
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

    private static func withSockaddr(
        _ address: SocketAddress, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt
    ) -> CInt {
        switch address {
        case .v4(let host, let port):
            var value = sockaddr_in()
            value.sin_family = sa_family_t(AF_INET)
            value.sin_port = port.bigEndian
            value.sin_addr.s_addr = host.bigEndian
            return lend(&value, body)
        case .v6(let high, let low, let port, let scope):
            var value = sockaddr_in6()
            value.sin6_family = sa_family_t(AF_INET6)
            value.sin6_port = port.bigEndian
            value.sin6_scope_id = scope
            withUnsafeMutableBytes(of: &value.sin6_addr) {
                $0.storeBytes(of: high.bigEndian, as: UInt64.self)
                $0.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            return lend(&value, body)
        case .unix:
            return -1
        }
    }

    private static func lend<Value>(
        _ value: inout Value, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt
    ) -> CInt {
        withUnsafeBytes(of: &value) { bytes in
            guard let base = bytes.baseAddress else { return -1 }
            return body(base.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
        }
    }
}
