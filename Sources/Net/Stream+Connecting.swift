import CLinux
import Glibc

extension Stream {
    /// Connects from a task on the loop, optionally from a given local address (its port is 0 for any). Throws `.expired` at
    /// the deadline, `.system(.connectionRefused)` and its like as the kernel says.
    public static func connect(
        to address: SocketAddress, from source: SocketAddress? = nil, on loop: Loop, until deadline: Deadline
    ) async throws(SocketError) -> Stream {
        let stream = try connecting(to: address, from: source, on: loop)
        try await stream.connected(until: deadline)
        return stream
    }

    /// Begins to connect, in two steps for who wants to ``close()`` it meanwhile: ``connected(until:)`` is the other one.
    public static func connecting(
        to address: SocketAddress, from source: SocketAddress? = nil, on loop: Loop
    ) throws(SocketError) -> Stream {
        guard loop.isOnThread else { throw .offLoop }
        do throws(Errno) {
            return try begin(to: address, from: source, on: loop)
        } catch {
            throw .system(error)
        }
    }

    /// Until it is connected; throws as ``connect(to:from:on:until:)`` does, `.closed` where it was closed meanwhile, and closes it then.
    public func connected(until deadline: Deadline) async throws(SocketError) {
        do throws(SocketError) {
            try await wait(for: .write, until: deadline)
            try checkConnected()
        } catch {
            close()
            throw error
        }
    }

    private static func begin(
        to address: SocketAddress, from source: SocketAddress?, on loop: Loop
    ) throws(Errno) -> Stream {
        let family = address.family
        let descriptor = try FileDescriptor {
            socket(family, CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        }
        let number = descriptor.rawValue
        if let source {
            // The port is then chosen by connect, which can share one among destinations. A refinement: may fail.
            try? descriptor.setOption(CInt(IPPROTO_IP), IP_BIND_ADDRESS_NO_PORT, 1)
            try source.withSockaddr { pointer, length throws(Errno) in
                try Errno.check { bind(number, pointer, length) }
            }
        }
        try address.withSockaddr { pointer, length throws(Errno) in
            // Not through the door: after EINTR connect goes on by itself, as after EINPROGRESS (connect(2)).
            if Glibc.connect(number, pointer, length) == 0 { return }
            let error = Errno.current
            if error != .inProgress && error != .interrupted { throw error }
        }
        // Entered only now: an unconnected socket would at once say that it hangs up.
        return Stream(owning: descriptor, peer: address, on: loop, connecting: true)
    }

    /// Asks how connecting ended.
    private func checkConnected() throws(SocketError) {
        try checkUsable()
        var result: CInt = 0
        var length = socklen_t(MemoryLayout<CInt>.size)
        _ = getsockopt(registration.number, SOL_SOCKET, SO_ERROR, &result, &length)
        if result != 0 { throw .system(Errno(rawValue: result)) }
    }

    /// A connected pair of Unix sockets: a stream for us, a descriptor to hand to a child, which blocks unless it is adopted.
    public static func pair(on loop: Loop) throws(Errno) -> StreamPair {
        var numbers: (CInt, CInt) = (-1, -1)
        try Errno.check {
            withUnsafeMutableBytes(of: &numbers) {
                socketpair(
                    AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0,
                    $0.bindMemory(to: CInt.self).baseAddress)
            }
        }
        let other = FileDescriptor(owning: numbers.1)
        return StreamPair(stream: try Stream(adopting: FileDescriptor(owning: numbers.0), on: loop), other: other)
    }
}

/// Two ends of one connection: ours as a stream, the other's as a descriptor.
public struct StreamPair: ~Copyable, Sendable {
    /// Our end.
    public let stream: Stream
    /// The other end, close-on-exec; closed with the pair unless taken out.
    public let other: FileDescriptor

    /// Gives up the pair for the other end alone.
    public consuming func takeOther() -> FileDescriptor {
        other
    }
}
