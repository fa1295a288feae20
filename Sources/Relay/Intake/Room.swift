import Mail
import Synchronization

/// What the disk of the store has, as it was looked at last.
struct DiskRoom: Hashable, Sendable {
    /// Octets that may be written, by the file system.
    var free: Int
    /// Of them what mail in the journal needs on its way into the queue.
    var journal: Int
    /// `store.minimum_free`
    var floor: Int

    /// Octets that may come in.
    var above: Int { max(0, free &- journal &- floor) }
}

/// What the store may still take: octets above its floor, files, messages. Measured off the sessions' way and read by all of them.
final class Room: Sendable {
    typealias Shortage = IntakeCapacity.Shortage

    private let octets = Atomic<Int>(Int.max)
    /// Free above the floor, whatever it is promised to; 0 where that is not known.
    private let unpromised = Atomic<Int>(0)
    private let hasInodes = Atomic<Bool>(true)
    /// Nil before the first look, and where the disk could not be asked.
    private let disk = Mutex<DiskRoom?>(nil)
    /// Messages in the queue, less what ``Counters/queueFlow`` counts.
    private let queueBase = Atomic<Int>(0)
    private let queueLimit: Atomic<Int>
    private let counters: Counters

    /// - `queueLimit`: messages; from that many on there is no room for another.
    init(queueLimit: Int, counters: Counters) {
        self.queueLimit = Atomic(queueLimit)
        self.counters = counters
    }

    /// From now on so many messages.
    func change(queueLimit: Int) { self.queueLimit.store(queueLimit, ordering: .relaxed) }

    /// Octets of content that may still come; 0 where anything is short.
    var now: Int { shortage == nil ? octets.load(ordering: .relaxed) : 0 }

    /// Why nothing is accepted, the first that holds; nil where there is room. Each ends by itself: delivery makes room.
    var shortage: Shortage? {
        if octets.load(ordering: .relaxed) <= 0 { return .space }
        if !hasInodes.load(ordering: .relaxed) { return .inodes }
        return queued >= queueLimit.load(ordering: .relaxed) ? .queue : nil
    }

    /// Messages in the queue, about. Right at each ``recount(_:at:)`` but for what was committed while the store counted; between
    /// two of them, mails of reports are missing. Sessions that were past MAIL when the limit was reached still end well: the
    /// queue can grow beyond it by one message for each.
    var queued: Int {
        max(0, queueBase.load(ordering: .relaxed) &+ counters.queueFlow.load(ordering: .relaxed))
    }

    /// Content in flight that was counted by ``spend(_:)`` is on the disk by now, or soon.
    func update(_ disk: DiskRoom, hasInodes: Bool) {
        update(octets: disk.above, hasInodes: hasInodes)
        unpromised.store(max(0, disk.free &- disk.floor), ordering: .relaxed)
        self.disk.withLock { $0 = disk }
    }

    /// - `octets`: free above the floor.
    func update(octets: Int, hasInodes: Bool) {
        disk.withLock { $0 = nil }
        unpromised.store(0, ordering: .relaxed)
        self.octets.store(octets, ordering: .relaxed)
        self.hasInodes.store(hasInodes, ordering: .relaxed)
    }

    /// Counts content that is being stored until the disk is looked at again: it lies in the journal, in the log and in the database
    /// for a while.
    func spend(_ size: Int) {
        octets.subtract(min(size, Int.max / 8) * 4, ordering: .relaxed)
    }

    /// Octets of what is free that content which is coming in may take, until the disk is looked at again.
    var promised: Int {
        disk.withLock { $0 }.map { min($0.above, max(0, $0.above - octets.load(ordering: .relaxed))) } ?? 0
    }

    /// True where there is space, and part of it is promised to mail that is there already or coming in. Asked for each line of a client.
    var isSpacePromised: Bool {
        let unpromised = unpromised.load(ordering: .relaxed)
        return unpromised > 0 && octets.load(ordering: .relaxed) < unpromised
    }

    /// What an operator reads in the log and in the status.
    func words(of shortage: Shortage) -> String {
        guard shortage == .space, let disk = disk.withLock({ $0 }) else { return shortage.words }
        guard disk.free > disk.floor else {
            return
                "\(shortage.words) (\(Humane.size(Int64(disk.free))) free, the floor is \(Humane.size(Int64(disk.floor))))"
        }
        let parts = [
            (promised, "are promised to mail that is coming in"),
            (min(disk.journal, disk.free), "are promised to mail that is on its way from the journal into the queue"),
            (disk.floor, "are kept free by store.minimum_free"),
        ]
        let told = parts.filter { $0.0 > 0 }.map { "\(Humane.size(Int64($0.0))) \($0.1)" }
        return "of \(Humane.size(Int64(disk.free))) free on the disk of the store \(told.joined(separator: ", "))"
    }

    /// The store has `messages`.
    /// - `flow`: ``Counters/queueFlow`` before it was asked.
    func recount(_ messages: Int, at flow: Int) {
        queueBase.store(messages &- flow, ordering: .relaxed)
    }
}

extension IntakeCapacity.Shortage {
    /// What an operator reads where no more is known (``Room/words(of:)``).
    var words: String {
        switch self {
        case .space: "the disk of the store is fuller than store.minimum_free allows"
        case .inodes: "the file system of the store has fewer inodes free than store.minimum_free_inodes"
        case .memory: "sessions hold as much content as intake.content_memory allows"
        case .queue: "the queue holds as many messages as intake.queue_limit allows"
        }
    }
}
