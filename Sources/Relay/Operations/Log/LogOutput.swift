import Dispatch
import Glibc
import Synchronization

/// Standard error, written by a thread of its own.
///
/// Whoever logs only appends to a buffer in memory: a log reader that stalls (a full pipe, a stopped terminal, journald
/// under load) never stops mail. When the buffer is full, lines are dropped and counted, and the count is logged as soon
/// as there is room, in the form of the others: `event=log-lines-lost count=N`. Lines that come within ``gathering`` are written together in
/// one write(2): a thread that is woken for each line costs more than the line. At the end of the program
/// ``flush(within:)`` waits for the rest, and not for ever.
public final class LogOutput: Sendable {
    /// Octets that may wait to be written.
    public static let bufferLimit = 1 << 20
    /// Octets of one write(2): PIPE_BUF times 16, so that a slow reader is not handed a megabyte at once.
    static let writeLimit = 65_536
    /// Milliseconds a line may wait for others. A process that is killed loses them. Ours.
    static let gathering: CInt = 5

    private struct Waiting {
        var octets: [UInt8] = []
        var lost = 0
        var isScheduled = false
    }

    private let descriptor: CInt
    private let limit: Int
    private let lossLine = Mutex<(@Sendable (Int) -> String)?>(nil)
    private let waiting = Mutex(Waiting())
    private let queue = DispatchQueue(label: "log")

    public init(descriptor: CInt = 2, limit: Int = LogOutput.bufferLimit) {
        self.descriptor = descriptor
        self.limit = limit
    }

    /// Has lost lines told in this form, line end included; until then they are told as text.
    func tellLosses(_ line: @escaping @Sendable (Int) -> String) {
        lossLine.withLock { $0 = line }
    }

    /// Takes one whole line with its line end. Never blocks longer than it takes to copy it.
    public func write(_ line: String) {
        let schedule = waiting.withLock { waiting in
            if waiting.octets.count + line.utf8.count > limit {
                waiting.lost += 1
                return false
            }
            if waiting.lost > 0 {
                let form = lossLine.withLock { $0 }
                waiting.octets += Array((form?(waiting.lost) ?? "event=log-lines-lost count=\(waiting.lost)\n").utf8)
                waiting.lost = 0
            }
            waiting.octets.append(contentsOf: line.utf8)
            if waiting.isScheduled { return false }
            waiting.isScheduled = true
            return true
        }
        if schedule { queue.async { self.drain() } }
    }

    /// Waits until all lines are written, at most `seconds`; true if they are.
    @discardableResult
    public func flush(within seconds: Double = 1) -> Bool {
        let done = DispatchSemaphore(value: 0)
        queue.async { done.signal() }
        return done.wait(timeout: .now() + seconds) == .success
    }

    /// True where a person reads along.
    public var isTerminal: Bool { isatty(descriptor) == 1 }

    /// True where journald reads it, and takes a priority in front of each line (systemd.exec(5), `JOURNAL_STREAM`).
    public var isJournal: Bool {
        var status = stat()
        guard let stream = getenv("JOURNAL_STREAM"), fstat(descriptor, &status) == 0 else { return false }
        return String(cString: stream) == "\(status.st_dev):\(status.st_ino)"
    }

    private func drain() {
        // Not a timer of libdispatch: where libfaketime moves the clock none fires.
        poll(nil, 0, Self.gathering)
        while true {
            let octets: [UInt8]? = waiting.withLock { waiting in
                if waiting.octets.isEmpty {
                    waiting.isScheduled = false
                    return nil
                }
                defer { waiting.octets = [] }
                return waiting.octets
            }
            guard let octets else { return }
            put(octets)
        }
    }

    /// Writes it all, or gives up where the descriptor is broken: there is nowhere left to say so.
    private func put(_ octets: [UInt8]) {
        octets.withUnsafeBytes { buffer in
            var sent = 0
            while sent < buffer.count {
                let part = UnsafeRawBufferPointer(rebasing: buffer[sent..<min(buffer.count, sent + Self.writeLimit)])
                let count = Glibc.write(descriptor, part.baseAddress, part.count)
                if count > 0 {
                    sent += count
                } else if errno == EAGAIN {
                    // Somebody who shares the descriptor made it non-blocking.
                    var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&ready, 1, -1)
                } else if errno != EINTR {
                    return
                }
            }
        }
    }
}
