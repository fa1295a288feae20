import CLinux
import Glibc
public import Mail
import Synchronization

/// Which messages are being delivered, for the start behind a crash.
///
/// It is memory: to enter and to leave costs two stores, no system call, and never waits for a disk. A crash of this
/// program by a fault of its own (not SIGKILL, not a power cut, which say nothing about mail) writes it to a small file
/// of the store's folder, where the next start finds who was under way on the thread that fell, and how often that has
/// happened. Whoever opens the file holds the store's lock. Safe from any thread.
public final class InFlight: Sendable {
    /// Deliveries that can be noted at once; more go unnoted. Ours.
    public static let slots = 1024
    static let fileName = "in-flight"

    /// What the last life of the program left.
    public struct Crash: Hashable, Sendable {
        /// As of signal(7).
        public let signal: Int32
        /// In order of arrival; none where all of them are gone from the queue.
        public let suspects: [Suspect]
    }

    /// A message that was being delivered when the program fell.
    public struct Suspect: Hashable, Sendable {
        public let message: MessageNumber
        /// Crashes it was met in, this one among them.
        public let crashes: Int

        public init(message: MessageNumber, crashes: Int) {
            self.message = message
            self.crashes = crashes
        }
    }

    /// One delivery, from its start to its end.
    public struct Place: Sendable {
        fileprivate let slot: Int
    }

    /// Of the file, in octets from its start.
    enum Layout {
        /// Another layout has another number: a file of an older version is begun anew, and not misread.
        static let magic: UInt64 = 0x5758_4649_3030_3032
        /// Two words: the signal, 0 for none, and the thread.
        static let note = 8
        static let slots = 64
        /// Message, 0 for none; thread.
        static let slotSize = 16
        static let counts = slots + InFlight.slots * slotSize
        static let size = counts + CrashCounts.limit * CrashCounts.rowSize
    }

    /// What the last life left; nil where it ended otherwise.
    public let crash: Crash?
    /// The file, open for the handler of crashes.
    private let descriptor: CInt
    // nonisolated(unsafe): a place belongs to who took its number from `free`, the counts to who holds that lock.
    private nonisolated(unsafe) let base: UnsafeMutableRawPointer
    private let free: Mutex<[Int]>

    /// Reads what the last life left, counts it, and begins anew.
    /// - Parameters:
    ///   - folder: of the store, whose lock is held.
    ///   - isKept: whether the store still has a message.
    init(in folder: CInt, isKept: (MessageNumber) -> Bool) throws(Errno) {
        let descriptor = try call {
            openat(folder, Self.fileName, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        }
        do throws(Errno) {
            base = try Self.read(descriptor)
        } catch {
            _ = Glibc.close(descriptor)
            throw error
        }
        self.descriptor = descriptor
        free = Mutex(Array((0..<Self.slots).reversed()))
        crash = Self.takeOver(base, isKept: isKept)
        // A crash is told of once.
        keep()
    }

    /// What the file holds, in memory; an empty one where it makes no sense.
    private static func read(_ descriptor: CInt) throws(Errno) -> UnsafeMutableRawPointer {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Errno.last }
        let isWhole = Int(status.st_size) == Layout.size
        if !isWhole {
            guard ftruncate(descriptor, 0) == 0 else { throw Errno.last }
            // Blocks of its own: a full disk is found out here, and not at the crash.
            let code = posix_fallocate(descriptor, 0, off_t(Layout.size))
            guard code == 0 else { throw Errno(code: code) }
        }
        let base = UnsafeMutableRawPointer.allocate(byteCount: Layout.size, alignment: 64)
        if pread(descriptor, base, Layout.size, 0) != Layout.size || base.load(as: UInt64.self) != Layout.magic {
            memset(base, 0, Layout.size)
            base.storeBytes(of: Layout.magic, as: UInt64.self)
        }
        return base
    }

    deinit {
        // The handler must not read what is given back.
        stopWatching()
        base.deallocate()
        _ = Glibc.close(descriptor)
    }

    /// Writes the memory to the file as it is. What cannot be written is as it was at the next start.
    func keep() {
        _ = pwrite(descriptor, base, Layout.size, 0)
    }

    /// Has crashes of this process noted here from now on, until ``stopWatching()``. One file at a time in a process.
    /// - Returns: why they cannot be; nil where they are.
    public func watchCrashes() -> String? {
        let code = waxwing_watch_crashes(note, base, Layout.size, descriptor)
        return code == 0 ? nil : Errno(code: code).description
    }

    /// Ends ``watchCrashes()``, where it is this file in which they are noted.
    public func stopWatching() {
        waxwing_stop_watching_crashes(note)
    }

    private var note: UnsafeMutablePointer<UInt32> {
        (base + Layout.note).assumingMemoryBound(to: UInt32.self)
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

    /// Whether there is anything to ``forget(_:)``.
    var hasCounts: Bool {
        free.withLock { _ in !CrashCounts(reading: base + Layout.counts).crashes.isEmpty }
    }

    /// A message that rests behind a crash.
    public struct Rest: Hashable, Sendable {
        public let until: WallTime
        /// Crashes it was met in.
        public let crashes: Int
    }

    /// Notes until when suspects rest, also for the lives of the program to come.
    func rest(_ rests: [(message: MessageNumber, until: WallTime)]) {
        free.withLock { _ in
            var counts = CrashCounts(reading: base + Layout.counts)
            for rest in rests { counts.rest(rest.message, until: rest.until) }
            counts.write(to: base + Layout.counts)
            keep()
        }
    }

    /// The rests that end behind `time`. An order may have ended one before its time: who is due earlier rests no more.
    public func rests(after time: WallTime) -> [MessageNumber: Rest] {
        let counts = free.withLock { _ in CrashCounts(reading: base + Layout.counts) }
        return counts.rests.filter { $0.value > time }.reduce(into: [:]) { rests, rest in
            rests[rest.key] = Rest(until: rest.value, crashes: counts.crashes[rest.key] ?? 1)
        }
    }

    /// Their crashes count from none again: somebody has looked at them.
    func forget(_ messages: Set<MessageNumber>) {
        free.withLock { _ in
            var counts = CrashCounts(reading: base + Layout.counts)
            counts.keep { !messages.contains($0) }
            counts.write(to: base + Layout.counts)
            keep()
        }
    }
}
