import CLinux
import Glibc
import Synchronization

/// What somebody waits for.
enum Direction {
    case read, write
}

/// A descriptor in its loop's epoll set, with a place to wait for each direction.
///
/// Edge-triggered. Reading is registered once, at the start; writing when a send would block, which is seldom. Whoever
/// waits has tried before and was told EAGAIN, and says so with `exhausted(_:)`; an edge that comes between is kept in the
/// flags, so none is lost.
final class Registration: @unchecked Sendable {
    // @unchecked Sendable because: `loop` and `number` are immutable and `closed` is atomic; the rest is touched by the
    // loop's thread only: `attach` and `close` go there by themselves, the others are called by streams that checked.

    let loop: Loop
    /// The descriptor's number, whoever has it after the close.
    let number: CInt
    let isStream: Bool
    /// Another process goes on with the open socket: closing ours is all there is to its end.
    private let isShared: Bool
    private let closed = Atomic(false)

    private var descriptor: FileDescriptor?
    private var interest: UInt32
    /// An edge for writing is due that nobody has waited for: that of a connection being made.
    private var isWriteArmed: Bool
    private var isAttached = false
    /// Number and generation: epoll's datum.
    private(set) var key: UInt64 = .max
    private let reader = Waiter()
    private let writer = Waiter()

    /// There may be something to read. False only after EAGAIN, or a read that left room, with no edge since.
    var isReadable = false
    private var isWritable = false
    /// The end of the stream, an error or urgent data has shown: a read that left room proves nothing any more.
    private(set) var hasEnded = false

    private var shareTurn: UInt64 = 0
    private var share = 0

    /// Owns the descriptor, which must not block. `attach()` puts it to work.
    init(
        owning descriptor: consuming FileDescriptor, on loop: Loop, isStream: Bool, writing: Bool = false,
        isShared: Bool = false
    ) {
        self.loop = loop
        self.isShared = isShared
        number = descriptor.rawValue
        self.isStream = isStream
        interest = EPOLLIN.rawValue | EPOLLRDHUP.rawValue | EPOLLPRI.rawValue | EPOLLET.rawValue
        isWriteArmed = writing
        if writing { interest |= EPOLLOUT.rawValue }
        self.descriptor = consume descriptor
    }

    /// Whether `close()` was called, by us or by a loop that stops.
    var isClosed: Bool { closed.load(ordering: .acquiring) }

    /// Enters the descriptor at its loop, from any thread. One that cannot be entered is closed: the first wait says so.
    func attach() {
        loop.perform { self.attachHere() }
    }

    private func attachHere() {
        if isClosed { return }
        loop.lastGeneration &+= 1
        // The highest generation is left out: with the highest number it would be the wake-up's key.
        if loop.lastGeneration == .max { loop.lastGeneration = 0 }
        key = UInt64(loop.lastGeneration) << 32 | UInt64(UInt32(bitPattern: number))
        do throws(Errno) {
            if loop.isStopping { throw .badDescriptor }
            try loop.epollControl(EPOLL_CTL_ADD, number, interest, key)
        } catch {
            close()
            return
        }
        let index = Int(number)
        while loop.table.count <= index {
            loop.table.append(nil)
        }
        loop.table[index] = self
        isAttached = true
        loop.counters.registrations.add(1)
        if isStream { loop.counters.streams.add(1) }
    }

    /// Closes the descriptor and ends the waits with `.closed`, from any thread; from another one than the loop's, soon.
    func close() {
        if isClosed { return }
        // False when the loop has stopped: it closed all there was, and what came too late closes in deinit.
        loop.perform { self.closeHere() }
    }

    /// Wakes a waiting reader, from any thread.
    func interruptReading() {
        loop.perform { if !self.isClosed { self.loop.resume(self.reader, with: .interrupted) } }
    }

    private func closeHere() {
        if closed.exchange(true, ordering: .acquiringAndReleasing) { return }
        if isAttached {
            isAttached = false
            loop.table[Int(number)] = nil
            loop.counters.registrations.add(-1)
            if isStream { loop.counters.streams.add(-1) }
            // close(2) does not suffice where a child holds a duplicate for the moment. It cannot fail for an entry of ours.
            try? loop.epollControl(EPOLL_CTL_DEL, number, 0, 0)
        }
        // Nor does it end a listener of which a child holds one: that goes on taking connections until the child executes. What
        // is no socket has no such end, and says ENOTSOCK.
        if !isStream, !isShared { _ = shutdown(number, CInt(SHUT_RDWR)) }
        descriptor = nil
        loop.resume(reader, with: .closed)
        loop.resume(writer, with: .closed)
        loop.deadlines.retire(reader)
        loop.deadlines.retire(writer)
    }

    // MARK: On the loop's thread

    /// An event of epoll.
    func arrived(_ events: UInt32) {
        let failing = EPOLLERR.rawValue | EPOLLHUP.rawValue
        let ending = failing | EPOLLRDHUP.rawValue | EPOLLPRI.rawValue
        if events & ending != 0 { hasEnded = true }
        if events & (ending | EPOLLIN.rawValue) != 0 {
            isReadable = true
            loop.resume(reader, with: .ready)
        }
        if events & (failing | EPOLLOUT.rawValue) != 0 {
            isWritable = true
            loop.resume(writer, with: .ready)
        }
    }

    /// Counts what was done in this turn of the loop without waiting; true when it is more than the share.
    func exceedsShare(_ count: Int, of limit: Int) -> Bool {
        if shareTurn != loop.turn {
            shareTurn = loop.turn
            share = 0
        }
        share &+= count
        return share > limit
    }

    /// A try has just shown that there is nothing to read, or no room to write.
    func exhausted(_ direction: Direction) {
        switch direction {
        case .read: isReadable = false
        case .write: isWritable = false
        }
    }

    /// Waits until another try may succeed.
    nonisolated(nonsending) func wait(for direction: Direction, until deadline: Deadline) async -> Wake {
        if isClosed { return .closed }
        switch direction {
        case .read:
            if isReadable { return .ready }
            return await loop.wait(at: reader, until: deadline)
        case .write:
            if isWritable { return .ready }
            if !isWriteArmed {
                // EPOLL_CTL_MOD looks at the descriptor anew: room that there is now is an edge, whatever was seen before.
                interest |= EPOLLOUT.rawValue
                do throws(Errno) {
                    try loop.epollControl(EPOLL_CTL_MOD, number, interest, key)
                } catch {
                    return .closed
                }
            }
            isWriteArmed = false
            return await loop.wait(at: writer, until: deadline)
        }
    }

    /// Waits at the place of the writers for the deadline only: a pause that `close()` ends.
    nonisolated(nonsending) func pause(until deadline: Deadline) async -> Wake {
        if isClosed { return .closed }
        return await loop.wait(at: writer, until: deadline)
    }
}
