import Mail

/// Which generations the journal has: the one that is written, and those on their way into the tables.
struct JournalBook {
    /// The generation that is written.
    private struct Active {
        var generation: JournalGeneration
        let segment: Int
        var offset = 0
        /// By the clock that nobody sets, in nanoseconds.
        let began: UInt64
        /// Messages of which the tables know more than the journal.
        var touched: Set<Int64> = []
        var ids: Set<QueueID> = []
    }

    struct Sealed {
        let generation: JournalGeneration
        let segment: Int
        let octets: Int
        let ids: Set<QueueID>
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private var active: Active?
    /// Oldest first.
    private(set) var sealed: [Sealed] = []
    private var free: [Int]
    private let segmentBytes: Int
    private var nextGeneration: UInt64

    init(segments: Int, segmentBytes: Int, after generation: UInt64) {
        free = Array(0..<segments)
        self.segmentBytes = segmentBytes
        nextGeneration = generation &+ 1
    }

    var hasActive: Bool { active != nil }
    var activeNumber: UInt64 { active?.generation.number ?? 0 }
    var activeSegment: Int { active?.segment ?? 0 }
    var offset: Int { active?.offset ?? 0 }
    /// When the first record was written that is not on its way; nil where there is none.
    var began: UInt64? { active.flatMap { $0.generation.isEmpty ? nil : $0.began } }

    /// The lowest number of a message that may not be in the tables; nil where there is none.
    var firstNumber: Int64? {
        // Numbers rise; a generation that failed may hold nothing.
        sealed.lazy.compactMap(\.generation.numbers).first?.lowerBound ?? active?.generation.numbers?.lowerBound
    }

    /// Of all records that may not be in the tables.
    var octets: Int { sealed.reduce(offset) { $0 + $1.octets } }

    /// Messages that may not be in the tables, without those that are settled.
    var messages: Int { sealed.reduce(active?.generation.count ?? 0) { $0 + $1.generation.count } }

    /// True where the generation that is written, if there is one, can take so many octets more.
    func hasRoom(for octets: Int) -> Bool { active.map { $0.offset + octets <= segmentBytes } ?? true }

    func knows(_ id: QueueID) -> Bool {
        active?.ids.contains(id) ?? false || sealed.contains { $0.ids.contains(id) }
    }

    /// A message that is not settled, wherever it lies.
    func message(_ number: Int64) -> FreshMessage? {
        if let found = active?.generation.message(number) { return found }
        for sealed in sealed {
            if let found = sealed.generation.message(number) { return found }
        }
        return nil
    }

    /// True where the journal alone knows the message: what ends it may be written there.
    func isActive(_ fresh: FreshMessage) -> Bool {
        guard let active, active.generation.number == fresh.generation else { return false }
        return !active.touched.contains(fresh.insertion.number)
    }

    /// From now on the tables know more of the message.
    mutating func touch(_ number: Int64) {
        if active?.generation.holds(number) ?? false { active?.touched.insert(number) }
    }

    /// Nothing happens where no segment is free.
    mutating func begin(at now: UInt64) {
        guard active == nil, let segment = free.popLast() else { return }
        active = Active(generation: JournalGeneration(number: nextGeneration), segment: segment, began: now)
        nextGeneration &+= 1
    }

    /// What was written and synced.
    mutating func add(_ group: JournalGroup) {
        active?.offset += group.bytes.count
        for change in group.changes {
            switch change {
            case .enqueued(let insertion, let id):
                active?.generation.add(insertion)
                active?.ids.insert(id)
            case .settled(let settlement):
                active?.generation.add(settlement)
            }
        }
    }

    /// Ends the generation that is written; nil where there is none, or it holds nothing and is not to be ended always.
    mutating func seal(always: Bool = false) -> JournalGeneration? {
        guard let ending = active else { return nil }
        active = nil
        if ending.generation.isEmpty, !always {
            free.append(ending.segment)
            return nil
        }
        sealed.append(
            Sealed(
                generation: ending.generation, segment: ending.segment, octets: ending.offset, ids: ending.ids))
        return ending.generation
    }

    /// Lets somebody wait for all that is on its way; false where nothing is.
    mutating func wait(_ continuation: CheckedContinuation<Void, Never>) -> Bool {
        guard let last = sealed.indices.last else { return false }
        sealed[last].waiters.append(continuation)
        return true
    }

    /// It is in the tables.
    /// - Returns: who waited for it.
    mutating func applied(_ generation: UInt64) -> [CheckedContinuation<Void, Never>] {
        guard let place = sealed.firstIndex(where: { $0.generation.number == generation }) else { return [] }
        let done = sealed.remove(at: place)
        free.append(done.segment)
        return done.waiters
    }

    /// All who wait for something.
    mutating func takeWaiters() -> [CheckedContinuation<Void, Never>] {
        var waiters: [CheckedContinuation<Void, Never>] = []
        for place in sealed.indices {
            waiters += sealed[place].waiters
            sealed[place].waiters = []
        }
        return waiters
    }
}
