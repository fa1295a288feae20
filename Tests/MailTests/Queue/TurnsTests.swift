import Testing

@testable import Mail

@Suite struct TurnsTests {
    private static func lane(_ number: Int64, _ priority: Priority = .normal) -> SenderLane {
        SenderLane(value: number | (priority == .normal ? 1 << 62 : 0))
    }

    private struct Item: Hashable {
        let lane: SenderLane
        let number: Int
    }

    /// Takes all.
    private static func drain<Element>(_ turns: inout Turns<Element>) -> [Element] {
        var all: [Element] = []
        while let next = turns.popFirst() { all.append(next) }
        return all
    }

    @Test("Q-04 one message of another sender is next but one after ten thousand")
    func bulk() {
        var turns = Turns<String>()
        for _ in 0..<10_000 { turns.append("bulk", lane: Self.lane(1)) }
        turns.append("single", lane: Self.lane(2))
        #expect(turns.popFirst() == "bulk")
        #expect(turns.popFirst() == "single")
        #expect(turns.count == 9999)
    }

    @Test("Q-04 lanes that wait are served alike: never two turns apart", arguments: [1, 2, 3, 7, 100])
    func fair(lanes: Int) {
        var turns = Turns<Int>()
        for lane in 0..<lanes {
            // The first have most.
            for _ in 0..<(1000 / (lane + 1) + 20) { turns.append(lane, lane: Self.lane(Int64(lane))) }
        }
        var served = Array(repeating: 0, count: lanes)
        for _ in 0..<(20 * lanes) {
            guard let lane = turns.popFirst() else { break }
            served[lane] += 1
            #expect((served.max() ?? 0) - (served.min() ?? 0) <= 1)
        }
        #expect(served == Array(repeating: 20, count: lanes))
    }

    @Test("Where both classes wait, four turns of high priority are followed by one of normal")
    func classes() {
        var turns = Turns<String>()
        for _ in 0..<12 { turns.append("h", lane: Self.lane(1, .high)) }
        for _ in 0..<4 { turns.append("n", lane: Self.lane(1)) }
        #expect(Self.drain(&turns).joined() == "hhhhnhhhhnhhhhnn")
        #expect(turns.isEmpty && turns.counts.isEmpty && turns.first == nil)
        // Turns without anybody waiting do not count against high priority.
        for _ in 0..<20 { turns.append("h", lane: Self.lane(1, .high)) }
        for _ in 0..<10 { _ = turns.popFirst() }
        turns.append("n", lane: Self.lane(1))
        #expect(Self.drain(&turns).joined() == "hhhhnhhhhhh")
    }

    @Test("Normal mail never starves, though high priority comes in faster than it leaves")
    func starvation() {
        var turns = Turns<Priority>()
        for _ in 0..<100 { turns.append(.normal, lane: Self.lane(1)) }
        var (normal, inRow) = (0, 0)
        for round in 0..<500 {
            for lane in 0..<3 { turns.append(.high, lane: Self.lane(Int64(round % 7 + lane), .high)) }
            switch turns.popFirst() {
            case .normal?: (normal, inRow) = (normal + 1, 0)
            default: inRow += 1
            }
            #expect(inRow <= Turns<Priority>.highTurns)
        }
        #expect(normal == 500 / (Turns<Priority>.highTurns + 1))
    }

    @Test("What is given back is the next of its lane, and its lane the next where it was empty")
    func prepend() {
        var turns = Turns<String>()
        for name in ["a1", "a2"] { turns.append(name, lane: Self.lane(1)) }
        turns.append("b1", lane: Self.lane(2))
        let first = turns.popFirst()
        #expect(first == "a1")
        turns.prepend("a1", lane: Self.lane(1))
        #expect(turns.first == "b1")
        turns.prepend("c1", lane: Self.lane(3))
        #expect(turns.first == "c1")
        #expect(Self.drain(&turns) == ["c1", "b1", "a1", "a2"])
    }

    @Test("All that a condition says is taken, the rest keeps its order")
    func removal() {
        var turns = Turns<Int>()
        for number in 0..<20 { turns.append(number, lane: Self.lane(Int64(number % 2))) }
        let none = turns.removeAll { $0 >= 20 }
        let odd = turns.removeAll { $0 % 2 == 1 }
        #expect(none.isEmpty && odd == Array(stride(from: 1, to: 20, by: 2)))
        #expect(turns.counts.count == 1 && turns.count == 10)
        #expect(turns.elements == Array(stride(from: 0, to: 20, by: 2)))
        #expect(turns.first == 0)
        #expect(Self.drain(&turns) == Array(stride(from: 0, to: 20, by: 2)))
    }

    @Test("Nothing is lost and no lane's order changes, whatever happens", arguments: [1, 2, 3, 4, 5] as [UInt64])
    func property(seed: UInt64) {
        var dice = SplitMix(seed: seed)
        var turns = Turns<Item>()
        var model: [SenderLane: [Int]] = [:]
        for number in 0..<6000 {
            let lane = Self.lane(Int64.random(in: 0..<12, using: &dice), Bool.random(using: &dice) ? .high : .normal)
            switch Int.random(in: 0..<10, using: &dice) {
            case 0..<5:
                turns.append(Item(lane: lane, number: number), lane: lane)
                model[lane, default: []].append(number)
            case 5:
                turns.prepend(Item(lane: lane, number: number), lane: lane)
                model[lane, default: []].insert(number, at: 0)
            case 6..<9:
                let promised = turns.first
                let popped = turns.popFirst()
                #expect(popped == promised)
                guard let popped else { continue }
                let expected = model[popped.lane]?.removeFirst()
                #expect(popped.number == expected)
            default:
                let removed = turns.removeAll { $0.number % 97 == number % 97 }
                let before = model.values.reduce(0) { $0 + $1.count }
                for lane in Array(model.keys) { model[lane]?.removeAll { $0 % 97 == number % 97 } }
                #expect(removed.count == before - model.values.reduce(0) { $0 + $1.count })
            }
            let waiting = model.filter { !$0.value.isEmpty }
            #expect(turns.count == waiting.values.reduce(0) { $0 + $1.count } && turns.counts.count == waiting.count)
        }
        #expect(Set(turns.elements).count == turns.count)
        for item in Self.drain(&turns) {
            let expected = model[item.lane]?.removeFirst()
            #expect(item.number == expected)
        }
        #expect(model.values.filter { !$0.isEmpty }.count == 0)
    }
}

@Suite struct RingTests {
    @Test("both ends, over the edge of the array and while it grows")
    func ends() {
        var ring = Ring<Int>()
        #expect(ring.popFirst() == nil && ring.first == nil)
        var model: [Int] = []
        var dice = SplitMix(seed: 7)
        for number in 0..<5000 {
            switch Int.random(in: 0..<6, using: &dice) {
            case 0, 1:
                ring.append(number)
                model.append(number)
            case 2, 3:
                ring.prepend(number)
                model.insert(number, at: 0)
            case 4:
                let expected = model.isEmpty ? nil : model.removeFirst()
                #expect(ring.popFirst() == expected)
            default:
                guard number % 50 == 0 else { continue }
                let removed = ring.removeAll { $0 % 3 == 0 }
                #expect(removed == model.filter { $0 % 3 == 0 })
                model.removeAll { $0 % 3 == 0 }
            }
            #expect(ring.count == model.count && ring.first == model.first)
        }
        #expect(Array(ring.elements) == model)
        #expect(ring[-1] == nil && ring[ring.count] == nil && ring[0] == model.first)
    }
}
