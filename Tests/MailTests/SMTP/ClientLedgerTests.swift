import Testing

@testable import Mail

struct ClientLedgerTests {
    private let client = ClientLedger.Key.network(.v4(0xC000_0201))

    private static func limits(_ count: Int, _ seconds: Int) throws -> ClientLimits {
        let rate = try #require(Rate(count: count, seconds: seconds))
        return ClientLimits(connections: rate, messages: rate, recipients: rate)
    }

    @Test("A rate has bounds")
    func bounds() {
        #expect(Rate(count: 1, seconds: 1) != nil)
        #expect(Rate(count: Rate.countLimit, seconds: Rate.secondsLimit) != nil)
        for (count, seconds) in [(0, 1), (1, 0), (-1, 1), (Rate.countLimit + 1, 1), (1, Rate.secondsLimit + 1)] {
            #expect(Rate(count: count, seconds: seconds) == nil)
        }
    }

    @Test(
        "At the limit it is admitted, one past it is not, and time gives it back", arguments: [0, 777, Int64.min, -5])
    func limit(start: Int64) throws {
        let limits = try Self.limits(10, 60)
        for kind in [ClientLedger.Kind.connection, .message, .recipients(1)] {
            var ledger = ClientLedger()
            for _ in 0..<10 { #expect(ledger.admits(kind, of: client, under: limits, at: start) == true) }
            #expect(ledger.admits(kind, of: client, under: limits, at: start) == false)
            // One in six seconds comes back: not a millisecond sooner.
            #expect(ledger.admits(kind, of: client, under: limits, at: start + 5_999) == false)
            #expect(ledger.admits(kind, of: client, under: limits, at: start + 6_000) == true)
            #expect(ledger.admits(kind, of: client, under: limits, at: start + 6_000) == false)
            // A refusal costs nothing; after the whole time all are there, and no more however long it lasts.
            #expect(ledger.admits(kind, of: client, under: limits, at: start + 12_000) == true)
            for _ in 0..<10 { #expect(ledger.admits(kind, of: client, under: limits, at: start + 10_000_000) == true) }
            #expect(ledger.admits(kind, of: client, under: limits, at: start + 10_000_000) == false)
            // A clock that steps back gives nothing.
            #expect(ledger.admits(kind, of: client, under: limits, at: start) == false)
        }
    }

    @Test("Recipients are admitted all or none, and kinds and keys do not share")
    func recipients() throws {
        let limits = try Self.limits(100, 3600)
        var ledger = ClientLedger()
        #expect(ledger.admits(.recipients(101), of: client, under: limits, at: 0) == false)
        #expect(ledger.admits(.recipients(.max), of: client, under: limits, at: 0) == false)
        #expect(ledger.admits(.recipients(60), of: client, under: limits, at: 0) == true)
        #expect(ledger.admits(.recipients(41), of: client, under: limits, at: 0) == false)
        #expect(ledger.allowance(of: client, under: limits, at: 0) == (100, 40))
        #expect(ledger.admits(.recipients(40), of: client, under: limits, at: 0) == true)
        #expect(ledger.admits(.recipients(0), of: client, under: limits, at: 0) == true)
        #expect(ledger.admits(.recipients(-1), of: client, under: limits, at: 0) == true)
        #expect(ledger.allowance(of: client, under: limits, at: 0) == (100, 0))
        #expect(ledger.allowance(of: .local, under: limits, at: 0) == (100, 100))
        // 36 s for each; looking spends nothing.
        #expect(ledger.allowance(of: client, under: limits, at: 35_999) == (100, 0))
        #expect(ledger.allowance(of: client, under: limits, at: 36_000) == (100, 1))
    }

    @Test("Without a limit nothing is counted, and no account is made")
    func unlimited() {
        var ledger = ClientLedger()
        for kind in [ClientLedger.Kind.connection, .message, .recipients(.max)] {
            #expect(ledger.admits(kind, of: client, under: ClientLimits(), at: 0) == true)
        }
        #expect(ledger.allowance(of: client, under: ClientLimits(), at: 0) == (nil, nil))
        #expect(ledger.count == 0)
    }

    @Test("The greatest rate over all of time overflows nothing")
    func greatest() throws {
        let limits = try Self.limits(Rate.countLimit, Rate.secondsLimit)
        var ledger = ClientLedger()
        #expect(ledger.admits(.recipients(Rate.countLimit), of: client, under: limits, at: .min) == true)
        #expect(ledger.admits(.recipients(1), of: client, under: limits, at: .min) == false)
        #expect(ledger.admits(.recipients(Rate.countLimit), of: client, under: limits, at: .max) == true)
        #expect(ledger.admits(.recipients(1), of: client, under: limits, at: .min) == false)
        let other = try Self.limits(1, 1)
        #expect(ledger.allowance(of: client, under: other, at: .max).recipients == 0)
    }

    @Test("Under other limits the same share stays spent")
    func changed() throws {
        var ledger = ClientLedger()
        #expect(ledger.admits(.recipients(50), of: client, under: try Self.limits(100, 60), at: 0) == true)
        #expect(ledger.allowance(of: client, under: try Self.limits(10, 3600), at: 0).recipients == 5)
        #expect(ledger.allowance(of: client, under: try Self.limits(1, 7), at: 0).recipients == 0)
        #expect(ledger.admits(.recipients(4), of: client, under: try Self.limits(9, 3600), at: 0) == true)
        #expect(ledger.admits(.recipients(1), of: client, under: try Self.limits(9, 3600), at: 0) == false)
    }

    @Test("A /64 of IPv6 is one client; an IPv4 address is one, mapped or not; long names of users are cut")
    func keys() throws {
        let limits = try Self.limits(1, 60)
        let name = String(repeating: "u", count: ClientLedger.userLimit)
        for (first, second, isSame) in [
            (.network(.v6(high: 7, low: 1)), .network(.v6(high: 7, low: .max)), true),
            (.network(.v6(high: 7, low: 1)), .network(.v6(high: 8, low: 1)), false),
            (.network(.v6(high: 0, low: 0xFFFF_C000_0201)), .network(.v4(0xC000_0201)), true),
            (.network(.v4(1)), .network(.v4(2)), false),
            (.user("a"), .user("A"), false), (.user("a"), .local, false),
            (.user(name + "a"), .user(name + "b"), true), (.user(name), .user(name.dropLast() + "x"), false),
            (ClientLedger.Key(.local(uid: 1)), ClientLedger.Key(.local(uid: 2)), true),
            (ClientLedger.Key(.address(.v4(1))), .network(.v4(1)), true),
        ] as [(ClientLedger.Key, ClientLedger.Key, Bool)] {
            var ledger = ClientLedger()
            #expect(ledger.admits(.message, of: first, under: limits, at: 0) == true)
            #expect(ledger.admits(.message, of: second, under: limits, at: 0) != isSame)
        }
    }

    @Test("Open connections are counted; a close too many counts nothing")
    func connections() {
        var ledger = ClientLedger()
        #expect(ledger.openConnections(of: client) == 0)
        for _ in 0..<3 { #expect(ledger.opened(client, at: 0) == true) }
        ledger.closed(client, at: 1)
        #expect(ledger.openConnections(of: client) == 2)
        for _ in 0..<5 { ledger.closed(client, at: 1) }
        #expect(ledger.openConnections(of: client) == 0)
        ledger.closed(.local, at: 1)
        #expect(ledger.openConnections(of: .local) == 0)
    }

    @Test("A failed login waits 1 s, twice as long after each more up to 16 s, until it succeeds or 15 minutes passed")
    func logins() {
        var ledger = ClientLedger()
        let delays = (0..<6).map { ledger.failedLogin(of: client, at: 100 + $0) }
        #expect(delays == [1000, 2000, 4000, 8000, 16_000, 16_000])
        #expect(ledger.failedLogin(of: .user("a"), at: 105) == 1000)
        #expect(ledger.failedLogin(of: client, at: 105 + LoginDelay.memory - 1) == 16_000)
        #expect(ledger.failedLogin(of: client, at: 104 + 2 * LoginDelay.memory) == 1000)
        #expect(ledger.failedLogin(of: client, at: 0) == 2000)
        ledger.succeededLogin(of: client)
        #expect(ledger.failedLogin(of: client, at: 0) == 1000)
        #expect(ledger.failedLogin(of: .local, at: .min) == 1000)
        #expect(ledger.failedLogin(of: .local, at: .max) == 1000)
    }
}
