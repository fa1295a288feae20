/// All pages of a simulation together: the JSON of `relayctl simulate`.
public struct SimulationSum: Codable, Hashable, Sendable {
    public private(set) var days: Int
    /// Keys that differ, and of which the simulation says nothing.
    public private(set) var notSimulated: [String] = []
    /// What goes from where to where: the worst first, then by messages; without what stays as it is.
    public private(set) var moves: [Move] = []
    /// Those for which something changes.
    public private(set) var destinations: [SimulatedDestination] = []
    public private(set) var unchanged = 0
    /// Recipients in the queue that were not looked at.
    public private(set) var unread = 0

    /// Domains that go the same way.
    public struct Move: Codable, Hashable, Sendable {
        public var change: SimulatedChange
        public var from: String
        public var to: String
        public var domains: Int
        /// In the days that were looked at.
        public var messages: Int64
        public var queued: Int
    }

    public init(days: Int) { self.days = days }

    public mutating func add(_ page: SimulationPage) {
        notSimulated = page.notSimulated
        unread = page.unread
        for one in page.destinations {
            guard one.change != .unchanged else {
                unchanged += 1
                continue
            }
            destinations.append(one)
            let (from, to) = (one.now.word, one.then.word)
            if let place = moves.firstIndex(where: { ($0.change, $0.from, $0.to) == (one.change, from, to) }) {
                moves[place].domains += 1
                moves[place].messages += one.messages
                moves[place].queued += one.queued
            } else {
                moves.append(
                    Move(
                        change: one.change, from: from, to: to, domains: 1, messages: one.messages, queued: one.queued))
            }
        }
        moves.sort { ($0.change.place, -$0.messages, -$0.domains) < ($1.change.place, -$1.messages, -$1.domains) }
    }

    /// Mail that is delivered now would not be any more, or what waits now would be returned.
    public var refusesSome: Bool { moves.contains { $0.change == .refused || $0.change == .returned } }
}

extension SimulatedEnd {
    /// `clear`, `encrypted`, `dane` and so on for what is delivered, else `put off` or `returned`.
    var word: String {
        switch outcome {
        case "delivered": verified == "none" ? "clear" : verified ?? "clear"
        case "deferred": "put off"
        case "bounced": "returned"
        default: required
        }
    }
}
