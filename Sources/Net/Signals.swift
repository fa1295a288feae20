import CLinux
import Glibc
import Synchronization

/// A signal that a daemon listens to.
public enum Signal: CInt, Sendable, CaseIterable {
    /// SIGHUP: read the configuration again.
    case hangup = 1
    /// SIGINT: stop (from the terminal).
    case interrupt = 2
    /// SIGTERM: stop.
    case terminate = 15
}

/// Signals as something to wait for. They come through a socket pair that the handler writes to, so that no thread needs
/// its mask set. One of these lives at a time: the handler knows one socket.
public final class Signals: Sendable {
    /// SIGPIPE ends no process of ours: a write to a closed connection is an error like others.
    public static func ignoreBrokenPipe() {
        _ = waxwing_reset_signal(SIGPIPE, 1)
    }

    private let stream: Stream
    private let writer: FileDescriptor
    private let signals: [Signal]
    private let isClosed = Atomic(false)

    /// Catches the signals from now on.
    public init(on loop: Loop, _ signals: [Signal] = Signal.allCases) throws(Errno) {
        let pair = try Stream.pair(on: loop)
        stream = pair.stream
        self.signals = signals
        writer = pair.takeOther()
        let number = writer.rawValue
        for signal in signals {
            try Errno.check { waxwing_catch_signal(signal.rawValue, number) }
        }
    }

    deinit {
        close()
    }

    /// Waits for the next signal. Several of a kind that come close together may be one. Throws `.closed` after `close()`.
    public func next(until deadline: Deadline = .never) async throws(SocketError) -> Signal {
        while true {
            guard let octets = try await stream.read(upTo: 1, until: deadline) else { throw .closed }
            if let signal = octets.first.flatMap({ Signal(rawValue: CInt($0)) }) { return signal }
        }
    }

    /// Gives the signals their default meaning back, so that the next SIGTERM ends the process, and ends `next` with `.closed`.
    public func close() {
        if isClosed.exchange(true, ordering: .acquiringAndReleasing) { return }
        for signal in signals {
            _ = waxwing_reset_signal(signal.rawValue, 0)
        }
        stream.close()
    }
}
