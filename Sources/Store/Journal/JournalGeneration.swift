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
    var count: Int { enqueued.count { $0 != nil } }

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
        let lower = min(numbers?.lowerBound ?? insertion.number, insertion.number)
        numbers = lower...max(numbers?.upperBound ?? insertion.number, insertion.number)
    }

    /// Nothing is left of the message but counts.
    mutating func add(_ settlement: FreshSettlement) {
        guard let place = places[settlement.message] else { return }
        enqueued[place] = nil
        settled.append(settlement)
    }

    /// Leaves out the messages for which this holds.
    mutating func forget(where isToGo: (MessageInsertion) throws -> Bool) rethrows {
        for place in enqueued.indices {
            guard let insertion = enqueued[place], try isToGo(insertion) else { continue }
            enqueued[place] = nil
        }
    }

    /// What the records of a generation say. One that makes no sense in spite of its checksum throws.
    init(number: UInt64, _ records: [ArraySlice<UInt8>]) throws {
        self.number = number
        for payload in records {
            var bytes = JournalBytes(payload)
            switch try JournalRecord(&bytes) {
            case .enqueued(let insertion): add(insertion)
            case .settled(let settlement): add(settlement)
            }
        }
    }
}

/// A message that lies in the journal, and perhaps not yet in the tables.
struct FreshMessage: Sendable {
    let generation: UInt64
    let insertion: MessageInsertion
}
