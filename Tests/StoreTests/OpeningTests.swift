import Foundation
import GRDB
import Glibc
import Mail
import Testing

@testable import Store

@Suite struct OpeningTests {
    private func opening(_ fixture: Fixture) -> StoreOpenError? {
        do throws(StoreOpenError) {
            _ = try SQLiteStore.open(directory: fixture.path, now: Fixture.start, options: Fixture.options)
            return nil
        } catch {
            return error
        }
    }

    @Test("Everything in the folder is for the owner alone")
    func modes() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        for (name, mode) in [
            ("", 0o700), ("/queue.db", 0o600), ("/queue.db-wal", 0o600), ("/spool", 0o700), ("/spool/aside", 0o700),
            ("/lock", 0o600), ("/reserve", 0o600),
        ] as [(String, mode_t)] {
            var status = stat()
            #expect(lstat(fixture.path + name, &status) == 0, "\(name)")
            #expect(status.st_mode & 0o777 == mode, "\(name)")
        }
        await store.close()
    }

    @Test("A second daemon is refused with words, and the first is not disturbed")
    func secondOpener() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        #expect(opening(fixture) == .inUse(path: fixture.path))
        #expect(opening(fixture)?.description.contains("second relayd") == true)
        _ = try await store.enqueue([Fixture.message()])
        await store.close()
    }

    @Test("A closed store can be opened again in the same process")
    func lockIsGivenBack() async throws {
        let fixture = try Fixture()
        do { await (try fixture.open()).close() }
        do { await (try fixture.open()).close() }
    }

    @Test("The lock goes with the store, also where a child that was just forked has a copy of its descriptor")
    func lockIsGivenBackWithCopies() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        // A copy in this process is as good as a child's: both are the same open file (flock(2)).
        let original = try #require(
            try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").first {
                (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)"))
                    == "\(fixture.path)/lock"
            })
        let copy = fcntl(try #require(CInt(original)), F_DUPFD_CLOEXEC, 0)
        defer { _ = Glibc.close(copy) }
        #expect(opening(fixture) == .inUse(path: fixture.path))
        await store.close()
        do { await (try fixture.open()).close() }
    }

    struct Hazard: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let prepare: @Sendable (Fixture) throws -> Void
        init(_ text: String, _ prepare: @escaping @Sendable (Fixture) throws -> Void) {
            testDescription = text
            self.prepare = prepare
        }
    }

    static let refusals: [Hazard] = [
        Hazard("folder lets the group read") { chmod($0.path, 0o750) },
        Hazard("folder is read-only") { chmod($0.path, 0o500) },
        Hazard("folder is a link") {
            rename($0.path, $0.path + ".real")
            symlink($0.path + ".real", $0.path)
        },
        Hazard("spool is a link") {
            rename($0.path + "/spool", $0.parent + "/elsewhere")
            symlink($0.parent + "/elsewhere", $0.path + "/spool")
        },
        Hazard("database is a link") {
            rename($0.path + "/queue.db", $0.parent + "/other.db")
            symlink($0.parent + "/other.db", $0.path + "/queue.db")
        },
        Hazard("lock is a link") {
            unlink($0.path + "/lock")
            symlink($0.parent + "/other", $0.path + "/lock")
        },
        Hazard("database lets others read") { chmod($0.path + "/queue.db", 0o644) },
        Hazard("spool is a file") {
            rename($0.path + "/spool", $0.parent + "/elsewhere")
            try $0.write([1], to: "spool")
        },
    ]

    @Test("Wrong kind, mode or link is refused", arguments: refusals)
    func refused(_ hazard: Hazard) async throws {
        let fixture = try Fixture()
        await (try fixture.open()).close()
        try hazard.prepare(fixture)
        guard case .refused = opening(fixture) else {
            Issue.record("\(hazard.testDescription): \(String(describing: opening(fixture)))")
            return
        }
    }

    @Test("Another owner is refused", .enabled(if: geteuid() == 0, "only root can give a folder away"))
    func otherOwner() async throws {
        let fixture = try Fixture()
        await (try fixture.open()).close()
        chown(fixture.path, 65_534, 65_534)
        guard case .refused(_, let why) = opening(fixture) else {
            Issue.record("opened")
            return
        }
        #expect(why.contains("65534"))
    }

    @Test("A missing parent is refused")
    func missingParent() throws {
        #expect(throws: StoreOpenError.self) {
            try SQLiteStore.open(directory: "/nonexistent/queue", now: Fixture.start)
        }
    }

    @Test("A newer schema is refused and left alone")
    func newerSchema() async throws {
        let fixture = try Fixture()
        await (try fixture.open()).close()
        try fixture.sql("PRAGMA user_version = 7")
        #expect(opening(fixture) == .newer(path: fixture.path + "/queue.db", found: 7, known: 6))
        #expect(try fixture.query("PRAGMA user_version") == ["7"])
    }

    @Test("Another program's database is refused and left alone")
    func foreign() async throws {
        let fixture = try Fixture()
        mkdir(fixture.path, 0o700)
        try fixture.write([], to: "queue.db")
        try fixture.sql("CREATE TABLE letters (a)")
        guard case .foreign = opening(fixture) else {
            Issue.record("opened")
            return
        }
        #expect(try fixture.query("PRAGMA journal_mode") == ["delete"])
    }

    /// Before SQLite 3.51.3 two connections that reset the WAL at the same time could damage the file.
    @Test("What reads the queue cannot change it, and leaves the WAL as it is, also when it ends")
    func readers() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        _ = try await store.enqueue([Fixture.message()])
        let size = { try FileManager.default.attributesOfItem(atPath: "\(fixture.path)/queue.db-wal")[.size] as? Int }
        let before = try size()
        #expect(before ?? 0 > 0)
        for readonly in [true, false] {
            let connection = try DatabaseQueue(
                path: "\(fixture.path)/queue.db",
                configuration: Connection.configuration(label: "test", readonly: readonly))
            #expect(try connection.inDatabase { try Int.fetchOne($0, sql: "SELECT count(*) FROM message") } == 1)
            let refused: Bool
            do {
                try connection.inDatabase { try $0.execute(sql: "UPDATE message SET size = size") }
                refused = false
            } catch let error as DatabaseError {
                refused = error.resultCode == .SQLITE_READONLY
            }
            #expect(refused == readonly)
            try connection.close()
            if readonly { #expect(try size() == before) }
        }
        await store.close()
    }

    @Test("Garbage where the database should be is refused")
    func garbageHeader() async throws {
        let fixture = try Fixture()
        await (try fixture.open()).close()
        try fixture.write([UInt8](repeating: 0x5A, count: 100), to: "queue.db")
        guard case .damaged(_, let why) = opening(fixture) else {
            Issue.record("opened")
            return
        }
        #expect(why.contains("not a database"))
    }

    @Test("Flipped pages are found at start")
    func flippedPages() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        for _ in 0..<50 { _ = try await store.enqueue([Fixture.message(size: 3000)]) }
        await store.close()
        for page in 3..<30 {
            try fixture.write([UInt8](repeating: 0xFF, count: 64), to: "queue.db", at: page * 4096)
        }
        guard case .damaged = opening(fixture) else {
            Issue.record("opened")
            return
        }
    }

    /// The number of a page that holds content, the last row's, or of one that holds recipients.
    private func page(of table: String, _ fixture: Fixture) throws -> Int {
        try #require(
            fixture.query(
                "SELECT pageno FROM dbstat WHERE name = '\(table)' AND pagetype = 'leaf' ORDER BY pageno DESC"
            )
            .first.flatMap { Int($0) })
    }

    static let damages = [
        ("content", false, "found when it is read: one message is quarantined"),
        ("recipient", true, "found at the start"), ("message", true, "found at the start"),
        ("recipient_due", true, "an index of a table"),
    ]

    @Test("After an unclean stop a large file is checked but for content", arguments: damages)
    func largeUnclean(table: String, isFound: Bool, reason: String) async throws {
        let fixture = try Fixture()
        var options = Fixture.options
        options.alwaysCheckedBytes = 0
        var ids: [QueueID] = []
        do {
            let store = try fixture.open(options)
            for _ in 0..<50 { ids += try await store.enqueue([Fixture.message(size: 3000)]).map(\.message.id) }
            await store.close()
        }
        do { _ = try fixture.open(options) }
        let page = try page(of: table, fixture)
        try fixture.write([UInt8](repeating: 0xFF, count: 64), to: "queue.db", at: (page - 1) * 4096)
        if isFound {
            #expect(throws: StoreOpenError.self) { try fixture.open(options) }
            return
        }
        let store = try fixture.open(options)
        #expect(store.openingReport.wasUnclean)
        let message = try #require(try await store.show(ids[49])?.message)
        await #expect(throws: StoreError.damaged("content of \(ids[49]): database disk image is malformed (SQLite 11)"))
        {
            try await store.bytes(of: message)
        }
        await store.close()
    }

    @Test("A stop without closing is noticed, a close is not")
    func cleanMarker() async throws {
        let fixture = try Fixture()
        do {
            let store = try fixture.open()
            #expect(!store.openingReport.wasUnclean)
            _ = try await store.enqueue([Fixture.message()])
        }
        do {
            let store = try fixture.open()
            #expect(store.openingReport.wasUnclean)
            #expect(try await store.ids().count == 1)
            await store.close()
        }
        #expect(!fixture.exists("queue.db-wal"))
        let store = try fixture.open()
        #expect(!store.openingReport.wasUnclean)
        await store.close()
    }

    @Test("The file carries its name and its schema number")
    func identity() async throws {
        let fixture = try Fixture()
        await (try fixture.open()).close()
        #expect(try fixture.query("PRAGMA application_id") == ["\(Schema.applicationID)"])
        #expect(try fixture.query("PRAGMA user_version") == ["\(Schema.version)"])
        #expect(try fixture.query("PRAGMA journal_mode") == ["wal"])
    }

    @Test("After close every operation throws .closed")
    func closed() async throws {
        let fixture = try Fixture()
        let store = try fixture.open()
        await store.close()
        await #expect(throws: StoreError.closed) { try await store.enqueue([Fixture.message()]) }
        await #expect(throws: StoreError.closed) { try await store.counts() }
        await store.close()
    }
}
