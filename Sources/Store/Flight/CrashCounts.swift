import Mail

/// In how many crashes each message was met, as a table of the file of ``InFlight`` has it.
struct CrashCounts: Equatable {
    /// Messages that are counted: as many as can be under way, so that all suspects of one crash have a place. Ours.
    static let limit = InFlight.slots
    /// Octets of a row: message, 0 for none; crashes, and above them when the rest behind the last one ends, 0 for none. A file of before there was
    /// that says none; a version of before there was that takes it for very many crashes.
    static let rowSize = 16
    /// More is not counted: who has so many has long been held. Ours.
    static let most = 1000

    /// Bits of a row's second word that count crashes.
    private static let countBits: Int64 = 16

    private(set) var crashes: [MessageNumber: Int] = [:]
    /// Until when some of these rest.
    private(set) var rests: [MessageNumber: WallTime] = [:]

    init() {}

    /// A count that makes no sense is taken for the nearest that does.
    init(reading table: UnsafeRawPointer) {
        for row in 0..<Self.limit {
            let place = table + row * Self.rowSize
            let message = MessageNumber(place.load(as: Int64.self))
            guard message.value != 0 else { continue }
            let word = max(0, place.load(fromByteOffset: 8, as: Int64.self))
            crashes[message] = Int(min(max(1, word & (1 << Self.countBits - 1)), Int64(Self.most)))
            if word >> Self.countBits > 0 { rests[message] = WallTime(seconds: word >> Self.countBits) }
        }
    }

    func write(to table: UnsafeMutableRawPointer) {
        var rest = crashes.sorted { $0.key < $1.key }[...]
        for row in 0..<Self.limit {
            let next = rest.popFirst()
            let place = table + row * Self.rowSize
            let rest = next.flatMap { rests[$0.key] }.map { min(max(0, $0.seconds), .max >> Self.countBits) } ?? 0
            place.storeBytes(
                of: rest << Self.countBits | Int64(next?.value ?? 0), toByteOffset: 8, as: Int64.self)
            place.storeBytes(of: next?.key.value ?? 0, as: Int64.self)
        }
    }

    /// One crash more of each, of which there are at most ``limit``. Where the table is full others make room: those with the fewest crashes, and of
    /// these the oldest. Never one suspect for another: a message that is new here would not get beyond its first crash.
    mutating func add(_ suspects: Set<MessageNumber>) {
        for suspect in suspects {
            crashes[suspect] = min(crashes[suspect] ?? 0, Self.most - 1) + 1
            rests[suspect] = nil
        }
        let surplus = crashes.count - Self.limit
        guard surplus > 0 else { return }
        let others = crashes.filter { !suspects.contains($0.key) }
            .sorted { ($0.value, $0.key) < ($1.value, $1.key) }
        for other in others.prefix(surplus) { (crashes[other.key], rests[other.key]) = (nil, nil) }
    }

    mutating func keep(where isKept: (MessageNumber) -> Bool) {
        crashes = crashes.filter { isKept($0.key) }
        rests = rests.filter { crashes[$0.key] != nil }
    }

    /// Who is not counted has no rest.
    mutating func rest(_ message: MessageNumber, until: WallTime) {
        if crashes[message] != nil { rests[message] = until }
    }
}
