/// Which message is sent next, and when: all in turn, those that were put off once more, and with a rate none before
/// its time.
struct MessageSupply {
    /// One to send.
    struct Message: Equatable {
        let number: Int
        /// When an open loop wanted it to be sent; nil in a closed one, where that is whenever somebody is free.
        let due: UInt64?
    }

    /// After a reply that begins with 4, in nanoseconds.
    static let pause: UInt64 = 50_000_000

    private let total: Int
    private let interval: Double?
    private var start: UInt64?
    private var next = 0
    private var prompt: [Int] = []
    private var later = DelayLine<Int>(nanoseconds: pause)

    /// - `rate`: messages a second that are due, whether or not the relay keeps up; nil for as fast as it can be.
    init(total: Int, rate: Double? = nil) {
        self.total = total
        interval = rate.map { 1e9 / $0 }
    }

    /// The clock of an open loop starts.
    mutating func begin(at now: UInt64) {
        if start == nil { start = now }
    }

    /// The next one whose time has come.
    mutating func take(at now: UInt64) -> Message? {
        if let number = prompt.popLast() ?? later.popFirst(at: now) {
            return Message(number: number, due: due(number))
        }
        guard next < total else { return nil }
        let due = due(next)
        if let due, due > now { return nil }
        next += 1
        return Message(number: next - 1, due: due)
    }

    /// It was not taken: to be sent again, at once or after the pause.
    mutating func giveBack(_ number: Int, isLater: Bool, at now: UInt64) {
        if isLater { later.append(number, at: now) } else { prompt.append(number) }
    }

    /// When `take` will give something; nil where nothing is left but what is under way.
    var nextMoment: UInt64? {
        if !prompt.isEmpty { return 0 }
        let fresh = next < total ? due(next) ?? 0 : nil
        return [fresh, later.nextDue].compactMap { $0 }.min()
    }

    private func due(_ number: Int) -> UInt64? {
        interval.map { (start ?? 0) + UInt64($0 * Double(number)) }
    }
}
