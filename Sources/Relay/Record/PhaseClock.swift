import Mail
import Net

/// How long each phase of a transaction took: one reading of the clock for each wait.
struct PhaseClock {
    private var mark: UInt64
    /// Nanoseconds, by place.
    private var spent: InlineArray<6, UInt64>

    init(at now: Deadline = .now) {
        mark = now.nanoseconds
        spent = InlineArray(repeating: 0)
    }

    /// What has passed since the last reading belongs to `phase`; nil for none.
    mutating func read(_ phase: Phase?, at now: Deadline = .now) {
        defer { mark = now.nanoseconds }
        guard let phase, let place = Self.place(of: phase), now.nanoseconds > mark else { return }
        spent[place] &+= now.nanoseconds - mark
    }

    /// Nil for what comes before the connection.
    private static func place(of phase: Phase) -> Int? {
        switch phase {
        case .lookup, .connect: nil
        case .tls: 0
        case .greeting: 1
        case .hello: 2
        case .envelope: 3
        case .content: 4
        case .finalReply: 5
        }
    }

    /// With what came before the connection, in milliseconds.
    func times(lookup: Int64, connect: Int64, isResumed: Bool) -> PhaseTimes {
        var times = PhaseTimes()
        times[.lookup] = lookup
        times[.connect] = connect
        for phase in Phase.allCases {
            guard let place = Self.place(of: phase) else { continue }
            let nanoseconds = spent[place]
            // Rounded up: what was reached shows.
            times[phase] = Int64(clamping: nanoseconds / 1_000_000 + (nanoseconds % 1_000_000 > 0 ? 1 : 0))
        }
        times.isResumed = isResumed
        return times
    }
}
