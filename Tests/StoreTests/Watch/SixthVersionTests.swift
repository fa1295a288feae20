import Mail
import Testing

@testable import Store

@Suite struct SixthVersionTests {
    /// As the fifth release made it: a copy, for what was released never changes.
    private static let version5 = """
        DROP INDEX recipient_due;
        DROP INDEX recipient_destination;
        ALTER TABLE message ADD COLUMN message_id TEXT;
        ALTER TABLE recipient ADD COLUMN lane INTEGER NOT NULL DEFAULT 4611686018427387904;
        ALTER TABLE recipient ADD COLUMN expires_at INTEGER;
        ALTER TABLE recipient ADD COLUMN deadline INTEGER;
        ALTER TABLE recipient ADD COLUMN held_at INTEGER;
        ALTER TABLE recipient ADD COLUMN hold_reason TEXT;
        UPDATE recipient SET (expires_at, deadline, lane) = (
            SELECT m.expires_at,
                CASE WHEN recipient.delayed_notice = 0 AND m.reverse_local IS NOT NULL AND m.kind IN (0, 3)
                    AND (recipient.notify IS NULL OR recipient.notify & 4)
                THEN min(m.expires_at, m.received_at + 14400) ELSE m.expires_at END,
                4611686018427387904 + CASE WHEN m.demand IN (3, 4) THEN 2305843009213693952 ELSE 0 END
            FROM message m WHERE m.number = recipient.message)
        WHERE EXISTS (SELECT 1 FROM message m WHERE m.number = recipient.message);
        CREATE INDEX recipient_due ON recipient (next_attempt, destination, lane) WHERE state = 0;
        CREATE INDEX recipient_deadline ON recipient (deadline, destination) WHERE state = 0;
        CREATE INDEX recipient_destination ON recipient (destination, number, state, next_attempt, lane)
            WHERE state <= 2;
        CREATE TABLE suspension (
            number INTEGER PRIMARY KEY,
            destination TEXT NOT NULL,
            since INTEGER NOT NULL,
            until INTEGER,
            reason TEXT NOT NULL,
            ended_at INTEGER
        );
        CREATE UNIQUE INDEX suspension_open ON suspension (destination) WHERE ended_at IS NULL;
        CREATE TABLE hold_rule (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            has_reverse_path INTEGER NOT NULL,
            reverse_local TEXT,
            reverse_domain,
            sender_domain TEXT,
            local TEXT,
            domain,
            recipient_domain TEXT,
            destination TEXT,
            reason TEXT NOT NULL,
            since INTEGER NOT NULL
        );
        PRAGMA user_version = 5;
        """

    /// A queue of the fifth release, with mail, a suspension and a hold rule.
    private func released() throws -> (Fixture, [QueueID]) {
        let (fixture, ids) = try MigrationTests.released()
        for version in [
            MigrationTests.version2, MigrationTests.version3, MigrationTests.version4, Self.version5,
        ] {
            try fixture.sql("BEGIN; \(version) COMMIT")
        }
        try fixture.sql(
            """
            INSERT INTO suspension (destination, since, reason) VALUES ('a.example', 1800000000, 'broken');
            INSERT INTO hold_rule (has_reverse_path, reason, since) VALUES (0, 'x', 1800000000);
            """)
        return (fixture, ids)
    }

    @Test("The fifth migration is as it was released")
    func appendOnly() {
        #expect(Schema.migrations[4] == Self.version5)
        #expect(Schema.version == 6)
    }

    @Test("Q-01 A queue of the fifth release keeps all it holds, and takes what is new")
    func upgrade() async throws {
        let (fixture, ids) = try released()
        let store = try fixture.open()
        #expect(!store.openingReport.wasUnclean)
        #expect(try await store.ids() == ids)
        #expect(try await store.suspensions(endedAfter: WallTime(seconds: 0)).map(\.destination) == ["a.example"])
        #expect(try await store.holdRules().map(\.number) == [1])
        let before = try #require(try await store.show(ids[0])?.recipients[0].attempts)
        #expect(before.map(\.result) == ["deferred timed-out"])
        #expect(before.map(\.decision) == [nil] && before.map(\.evidence) == [nil] && before.map(\.times) == [nil])
        #expect(try await store.exceptions().sound.isEmpty)
        #expect(try await store.standingAlarms().isEmpty)

        let waiting = try #require(try await store.message(MessageNumber(7)))
        let queued = QueuedMessage(message: waiting, recipients: [RecipientNumber(20)])
        let attempt = AttemptRecord(
            time: Fixture.start, host: "mx", address: nil, result: "deferred", milliseconds: 5, decision: "d",
            evidence: "e", times: "t")
        try await store.settle(
            queued, [0], .deferred(Reason(.timedOut, "x"), nil), next: Fixture.start.advanced(by: 600),
            attempts: [attempt])
        #expect(try await store.show(ids[0])?.recipients[0].attempts == before + [attempt])
        let exception = try Watch.exception()
        try await store.putException(exception)
        let alarm = try await store.addAlarm(Watch.alarm())
        await store.close()
        #expect(try fixture.query("PRAGMA user_version") == ["6"])
        #expect(try fixture.query("PRAGMA integrity_check") == ["ok"])

        let again = try fixture.open()
        #expect(try await again.exceptions().sound == [exception])
        #expect(try await again.standingAlarms() == [alarm])
        await again.close()
    }

    @Test("A file of the fifth release that was brought up has the tables of one that was made new")
    func sameSchema() async throws {
        let (old, _) = try released()
        let new = try Fixture()
        await (try old.open()).close()
        await (try new.open()).close()
        let schema = "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_master ORDER BY 1"
        #expect(try old.query(schema) == new.query(schema))
    }

    @Test("A sixth migration that fails leaves the fifth schema whole")
    func atomic() async throws {
        let (fixture, ids) = try released()
        try fixture.sql("CREATE TABLE observed_count (in_the_way)")
        #expect(throws: StoreOpenError.self) { try fixture.open() }
        #expect(try fixture.query("PRAGMA user_version") == ["5"])
        #expect(try fixture.query("SELECT name FROM pragma_table_info('attempt') WHERE name = 'decision'") == [])
        #expect(try fixture.query("SELECT name FROM sqlite_master WHERE name = 'exception'") == [])
        try fixture.sql("DROP TABLE observed_count")
        let store = try fixture.open()
        #expect(try await store.ids() == ids)
        await store.close()
    }
}
