import Glibc

/// The worker's end of the socketpair: frames in, frames out, by poll(2). One thread, so no lock.
struct WorkerSocket {
    /// Octets not taken by the daemon at which the worker reads no more questions.
    static let unsentLimit = 1 << 20
    private static let portion = 64 * 1024

    private let descriptor: Int32
    private var reader = FrameReader()
    private var unsent: [UInt8] = []
    private var sent = 0

    init(descriptor: Int32) {
        self.descriptor = descriptor
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    }

    mutating func queue(_ frame: [UInt8]) { unsent.append(contentsOf: frame) }

    /// Waits until the socket can do something or `other` (where not negative) is readable.
    func wait(other: Int32) throws(WorkerEnd) -> (socket: Bool, other: Bool) {
        var events: Int16 = 0
        if unsent.count - sent < Self.unsentLimit { events |= Int16(POLLIN) }
        if unsent.count > sent { events |= Int16(POLLOUT) }
        var descriptors = [
            pollfd(fd: descriptor, events: events, revents: 0), pollfd(fd: other, events: Int16(POLLIN), revents: 0),
        ]
        if poll(&descriptors, 2, -1) < 0, errno != EINTR { throw .socketFailed(errno) }
        return (descriptors[0].revents != 0, descriptors[1].revents != 0)
    }

    /// Sends what is queued, as far as the socket takes it.
    mutating func flush() throws(WorkerEnd) {
        while sent < unsent.count {
            let count = unsent.withUnsafeBytes { bytes in
                send(descriptor, bytes.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count < 0 {
                if errno == EINTR { continue }
                if errno == EAGAIN { return }
                throw errno == EPIPE || errno == ECONNRESET ? .closed : .socketFailed(errno)
            }
            sent += count
        }
        unsent.removeAll(keepingCapacity: true)
        sent = 0
    }

    /// Takes what has come, without waiting.
    mutating func receive() throws(WorkerEnd) {
        let descriptor = descriptor
        var result = 0
        let octets = [UInt8](unsafeUninitializedCapacity: Self.portion) { buffer, count in
            result = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            count = max(0, result)
        }
        if result < 0 {
            if errno == EAGAIN || errno == EINTR { return }
            throw errno == ECONNRESET ? .closed : .socketFailed(errno)
        }
        if result == 0 { throw .closed }
        reader.append(octets)
    }

    /// The next whole message that has come, or nil.
    mutating func next() throws(WorkerEnd) -> DaemonMessage? {
        do throws(WireError) {
            guard let payload = try reader.next() else { return nil }
            return try DaemonMessage(payload: payload)
        } catch {
            throw .protocolViolation(error)
        }
    }
}
