import Testing

@testable import Mail

/// How many accounts there are, and which leave.
struct AccountTableTests {
    private static func key(_ number: Int) -> ClientLedger.Key {
        .network(.v4(UInt32(truncatingIfNeeded: number)))
    }

    @Test("50,000 keys have accounts; one more takes the place of the least recently used without connections")
    func bound() {
        let limits = ClientLimits(messages: Rate(count: 1, seconds: 3600))
        var ledger = ClientLedger()
        for number in 0..<ClientLedger.keyLimit {
            #expect(ledger.admits(.message, of: Self.key(number), under: limits, at: 0) == true)
        }
        #expect(ledger.count == 50_000)
        // The first has a connection open, the second is used again: it is the third that leaves.
        #expect(ledger.opened(Self.key(0), at: 0) == true)
        #expect(ledger.admits(.message, of: Self.key(1), under: limits, at: 0) == false)
        #expect(ledger.admits(.message, of: Self.key(50_000), under: limits, at: 0) == true)
        #expect(ledger.count == 50_000)
        for (number, left) in [(0, 0), (1, 0), (2, 1), (3, 0), (50_000, 0)] {
            #expect(ledger.allowance(of: Self.key(number), under: limits, at: 0).messages == left, "key \(number)")
        }
    }

    @Test("Where each of 50,000 keys has a connection open, one more is refused until one closes")
    func full() {
        let limits = ClientLimits(connections: Rate(count: 9, seconds: 1))
        var ledger = ClientLedger()
        for number in 0..<ClientLedger.keyLimit { #expect(ledger.opened(Self.key(number), at: 0) == true) }
        #expect(ledger.opened(.local, at: 0) == false)
        #expect(ledger.admits(.connection, of: .local, under: limits, at: 0) == false)
        #expect(ledger.failedLogin(of: .user("a"), at: 0) == LoginDelay.longest)
        #expect(ledger.opened(Self.key(7), at: 0) == true)
        ledger.closed(Self.key(7), at: 0)
        #expect(ledger.opened(.local, at: 0) == false)
        ledger.closed(Self.key(7), at: 0)
        #expect(ledger.opened(.local, at: 0) == true)
        #expect(ledger.count == 50_000 && ledger.openConnections(of: Self.key(7)) == 0)
    }

    @Test("Accounts with nothing to say leave as new keys come")
    func sweep() {
        let limits = ClientLimits(messages: Rate(count: 1, seconds: 60))
        var ledger = ClientLedger()
        for number in 0..<1_000 { _ = ledger.admits(.message, of: Self.key(number), under: limits, at: 0) }
        // Not a millisecond too early.
        _ = ledger.admits(.message, of: Self.key(1_000), under: limits, at: 59_999)
        #expect(ledger.count == 1_001)
        // Two go for each that comes.
        for number in 2_000..<2_500 { _ = ledger.admits(.message, of: Self.key(number), under: limits, at: 60_000) }
        #expect(ledger.count == 501)
        _ = ledger.failedLogin(of: Self.key(1), at: 60_000)
        #expect(ledger.openConnections(of: Self.key(1)) == 0)
    }

    @Test("A table of any size does what a plain list does")
    func model() {
        var random = SplitMix(seed: 50_000)
        for limit in [1, 2, 3, 8] {
            var table = AccountTable(limit: limit)
            // By last use, the oldest first, with open connections.
            var list: [(key: Int, open: Int)] = []
            for _ in 0..<3_000 {
                let number = Int.random(in: 0..<12, using: &random)
                let place = list.firstIndex { $0.key == number }
                switch Int.random(in: 0..<3, using: &random) {
                case 0, 1:
                    let opens = Bool.random(using: &random)
                    let index = table.use(Self.key(number), at: 0)
                    if let place {
                        list.append(list.remove(at: place))
                    } else if list.count < limit {
                        list.append((number, 0))
                    } else if let leaving = list.firstIndex(where: { $0.open == 0 }) {
                        list.remove(at: leaving)
                        list.append((number, 0))
                    } else {
                        #expect(index == nil)
                        continue
                    }
                    guard let index else {
                        Issue.record("no room")
                        return
                    }
                    // A failure keeps it from being swept.
                    _ = table[index].logins.failed(at: 0)
                    if opens {
                        table.open(index)
                        list[list.count - 1].open += 1
                    }
                default:
                    guard let place, let index = table.find(Self.key(number)) else { continue }
                    table.close(index)
                    if list[place].open > 0 {
                        list[place].open -= 1
                        // Its last connection closed: that is a use.
                        if list[place].open == 0 { list.append(list.remove(at: place)) }
                    }
                }
                #expect(table.count == list.count)
                for (key, open) in list {
                    #expect(table.find(Self.key(key)).map { table[$0].connectionsOpen } == open)
                }
            }
        }
    }
}
