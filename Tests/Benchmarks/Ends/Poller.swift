import CLinux
import Glibc
import Net

/// Epoll as it is, level-triggered. A descriptor is known by a slot and a generation, so that a late event for one that
/// is closed and used again is told apart.
struct Poller: ~Copyable {
    /// Slot and generation in one number.
    struct Key: Equatable {
        let slot: Int
        let generation: UInt32

        fileprivate var number: UInt64 { UInt64(generation) << 32 | UInt64(slot) }
        fileprivate init(_ number: UInt64) {
            slot = Int(number & 0xFFFF_FFFF)
            generation = UInt32(number >> 32)
        }

        init(slot: Int, generation: UInt32) {
            self.slot = slot
            self.generation = generation
        }
    }

    /// What a descriptor is ready for. An error or an end of the connection is found by reading.
    struct Event {
        let key: Key
        let isReadable: Bool
        let isWritable: Bool
    }

    private static let batch = 256

    private let descriptor: CInt
    private let events: UnsafeMutableBufferPointer<epoll_event>

    init() throws(Errno) {
        descriptor = try Errno.check { epoll_create1(CInt(EPOLL_CLOEXEC)) }
        events = .allocate(capacity: Self.batch)
        events.initialize(repeating: epoll_event())
    }

    deinit {
        close(descriptor)
        events.deallocate()
    }

    /// Watches for reading; `isShared` where other threads wait for the same listener, of which one shall wake.
    func add(_ number: CInt, _ key: Key, alsoWriting: Bool = false, isShared: Bool = false) throws(Errno) {
        var event = Self.event(key, alsoWriting)
        if isShared { event.events |= EPOLLEXCLUSIVE.rawValue }
        try Errno.check { epoll_ctl(descriptor, EPOLL_CTL_ADD, number, &event) }
    }

    /// Watches for writing too, or no more. Fails only where the descriptor is not watched.
    func change(_ number: CInt, _ key: Key, alsoWriting: Bool) {
        var event = Self.event(key, alsoWriting)
        _ = epoll_ctl(descriptor, EPOLL_CTL_MOD, number, &event)
    }

    private static func event(_ key: Key, _ alsoWriting: Bool) -> epoll_event {
        var event = epoll_event()
        event.events = EPOLLIN.rawValue | (alsoWriting ? EPOLLOUT.rawValue : 0)
        event.data.u64 = key.number
        return event
    }

    /// Waits until the moment at most, for ever without one. The number of events that came.
    func wait(until moment: UInt64?) -> Int {
        let count: CInt
        if let moment {
            let now = MonotonicClock.now
            let left = moment > now ? moment - now : 0
            var time = timespec(tv_sec: Int(left / 1_000_000_000), tv_nsec: Int(left % 1_000_000_000))
            // Not epoll_wait: with whole milliseconds an open loop would come in lumps.
            count = epoll_pwait2(descriptor, events.baseAddress, CInt(Self.batch), &time, nil)
        } else {
            count = epoll_wait(descriptor, events.baseAddress, CInt(Self.batch), -1)
        }
        // An interruption is a wait that ended early.
        return max(0, Int(count))
    }

    /// One of the events of the last wait.
    subscript(place: Int) -> Event {
        let event = events[place]
        return Event(
            key: Key(event.data.u64), isReadable: event.events & ~EPOLLOUT.rawValue != 0,
            isWritable: event.events & EPOLLOUT.rawValue != 0)
    }
}

/// CLOCK_MONOTONIC, which all processes of a machine share.
enum MonotonicClock {
    static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
