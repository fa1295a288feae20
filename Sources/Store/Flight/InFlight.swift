import CLinux
import Glibc
import Mail
import Synchronization

/// Which messages are being delivered, in a small file of the store's folder that outlives the process.
///
/// The file is mapped: to enter and to leave costs two stores to memory, no system call and no sync. After a crash of this program by a fault of its
/// own (not SIGKILL, not a power cut, which say nothing about mail) the next start finds here who was under way on the thread that
/// fell, and how often that has happened. Whoever opens the file holds the store's lock. Safe from any thread.
public final class InFlight: Sendable {
    /// Deliveries that can be noted at once; more go unnoted. Ours.
    public static let slots = 1024
    /// Messages whose crashes are counted; the one with the fewest makes room. Ours.
    public static let counted = 256
    static let fileName = "in-flight"

    /// What the last life of the program left.
    public struct Crash: Hashable, Sendable {
        /// As of signal(7).
        public let signal: Int32
        public let suspects: [Suspect]
    }

    public struct Suspect: Hashable, Sendable {
        public let message: MessageNumber
        /// Crashes it was met in, this one among them.
        public let crashes: Int
    }

    /// A place in the file.
    public struct Place: Sendable {
        fileprivate let slot: Int
    }

    /// Of the file, in octets from its start.
    enum Layout {
        static let magic: UInt64 = 0x5758_4649_3030_3031
        /// Two words: the signal, 0 for none, and the thread.
        static let note = 8
        static let slots = 64
        /// Message, 0 for none; thread.
        static let slotSize = 16
        static let counts = slots + InFlight.slots * slotSize
        /// Message, 0 for none; crashes.
        static let countSize = 16
        static let size = counts + InFlight.counted * countSize
    }

    /// What the last life left; nil where it ended otherwise.
    public let crash: Crash?
    private nonisolated(unsafe) let base: UnsafeMutableRawPointer
    private let free: Mutex<[Int]>

    /// Reads what the last life left, counts it, and begins anew.
    /// - Parameter folder: of the store, whose lock is held.
    init(in folder: CInt) throws(Errno) {
        let descriptor = try call {
            openat(folder, Self.fileName, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        }
        defer { _ = Glibc.close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Errno.last }
        let isWhole = Int(status.st_size) == Layout.size
        if !isWhole {
            guard ftruncate(descriptor, 0) == 0 else { throw Errno.last }
            // Blocks of its own: a full disk is found out here, and not by a signal at the first store.
            let code = posix_fallocate(descriptor, 0, off_t(Layout.size))
            guard code == 0 else { throw Errno(code: code) }
        }
        guard let base = mmap(nil, Layout.size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
            base != MAP_FAILED
        else { throw Errno.last }
        self.base = base
        free = Mutex(Array((0..<Self.slots).reversed()))
        if !isWhole || base.load(as: UInt64.self) != Layout.magic {
            memset(base, 0, Layout.size)
            base.storeBytes(of: Layout.magic, as: UInt64.self)
        }
        crash = Self.takeCrash(base)
    }

    deinit {
        munmap(base, Layout.size)
    }

    /// Has crashes of this process noted from now on, until ``stopWatching()``. One at a time in a process.
    public func watchCrashes() {
        _ = waxwing_watch_crashes((base + Layout.note).assumingMemoryBound(to: UInt32.self))
    }

    public func stopWatching() {
        _ = waxwing_watch_crashes(nil)
    }

    /// A delivery of it begins on this thread. Nil where no place is free.
    public func enter(_ message: MessageNumber) -> Place? {
        guard let slot = free.withLock({ $0.popLast() }) else { return nil }
        let place = base + Layout.slots + slot * Layout.slotSize
        place.storeBytes(of: waxwing_thread_id(), toByteOffset: 8, as: UInt32.self)
        place.storeBytes(of: message.value, as: Int64.self)
        return Place(slot: slot)
    }

    /// It has ended, whatever came of it.
    public func leave(_ place: Place?) {
        guard let place else { return }
        (base + Layout.slots + place.slot * Layout.slotSize).storeBytes(of: 0, as: Int64.self)
        free.withLock { $0.append(place.slot) }
    }

    /// What the handler would note. For tests.
    func note(signal: Int32, thread: UInt32 = waxwing_thread_id()) {
        base.storeBytes(of: UInt32(bitPattern: signal), toByteOffset: Layout.note, as: UInt32.self)
        base.storeBytes(of: thread, toByteOffset: Layout.note + 4, as: UInt32.self)
    }

    private static func takeCrash(_ base: UnsafeMutableRawPointer) -> Crash? {
        let signal = Int32(bitPattern: base.load(fromByteOffset: Layout.note, as: UInt32.self))
        let thread = base.load(fromByteOffset: Layout.note + 4, as: UInt32.self)
        var all: Set<Int64> = []
        var ofThread: Set<Int64> = []
        for slot in 0..<slots {
            let message = base.load(fromByteOffset: Layout.slots + slot * Layout.slotSize, as: Int64.self)
            guard message != 0 else { continue }
            all.insert(message)
            let its = base.load(fromByteOffset: Layout.slots + slot * Layout.slotSize + 8, as: UInt32.self)
            if its == thread { ofThread.insert(message) }
        }
        base.storeBytes(of: 0, toByteOffset: Layout.note, as: UInt64.self)
        memset(base + Layout.slots, 0, slots * Layout.slotSize)
        guard signal != 0 else { return nil }
        // A thread that delivers nothing may have fallen over anybody.
        let suspects = (ofThread.isEmpty ? all : ofThread).sorted()
        return Crash(
            signal: signal,
            suspects: suspects.map { Suspect(message: MessageNumber($0), crashes: count($0, base)) })
    }

    /// One crash more of a message.
    private static func count(_ message: Int64, _ base: UnsafeMutableRawPointer) -> Int {
        var fewest = (place: Layout.counts, crashes: Int64.max)
        for number in 0..<counted {
            let place = Layout.counts + number * Layout.countSize
            let known = base.load(fromByteOffset: place, as: Int64.self)
            let crashes = base.load(fromByteOffset: place + 8, as: Int64.self)
            if known == message {
                let now = min(max(0, crashes), 1000) + 1
                base.storeBytes(of: now, toByteOffset: place + 8, as: Int64.self)
                return Int(now)
            }
            if known == 0 {
                if fewest.crashes > 0 { fewest = (place, 0) }
            } else if crashes < fewest.crashes {
                fewest = (place, crashes)
            }
        }
        base.storeBytes(of: message, toByteOffset: fewest.place, as: Int64.self)
        base.storeBytes(of: 1, toByteOffset: fewest.place + 8, as: Int64.self)
        return 1
    }
}
