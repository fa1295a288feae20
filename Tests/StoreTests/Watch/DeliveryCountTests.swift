import Mail
import Testing

@testable import Store

@Suite struct DeliveryCountTests {
    @Test("What is settled is counted by destination and by sender, for each level, and survives a restart")
    func counted() async throws {
        let fixture = try Fixture()
        do {
            let store = try fixture.open()
            try await store.handOver([
                Watch.delivery("a.example", recipients: 3), Watch.delivery("b.example", .clear, recipients: 2),
            ])
            try await store.handOver([Watch.delivery("a.example", from: "", .webPKI)])
            try await store.handOver([Watch.delivery("a.example", recipients: 0), Watch.delivery(recipients: -1)])
            try await store.handOver([])
        }
        let store = try fixture.open()
        #expect(
            try await store.sums() == [
                Watch.sum("a.example", [.dane: (2, 3), .webPKI: (1, 1)]), Watch.sum("b.example", [.clear: (1, 2)]),
                Watch.sum("example.net", [.dane: (1, 0)]),
            ])
        #expect(
            try await store.sums(.sender) == [
                Watch.sum("", [.webPKI: (1, 1)]), Watch.sum("example.com", [.dane: (3, 3), .clear: (1, 2)]),
            ])
        await store.close()
    }

    @Test("Every level is told apart", arguments: DeliveredLevel.allCases)
    func level(level: DeliveredLevel) async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        try await store.handOver([Watch.delivery("a.example", level, recipients: 7)])
        #expect(try await store.sums() == [Watch.sum("a.example", [level: (1, 7)])])
        await store.close()
    }

    @Test("One commit of many settlements counts each of them, and what fails among them is not counted")
    func group() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let queued = try await store.enqueue((0..<400).map { _ in try Fixture.message() })
        // Every fifth names a recipient twice: it fails half done, and its whole group is taken back and run again.
        let settlements = queued.enumerated().map { number, queued in
            var settlement = Watch.settlement(queued, [Watch.delivery("d\(number % 3).example")])
            if number % 5 == 4 { settlement.recipients += settlement.recipients }
            return settlement
        }
        let failed = try await withThrowingTaskGroup(of: Bool.self) { group in
            for settlement in settlements {
                group.addTask {
                    do {
                        _ = try await store.settle(settlement)
                        return false
                    } catch StoreError.unknown {
                        return true
                    }
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(failed == 80)
        let expected = (0..<3).map { place in
            let count = Int64(queued.indices.count { $0 % 3 == place && $0 % 5 != 4 })
            return Watch.sum("d\(place).example", [.dane: (count, count)])
        }
        #expect(try await store.sums() == expected)
        #expect(try await store.sums(.sender) == [Watch.sum("example.com", [.dane: (320, 320)])])
        await store.close()
    }

    @Test("A commit that fails counts nothing, and the next only its own")
    func failedCommit() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let queued = try await store.enqueue([Fixture.message(), Fixture.message()])
        fixture.disk.failWALSync()
        await #expect(throws: StoreError.self) {
            try await store.settle(
                Watch.settlement(queued[0], [Watch.delivery("lost.example")], proofs: [Watch.proof()]))
        }
        _ = try await store.settle(Watch.settlement(queued[1], [Watch.delivery("kept.example")]))
        #expect(try await store.sums() == [Watch.sum("kept.example", [.dane: (1, 1)])])
        #expect(try await store.proofs(from: Watch.at(0), to: Watch.at(9), before: nil, limit: 9).isEmpty)
        // What failed is settled again, and then it counts.
        _ = try await store.settle(Watch.settlement(queued[0], [Watch.delivery("lost.example")]))
        #expect(try await store.sums().map(\.name) == ["kept.example", "lost.example"])
        await store.close()
    }

    @Test("Names of a day: at the limit all are counted, one past it under the rest; known names go on")
    func bound() async throws {
        let fixture = try Fixture()
        var options = Fixture.options
        options.watchBounds.namesOfDay = 3
        do {
            let store = try fixture.open(options)
            for number in 0..<3 { try await store.handOver([Watch.delivery("d\(number).example")]) }
            #expect(try await store.sums().map(\.name) == ["d0.example", "d1.example", "d2.example"])
            try await store.handOver([Watch.delivery("d3.example")])
        }
        // The bound knows no restart, and another day has room of its own.
        let store = try fixture.open(options)
        try await store.handOver([Watch.delivery("d4.example", .clear)])
        try await store.handOver([Watch.delivery("d0.example", .clear)])
        try await store.handOver([Watch.delivery("d3.example")], day: Watch.day.next)
        #expect(
            try await store.sums() == [
                Watch.sum(DeliverySum.rest, [.dane: (1, 1), .clear: (1, 1)]),
                Watch.sum("d0.example", [.dane: (1, 1), .clear: (1, 1)]), Watch.sum("d1.example", [.dane: (1, 1)]),
                Watch.sum("d2.example", [.dane: (1, 1)]),
            ])
        #expect(
            try await store.sums(from: Watch.day.next, to: Watch.day.next) == [
                Watch.sum("d3.example", [.dane: (1, 1)])
            ])
        #expect(try await store.sums(.sender).map(\.name) == ["example.com"])
        await store.close()
        #expect(SQLiteOptions().watchBounds.namesOfDay == WatchLimits.namesOfDay)
    }

    @Test("A name of 320 octets is kept, one more is cut")
    func name() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        for length in [320, 321] { try await store.handOver([Watch.delivery(String(repeating: "n", count: length))]) }
        #expect(try await store.sums().map(\.name.utf8.count) == [320])
        #expect(try await store.sums().first?.levels == [.dane: DeliverySum.Count(messages: 2, recipients: 2)])
        await store.close()
    }

    @Test("Pages of any length tell the same as one, over days that hold different names")
    func pages() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        var generator = Seeded(state: 7)
        var expected: [String: DeliverySum] = [:]
        for offset in 0..<6 {
            let day = ReportDay(number: Watch.day.number + Int64(offset))
            let deliveries = (0..<40).map { _ in
                Watch.delivery(
                    "\(Int.random(in: 0..<60, using: &generator)).example", from: "",
                    Bool.random(using: &generator) ? .dane : .clear, recipients: 2)
            }
            try await store.handOver(deliveries, day: day)
            // The first and the last day are not asked for.
            if offset == 0 || offset == 5 { continue }
            for delivery in deliveries {
                let name = delivery.destination
                expected[name, default: DeliverySum(name: name)].levels[delivery.level, default: .init()].messages += 1
                expected[name, default: DeliverySum(name: name)].levels[delivery.level, default: .init()].recipients +=
                    2
            }
        }
        let all = expected.values.sorted { $0.name < $1.name }
        let (first, last) = (Watch.day.next, ReportDay(number: Watch.day.number + 4))
        for limit in [1, 2, 7, 59, 60, 1000] {
            var found: [DeliverySum] = []
            while true {
                let page = try await store.sums(from: first, to: last, after: found.last?.name, limit: limit)
                #expect(page.count <= limit)
                found += page
                if page.count < limit { break }
            }
            #expect(found == all, "pages of \(limit)")
        }
        #expect(try await store.sums(from: first, to: last, limit: 0).isEmpty)
        #expect(try await store.sums(.sender, from: first, to: last).map(\.name) == [""])
        #expect(try await store.sums(.sender, from: first, to: last, after: "").isEmpty)
        await store.close()
    }

    @Test("Forgetting takes counts, proofs and what was observed on days before, and leaves that day")
    func forget() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let days = [Watch.day.previous, Watch.day]
        for day in days {
            var proof = Watch.proof()
            proof.time = day.start
            let many = (0..<WatchLimits.page + 1).map { Watch.delivery("d\($0).example", from: "") }
            try await store.handOver(many, proofs: [proof], day: day)
            try await store.noteObserved([Watch.observed(day: day)])
        }
        try await store.removeDeliveries(before: Watch.day)
        #expect(try await store.sums(from: days[0], to: days[0]).isEmpty)
        #expect(try await store.sums(from: days[0], to: days[1]).count == WatchLimits.page)
        let proofs = try await store.proofs(
            from: days[0].start, to: Watch.day.end, before: nil, limit: 9)
        #expect(proofs.map(\.time) == [Watch.day.start])
        #expect(try await store.observed(from: days[0], limit: 9).map(\.day) == [Watch.day])
        await store.close()
        #expect(try fixture.query("SELECT DISTINCT day FROM delivery_day") == ["\(Watch.day.number)"])
        #expect(try fixture.query("SELECT count(*) FROM delivery_count") == ["1002"])
    }

    static let damage = ["messages = 'x'", "recipients = -1", "messages = 1.5", "level = 99", "level = 'x'"]

    @Test("A damaged count is an error and no wrong sum; mail is settled all the same", arguments: damage)
    func damaged(_ change: String) async throws {
        let fixture = try Fixture()
        do {
            let store = try fixture.open()
            try await store.handOver([Watch.delivery("a.example")])
            await store.close()
        }
        try fixture.sql("UPDATE delivery_count SET \(change) WHERE side = 0")
        let store = try fixture.open()
        await #expect(throws: StoreError.self) { try await store.sums() }
        try await store.handOver([Watch.delivery("a.example")])
        #expect(try await store.sums(.sender).map(\.name) == ["example.com"])
        await store.close()
    }

    @Test("Without its tables a delivery is settled, and is not sent again")
    func missing() async throws {
        let fixture = try Fixture()
        await (try fixture.open()).close()
        try fixture.sql("DROP TABLE delivery_count; DROP TABLE requiretls_proof")
        let store = try fixture.open()
        try await store.handOver([Watch.delivery()], proofs: [Watch.proof()])
        #expect(try await store.counts().messages == 0)
        await #expect(throws: StoreError.self) { try await store.sums() }
        await store.close()
    }
}
