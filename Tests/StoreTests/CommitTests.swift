import GRDB
import Glibc
import Mail
import Testing

@testable import Store

@Suite struct CommitTests {
    @Test("SRV-25 Each acknowledged message was synced: one sync of the WAL for one commit")
    func onePerCommit() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        // The first commit after an emptied WAL also syncs its new header.
        _ = try await store.enqueue([Fixture.message()])
        let before = fixture.disk.walSyncs
        for _ in 0..<100 { _ = try await store.enqueue([Fixture.message()]) }
        #expect(fixture.disk.walSyncs - before == 100)
        await store.close()
    }

    @Test("SRV-25 The writer runs with synchronous = FULL, also after it was reopened")
    func readBack() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        for _ in 0..<2 {
            let level = try await store.writer.perform(urgently: false, weight: 0) { db, _ in
                try Int.fetchOne(db, sql: "PRAGMA synchronous")
            }
            #expect(level == 2)
            fixture.disk.failWALSync()
            await #expect(throws: StoreError.self) { try await store.enqueue([Fixture.message()]) }
        }
        await store.close()
    }

    @Test("Group commit: what arrives during a commit joins the next")
    func groups() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let before = fixture.disk.walSyncs
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<400 { group.addTask { _ = try await store.enqueue([Fixture.message()]) } }
            try await group.waitForAll()
        }
        let syncs = fixture.disk.walSyncs - before
        #expect(syncs < 200, "\(syncs) syncs for 400 messages")
        #expect(try await store.counts().messages == 400)
        await store.close()
    }

    @Test("A refused operation does not fail its neighbours")
    func neighbours() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let taken = Fixture.id()
        _ = try await store.enqueue([Fixture.message(taken)])
        let failures = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<200 {
                group.addTask {
                    // Every tenth fails at once, every other tenth after it has changed something.
                    let messages =
                        switch number % 10 {
                        case 3: [try Fixture.message(taken)]
                        case 7: [try Fixture.message(), try Fixture.message(taken)]
                        default: [try Fixture.message()]
                        }
                    do {
                        _ = try await store.enqueue(messages)
                        return false
                    } catch StoreError.duplicate(taken) {
                        return true
                    }
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(failures == 40)
        #expect(try await store.counts().messages == 161)
        await store.close()
    }

    @Test("Several messages are queued together or not at all")
    func allOrNone() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let id = Fixture.id()
        await #expect(throws: StoreError.duplicate(id)) {
            try await store.enqueue([Fixture.message(), Fixture.message(id), Fixture.message(id)])
        }
        #expect(try await store.ids() == [])
        await #expect(throws: StoreError.self) { try await store.enqueue([Fixture.message(to: [])]) }
        await store.close()
    }

    @Test("SRV-26 A failed sync fails its commit, leaves nothing of it, and the store goes on from disk")
    func failedSync() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let (kept, refused, later) = (Fixture.id(), Fixture.id(), Fixture.id())
        _ = try await store.enqueue([Fixture.message(kept)])
        fixture.disk.failWALSync()
        await #expect(throws: StoreError.self) { try await store.enqueue([Fixture.message(refused)]) }
        #expect(try await store.ids() == [kept])
        // What a crash at this moment leaves, opened elsewhere: the refused frames must not come back as a commit.
        let crashed = try fixture.copyAsAfterCrash()
        #expect(try await crashed.open().ids() == [kept])
        _ = try await store.enqueue([Fixture.message(later)])
        #expect(try await store.ids() == [kept, later])
        // The refused id is free: the client may send again.
        _ = try await store.enqueue([Fixture.message(refused)])
        await store.close()
        #expect(try await fixture.open().ids() == [kept, later, refused])
    }

    @Test("SRV-26 A database that cannot be opened anew behind a failed sync is opened by the next operation that can")
    func openedLater() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let (kept, later) = (Fixture.id(), Fixture.id())
        _ = try await store.enqueue([Fixture.message(kept)])
        let (path, aside) = ("\(fixture.path)/queue.db", "\(fixture.path)/aside.db")
        try #require(rename(path, aside) == 0 && mkdir(path, 0o700) == 0)
        fixture.disk.failWALSync()
        for _ in 0..<3 {
            await #expect(throws: StoreError.self) { try await store.enqueue([Fixture.message()]) }
        }
        try #require(rmdir(path) == 0 && rename(aside, path) == 0)
        _ = try await store.enqueue([Fixture.message(later)])
        #expect(try await store.ids() == [kept, later])
        await store.close()
        #expect(try await fixture.open().ids() == [kept, later])
    }

    @Test("SRV-26 Where the database is gone behind a failed sync no new one is made: it is waited for")
    func movedAway() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let (kept, later) = (Fixture.id(), Fixture.id())
        _ = try await store.enqueue([Fixture.message(kept)])
        let (path, aside) = ("\(fixture.path)/queue.db", "\(fixture.path)/aside.db")
        try #require(rename(path, aside) == 0)
        fixture.disk.failWALSync()
        for _ in 0..<3 {
            await #expect(throws: StoreError.self) { try await store.enqueue([Fixture.message()]) }
        }
        #expect(!fixture.exists("queue.db"))
        try #require(rename(aside, path) == 0)
        _ = try await store.enqueue([Fixture.message(later)])
        await store.close()
        #expect(try await fixture.open().ids() == [kept, later])
    }

    @Test("SRV-26 While no sync succeeds nothing is accepted; what a crash leaves then is what was acknowledged")
    func brokenDisk() async throws {
        let fixture = try Fixture()
        let (kept, later) = (Fixture.id(), Fixture.id())
        do {
            let store = try fixture.open()
            _ = try await store.enqueue([Fixture.message(kept)])
            fixture.disk.failEverySync(true)
            for _ in 0..<5 {
                await #expect(throws: StoreError.self) { try await store.enqueue([Fixture.message()]) }
            }
            #expect(try await store.ids() == [kept])
            fixture.disk.failEverySync(false)
            _ = try await store.enqueue([Fixture.message(later)])
        }
        let store = try fixture.open()
        #expect(try await store.ids() == [kept, later])
        await store.close()
    }

    @Test("Q-06 A full disk refuses mail, still settles from the reserve, and takes mail again when there is room")
    func fullDisk() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        let queued = try await store.enqueue([Fixture.message(), Fixture.message()])
        #expect(fixture.exists("reserve"))
        fixture.disk.setFull(true)
        await #expect(throws: StoreError.full) { try await store.enqueue([Fixture.message()]) }
        #expect(fixture.exists("reserve"), "mail must not use it up")
        // The reserve is given up, and settling is tried again: this disk stays full all the same.
        await #expect(throws: StoreError.full) { try await store.settle(queued[0]) }
        #expect(!fixture.exists("reserve"))
        fixture.disk.setFull(false)
        try await store.settle(queued[0])
        _ = try await store.enqueue([Fixture.message()])
        #expect(try await store.counts().messages == 2)
        await store.close()
    }

    @Test("Q-06 A database at its page limit refuses mail with .full and can be emptied")
    func pageLimit() async throws {
        let fixture = try Fixture()
        var options = Fixture.options
        options.pageLimit = 120
        let store = try fixture.open(options)
        var queued: [QueuedMessage] = []
        do throws(StoreError) {
            while queued.count < 1000 {
                let message = try? Fixture.message(size: 4000)
                queued += try await store.enqueue([message].compactMap { $0 })
            }
        } catch {
            #expect(error == .full)
        }
        #expect((20..<120).contains(queued.count))
        for message in queued { try await store.settle(message) }
        #expect(try await store.counts().messages == 0)
        _ = try await store.enqueue([Fixture.message(size: 4000)])
        await store.close()
    }

    @Test("The writer's queue is bounded: .busy at the limit, and settlements have a lane of their own")
    func bounds() {
        let queue = WorkQueue<Int>(limit: 3, weightLimit: 10, urgentLimit: 1)
        #expect(queue.push(1, weight: 4) == .taken)
        #expect(queue.push(2, weight: 6) == .taken)
        #expect(queue.push(3, weight: 1) == .refused)
        #expect(queue.push(3, weight: 0) == .taken)
        #expect(queue.push(4, weight: 0) == .refused)
        #expect(queue.push(5, urgently: true) == .taken)
        #expect(queue.push(6, urgently: true) == .refused)
        let work = queue.takeAll()
        #expect(work?.urgent == [5])
        #expect(work?.ordinary == [1, 2, 3])
        queue.close()
        #expect(queue.push(7) == .closed)
        #expect(queue.takeAll() == nil)
    }
}
