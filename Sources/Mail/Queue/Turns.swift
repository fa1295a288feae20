/// What waits for one destination, in turns: each sender has a lane, and lanes of one class of priority are served one after
/// the other, so that a bulk sender's ten thousand messages are one turn among others.
///
/// Where both classes wait, ``highTurns`` turns of high priority are followed by one of normal priority, so that normal mail
/// is slowed and never stopped. The order within a lane is that of coming.
public struct Turns<Element> {
    /// Turns in a row of ``Priority/high`` while normal mail waits too.
    public static var highTurns: Int { 4 }

    fileprivate struct Lane {
        var elements = Ring<Element>()
        /// It stands in the round of its class: then it stays, though it may have become empty.
        var isInRound = false
    }

    private var lanes: [SenderLane: Lane] = [:]
    private var high = Round()
    private var normal = Round()
    /// Turns of high priority since the last of normal priority, while both wait.
    private var highInRow = 0

    /// One class: its lanes in the order of their turns.
    private struct Round {
        var lanes = Ring<SenderLane>()
        /// Elements of all its lanes.
        var count = 0
    }

    public init() {}

    public var count: Int { high.count + normal.count }

    public var isEmpty: Bool { count == 0 }

    /// How much each lane holds.
    public var counts: [SenderLane: Int] {
        lanes.compactMapValues { $0.elements.isEmpty ? nil : $0.elements.count }
    }

    public func count(of lane: SenderLane) -> Int { lanes[lane]?.elements.count ?? 0 }

    /// What ``popFirst()`` would return.
    public var first: Element? {
        guard let priority = nextClass else { return nil }
        return round(priority).lanes.elements.lazy.compactMap { lanes[$0]?.elements.first }.first
    }

    /// Each lane's elements in their order; lanes in none.
    public var elements: [Element] { lanes.values.flatMap { $0.elements.elements } }

    /// Puts `element` behind all others of its lane. A new lane has its turn after all others.
    public mutating func append(_ element: Element, lane: SenderLane) {
        if enter(lane) { withRound(lane.priority) { $0.lanes.append(lane) } }
        lanes[lane]?.elements.append(element)
    }

    /// Puts `element` before all others of its lane: one that was given out and came back undelivered. A lane that was
    /// empty is the next.
    public mutating func prepend(_ element: Element, lane: SenderLane) {
        if enter(lane) { withRound(lane.priority) { $0.lanes.prepend(lane) } }
        lanes[lane]?.elements.prepend(element)
    }

    /// Takes the element whose turn it is; nil where nothing waits.
    public mutating func popFirst() -> Element? {
        guard let priority = nextClass else { return nil }
        highInRow = priority == .high && normal.count > 0 ? highInRow + 1 : 0
        while let lane = withRound(priority, { $0.lanes.popFirst() }) {
            lanes[lane]?.isInRound = false
            guard let element = lanes[lane]?.elements.popFirst() else {
                lanes[lane] = nil
                continue
            }
            withRound(priority) { $0.count -= 1 }
            if count(of: lane) == 0 {
                lanes[lane] = nil
            } else {
                lanes[lane]?.isInRound = true
                withRound(priority) { $0.lanes.append(lane) }
            }
            return element
        }
        return nil
    }

    /// Takes all that `shouldRemove` says of; each lane's in their order.
    public mutating func removeAll(where shouldRemove: (Element) throws -> Bool) rethrows -> [Element] {
        var all: [Element] = []
        for lane in Array(lanes.keys) where count(of: lane) > 0 {
            let removed = try lanes[lane]?.elements.removeAll(where: shouldRemove) ?? []
            guard !removed.isEmpty else { continue }
            withRound(lane.priority) { $0.count -= removed.count }
            all += removed
        }
        return all
    }

    /// The class whose turn it is.
    private var nextClass: Priority? {
        switch (high.count > 0, normal.count > 0) {
        case (false, false): nil
        case (true, false): .high
        case (false, true): .normal
        case (true, true): highInRow < Self.highTurns ? .high : .normal
        }
    }

    /// Counts one more for `lane`.
    ///
    /// - Returns: true where it must be put into its round.
    private mutating func enter(_ lane: SenderLane) -> Bool {
        withRound(lane.priority) { $0.count += 1 }
        let isNew = lanes[lane, default: Lane()].isInRound == false
        lanes[lane, default: Lane()].isInRound = true
        return isNew
    }

    private func round(_ priority: Priority) -> Round {
        switch priority {
        case .high: high
        case .normal: normal
        }
    }

    private mutating func withRound<Result>(_ priority: Priority, _ body: (inout Round) -> Result) -> Result {
        switch priority {
        case .high: body(&high)
        case .normal: body(&normal)
        }
    }
}

extension Turns.Lane: Sendable where Element: Sendable {}
extension Turns: Sendable where Element: Sendable {}
