import CLinux
import Glibc

/// A connected socket, TCP or Unix, on one loop for its whole life.
///
/// The tasks that use it run on that loop; off it every operation throws `.offLoop`. One may read while another writes, two
/// of a kind may not (`.busy`). Every operation has a deadline. After an error of writing the stream is good for closing only.
/// Letting the last reference go closes it too, but `close()` is the polite way: it ends the waits of others.
public final class Stream: @unchecked Sendable {
    // @unchecked Sendable because: `registration` and the addresses are immutable; `input`, `output` and the rest are
    // touched by the loop's thread only, which every function that uses them checks first (`isUsable`, `checkUsable`).

    /// Octets that wait unread, at most, where the reader sets no limit of its own.
    public static let inputLimit = 65_536
    /// Octets that wait unsent, at most: `put` beyond it throws `.bufferFull`.
    public static let outputLimit = 1_048_576
    /// Octets that one stream moves before others get their turn.
    static let fairShare = 262_144

    /// The other end as connect or accept named it; an unnamed Unix socket has an empty path.
    public let peerAddress: SocketAddress?
    let registration: Registration

    var input = InputBuffer()
    /// The peer will send no more.
    var inputEnded = false
    var output: [UInt8] = []
    /// Octets of `output` that are sent already.
    var outputSent = 0
    /// What made writing impossible, if something did.
    var outputFailure: SocketError?
    var transport: (any Transport)?

    /// Owns a connected, non-blocking socket.
    init(owning descriptor: consuming FileDescriptor, peer: SocketAddress?, on loop: Loop, connecting: Bool = false) {
        peerAddress = peer
        // Small answers must not wait for acknowledgements. Fails for Unix sockets, which never wait.
        if peer?.family != AF_UNIX { try? descriptor.setOption(CInt(IPPROTO_TCP), TCP_NODELAY, 1) }
        registration = Registration(owning: descriptor, on: loop, isStream: true, writing: connecting)
        registration.attach()
    }

    /// Takes over a connected stream socket, inherited or one end of a pair, and makes it non-blocking.
    public convenience init(adopting descriptor: consuming FileDescriptor, on loop: Loop) throws(Errno) {
        try descriptor.makeNonBlocking()
        let number = descriptor.rawValue
        let peer = try SocketAddress.read { pointer, length throws(Errno) in
            try Errno.check { getpeername(number, pointer, length) }
        }
        self.init(owning: descriptor, peer: peer, on: loop)
    }

    deinit {
        registration.close()
    }

    /// The loop it lives on.
    public var loop: Loop { registration.loop }

    /// Our end's address; nil when closed.
    public var localAddress: SocketAddress? {
        guard isUsable else { return nil }
        let number = registration.number
        return try? SocketAddress.read { pointer, length throws(Errno) in
            try Errno.check { getsockname(number, pointer, length) }
        }
    }

    /// Who connected the Unix socket, as the kernel knows (SO_PEERCRED of unix(7)); nil for TCP or when closed.
    public var peerCredentials: PeerCredentials? {
        guard isUsable, peerAddress?.family == AF_UNIX else { return nil }
        var credentials = ucred()
        var length = socklen_t(MemoryLayout<ucred>.size)
        guard getsockopt(registration.number, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0 else { return nil }
        return PeerCredentials(pid: credentials.pid, uid: credentials.uid, gid: credentials.gid)
    }

    // MARK: The end

    /// Whether it is closed on our side.
    public var isClosed: Bool { registration.isClosed }

    /// Closes the socket; what is unsent is lost. Pending waits end with `.closed`. From any thread; again does nothing.
    public func close() {
        registration.close()
        if loop.isOnThread { transport = nil }
    }

    /// Wakes whoever waits to read, with `.interrupted`; nothing where nobody waits. The stream stays open. From any thread.
    public func interrupt() {
        registration.interruptReading()
    }

    /// Sends the end of the stream after what was sent, and keeps reading. TLS says its own farewell first, with `perform`.
    public func shutdownWrite() throws(SocketError) {
        try checkUsable()
        let number = registration.number
        do throws(Errno) {
            try Errno.check { shutdown(number, CInt(SHUT_WR)) }
        } catch {
            throw SocketError(error)
        }
    }

    // MARK: Under the hood of a transport

    /// Moves the bytes through TLS, or through the socket again (nil). Buffers stay: look at `bufferedCount` before, what is
    /// in it came by the old way (the STARTTLS rule).
    public func replaceTransport(_ transport: (any Transport)?) {
        guard isUsable else { return }
        self.transport = transport
        registration.isReadable = true
        inputEnded = false
    }

    /// Drives a handshake or a farewell: calls the step, waits for what it wants, until it is done or the deadline passes.
    public func perform(until deadline: Deadline, _ step: () -> Progress) async throws(SocketError) {
        while true {
            try checkUsable()
            let progress = step()
            // The step may have read: what the flag knew is void.
            registration.isReadable = true
            switch progress {
            case .done: return
            case .wantRead: try await wait(for: .read, until: deadline)
            case .wantWrite: try await wait(for: .write, until: deadline)
            case .failed(let error): throw SocketError(transport: error)
            }
        }
    }

    /// Lends the descriptor's number, for OpenSSL to read and write; nil when closed. Do not close it, or keep it longer than
    /// the transport that `replaceTransport` got.
    public func withDescriptor<Value, Failure: Error>(
        _ body: (CInt) throws(Failure) -> Value
    ) throws(Failure) -> Value? {
        guard isUsable else { return nil }
        defer { registration.isReadable = true }
        return try body(registration.number)
    }

    /// Has the kernel acknowledge what comes next at once, for a while (`TCP_QUICKACK`, tcp(7)). A hint: nothing fails by it.
    ///
    /// A server that writes twice in a row without `TCP_NODELAY` holds its second write back until the first is acknowledged,
    /// and we acknowledge late, hoping to have something to say: 40 ms.
    public func acknowledgeAtOnce() {
        guard isUsable, peerAddress?.family != AF_UNIX else { return }
        var on: CInt = 1
        _ = setsockopt(registration.number, CInt(IPPROTO_TCP), TCP_QUICKACK, &on, socklen_t(MemoryLayout<CInt>.size))
    }

    // MARK: For reading and writing

    /// Whether this is the loop's thread and the socket is open.
    var isUsable: Bool {
        loop.isOnThread && !registration.isClosed
    }

    func checkUsable() throws(SocketError) {
        if registration.isClosed { throw .closed }
        if !loop.isOnThread { throw .offLoop }
    }

    /// Waits, after a try that said so.
    nonisolated(nonsending) func wait(for direction: Direction, until deadline: Deadline) async throws(SocketError) {
        registration.exhausted(direction)
        try await registration.wait(for: direction, until: deadline).throwUnlessReady()
    }

    /// Counts what was moved without waiting; true when it is others' turn.
    func exceedsShare(_ count: Int) -> Bool {
        registration.exceedsShare(count, of: Self.fairShare)
    }
}

/// The process at the other end of a Unix socket, as it was when it connected.
public struct PeerCredentials: Hashable, Sendable {
    /// Its number.
    public let pid: Int32
    /// Its effective user.
    public let uid: UInt32
    /// Its effective group.
    public let gid: UInt32
}
