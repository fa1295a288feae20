/// In how many crashes each message was met, as a table of the file of ``InFlight`` has it.
struct CrashCounts: Equatable {
    /// Messages that are counted: as many as can be under way, so that all suspects of one crash have a place. Ours.
    static let limit = InFlight.slots
    /// Octets of a row: message, 0 for none; crashes.
    static let rowSize = 16
    /// More is not counted: who has so many has long been held. Ours.
    static let most = 1000

    private(set) var crashes: [MessageNumber: Int] = [:]

    init() {}

    /// A count that makes no sense is taken for the nearest that does.
    init(reading table: UnsafeRawPointer) {
        for row in 0..<Self.limit {
            let place = table + row * Self.rowSize
            let message = MessageNumber(place.load(as: Int64.self))
            guard message.value != 0 else { continue }
            crashes[message] = Int(min(max(1, place.load(fromByteOffset: 8, as: Int64.self)), Int64(Self.most)))
        }
    }

    func write(to table: UnsafeMutableRawPointer) {
        var rest = crashes.sorted { $0.key < $1.key }[...]
        for row in 0..<Self.limit {
            let next = rest.popFirst()
            let place = table + row * Self.rowSize
            place.storeBytes(of: Int64(next?.value ?? 0), toByteOffset: 8, as: Int64.self)
            place.storeBytes(of: next?.key.value ?? 0, as: Int64.self)
        }
    }

    /// One crash more of each, of which there are at most ``limit``. Where the table is full others make room: those with the fewest crashes, and of
    /// these the oldest. Never one suspect for another: a message that is new here would not get beyond its first crash.
    mutating func add(_ suspects: Set<MessageNumber>) {
        for suspect in suspects { crashes[suspect] = min(crashes[suspect] ?? 0, Self.most - 1) + 1 }
        let surplus = crashes.count - Self.limit
        guard surplus > 0 else { return }
        let others = crashes.filter { !suspects.contains($0.key) }
            .sorted { ($0.value, $0.key) < ($1.value, $1.key) }
        for other in others.prefix(surplus) { crashes[other.key] = nil }
    }

    mutating func keep(where isKept: (MessageNumber) -> Bool) {
        crashes = crashes.filter { isKept($0.key) }
    }
}
