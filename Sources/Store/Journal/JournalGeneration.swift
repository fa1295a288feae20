import Mail

/// The messages that one segment of the journal holds, and what became of them since.
struct JournalGeneration: Sendable {
    let number: UInt64
    /// In the order of their records, which is that of their numbers; nil for one of which nothing is left.
    private(set) var enqueued: [MessageInsertion?] = []
    private(set) var settled: [FreshSettlement] = []
    /// The first and the last number in it.
    private(set) var numbers: ClosedRange<Int64>?
    private var places: [Int64: Int] = [:]

    init(number: UInt64) {
        self.number = number
    }

    var isEmpty: Bool { enqueued.isEmpty }

    /// Messages of which something is left.
    private(set) var count = 0

    func holds(_ message: Int64) -> Bool { places[message] != nil }

    /// A message of it that is not settled here.
    func message(_ number: Int64) -> FreshMessage? {
        guard let place = places[number], let insertion = enqueued[place] else { return nil }
        return FreshMessage(generation: self.number, insertion: insertion)
    }

    /// Messages of it that are not settled here, from this number on, in the order of their numbers.
    func left(from first: Int64) -> [MessageInsertion] {
        enqueued.compactMap { insertion in insertion.flatMap { $0.number >= first ? $0 : nil } }
    }

    mutating func add(_ insertion: MessageInsertion) {
        places[insertion.number] = enqueued.count
        enqueued.append(insertion)
        count += 1
        let lower = min(numbers?.lowerBound ?? insertion.number, insertion.number)
        numbers = lower...max(numbers?.upperBound ?? insertion.number, insertion.number)
    }

    /// Nothing is left of the message but counts.
    mutating func add(_ settlement: FreshSettlement) {
        guard let place = places[settlement.message] else { return }
        if enqueued[place] != nil { count -= 1 }
        enqueued[place] = nil
        settled.append(settlement)
    }

    /// Puts another in the place of each message that is left, or none. Those that get another number go behind the others: numbers rise.
    mutating func replace(_ change: (MessageInsertion) throws -> MessageInsertion?) rethrows {
        var renumbered: [MessageInsertion] = []
        for place in enqueued.indices {
            guard let insertion = enqueued[place] else { continue }
            let other = try change(insertion)
            if other?.number == insertion.number {
                enqueued[place] = other
                continue
            }
            enqueued[place] = nil
            count -= 1
            if let other { renumbered.append(other) }
        }
        for insertion in renumbered { add(insertion) }
    }

    /// What the records of a generation say.
    /// - Parameter unread: how many records make no sense in spite of their checksums, where they are to be passed over; nil where the
    ///   first of them is to throw.
    /// - Throws: ``UnreadRecord``
    init(number: UInt64, _ records: [ArraySlice<UInt8>], unread: inout Int?) throws {
        self.number = number
        for payload in records {
            var bytes = JournalBytes(payload)
            do {
                switch try JournalRecord(&bytes) {
                case .enqueued(let insertion): add(insertion)
                case .settled(let settlement): add(settlement)
                }
            } catch let error as DamagedRow {
                guard let count = unread else { throw UnreadRecord(why: error.what) }
                unread = count + 1
            }
        }
    }
}

/// A record that is sound, and makes no sense to this program: a newer one wrote it.
struct UnreadRecord: Error {
    let why: String
}

/// A message that lies in the journal, and perhaps not yet in the tables.
struct FreshMessage: Sendable {
    let generation: UInt64
    let insertion: MessageInsertion
}
