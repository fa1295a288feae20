import Glibc
import Mail
import Synchronization

/// The time the daemon goes by: the wall clock, as far as ``ClockWatch`` believes it. Safe from any thread.
///
/// One for the process, as the clocks are. What is written into messages and what is decided by it is the same time. Waits and deadlines of
/// sockets are monotonic and have nothing to do with it, and so has what OpenSSL and the resolver check by the system's own clock.
final class JudgedClock: Sendable {
    static let shared = JudgedClock()

    private let reading: @Sendable () -> ClockWatch.Reading
    private let watch = Mutex(ClockWatch())

    /// - Parameter reading: both clocks; a test has its own.
    init(_ reading: @escaping @Sendable () -> ClockWatch.Reading = { .now }) { self.reading = reading }

    /// What time it is.
    var now: WallTime { watch.withLock { $0.time(reading()) } }

    /// The step that is not believed, and in how many seconds it will be; nil for never.
    var doubted: (step: ClockWatch.Step, secondsLeft: Int64?)? {
        watch.withLock { watch in
            let reading = reading()
            _ = watch.time(reading)
            guard let step = watch.doubted(reading) else { return nil }
            return (step, watch.secondsLeft(reading))
        }
    }

    /// The step that has stood for as long as it takes.
    var due: ClockWatch.Step? { watch.withLock { $0.due(reading()) } }

    /// - Returns: false, and nothing is changed, where the clock does not show that step any more.
    func believe(_ step: ClockWatch.Step) -> Bool { watch.withLock { $0.believe(step, reading()) } }

    /// How long a new time must stand before it is believed.
    func adopt(patience: Duration) { watch.withLock { $0.patience = patience.components.seconds } }
}

extension ClockWatch.Reading {
    /// The system's two clocks.
    static var now: Self {
        var uptime = timespec()
        clock_gettime(CLOCK_BOOTTIME, &uptime)
        return Self(wall: .now, uptime: Int64(uptime.tv_sec))
    }
}
