import Glibc
import Mail
import Testing

@testable import Store

@Suite struct MigrationTests {
    /// The tables as the first release made them: a copy, for what was released never changes.
    static let version1 = """
        PRAGMA application_id = 1465407303;
        CREATE TABLE fact (
            name TEXT PRIMARY KEY,
            value INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE message (
            number INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            kind INTEGER NOT NULL,
            reverse_local TEXT,
            reverse_domain,
            body TEXT NOT NULL,
            received_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            size INTEGER NOT NULL,
            digest BLOB NOT NULL,
            eight_bit INTEGER NOT NULL,
            client_name TEXT,
            client_address BLOB,
            tls TEXT,
            spooled INTEGER NOT NULL,
            quarantined TEXT,
            first_recipient INTEGER NOT NULL,
            recipients INTEGER NOT NULL,
            open INTEGER NOT NULL
        );
        CREATE INDEX message_spooled ON message (number) WHERE spooled = 1;
        CREATE INDEX message_quarantined ON message (number) WHERE quarantined IS NOT NULL;
        CREATE TABLE content (
            message INTEGER PRIMARY KEY,
            bytes BLOB NOT NULL
        );
        CREATE TABLE recipient (
            number INTEGER PRIMARY KEY,
            message INTEGER NOT NULL,
            local TEXT NOT NULL,
            domain NOT NULL,
            destination TEXT NOT NULL,
            state INTEGER NOT NULL,
            attempts INTEGER NOT NULL,
            next_attempt INTEGER NOT NULL,
            last_attempt INTEGER,
            result INTEGER,
            cause TEXT,
            detail TEXT,
            reply_code INTEGER,
            reply_enhanced INTEGER,
            reply_text TEXT,
            host TEXT,
            delayed_notice INTEGER NOT NULL DEFAULT 0,
            policy_since INTEGER
        );
        CREATE INDEX recipient_due ON recipient (next_attempt, destination) WHERE state = 0;
        CREATE INDEX recipient_destination ON recipient (destination, next_attempt) WHERE state = 0;
        CREATE INDEX recipient_held ON recipient (number) WHERE state = 1;
        CREATE TABLE attempt (
            recipient INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            time INTEGER NOT NULL,
            host TEXT,
            address BLOB,
            tls_level TEXT,
            verified_by TEXT,
            result TEXT NOT NULL,
            reply_code INTEGER,
            reply_enhanced INTEGER,
            reply_text TEXT,
            milliseconds INTEGER NOT NULL,
            PRIMARY KEY (recipient, sequence)
        ) WITHOUT ROWID;
        PRAGMA user_version = 1;
        """

    /// What the second release added.
    static let version2 = """
        ALTER TABLE message ADD COLUMN demand INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE attempt ADD COLUMN required_by TEXT;
        CREATE TABLE sts_policy (
            domain TEXT NOT NULL PRIMARY KEY,
            mode TEXT,
            max_age INTEGER,
            patterns TEXT,
            text BLOB,
            id TEXT,
            fetched_at INTEGER,
            expires_at INTEGER,
            failure_id TEXT,
            failed_at INTEGER,
            failures INTEGER,
            failure_type TEXT,
            failure_words TEXT,
            record_missing_since INTEGER,
            checksum INTEGER NOT NULL
        );
        CREATE TABLE sts_use (
            domain TEXT NOT NULL PRIMARY KEY,
            used_at INTEGER NOT NULL
        ) WITHOUT ROWID;
        PRAGMA user_version = 2;
        """

    /// What the third release added.
    static let version3 = """
        CREATE TABLE report_day (
            day INTEGER PRIMARY KEY,
            domains INTEGER NOT NULL,
            dropped INTEGER NOT NULL,
            text INTEGER NOT NULL
        );
        CREATE TABLE report_domain (
            day INTEGER NOT NULL,
            domain TEXT NOT NULL,
            planned INTEGER NOT NULL,
            PRIMARY KEY (day, domain)
        ) WITHOUT ROWID;
        CREATE INDEX report_unplanned ON report_domain (day, domain) WHERE planned = 0;
        CREATE TABLE report_policy (
            number INTEGER PRIMARY KEY,
            day INTEGER NOT NULL,
            domain TEXT NOT NULL,
            type TEXT NOT NULL,
            policy_domain TEXT NOT NULL,
            strings TEXT NOT NULL,
            mx_hosts TEXT NOT NULL,
            checksum INTEGER NOT NULL
        );
        CREATE INDEX report_policy_domain ON report_policy (day, domain, checksum);
        CREATE TABLE report_count (
            policy INTEGER PRIMARY KEY,
            successes INTEGER NOT NULL,
            failures INTEGER NOT NULL
        );
        CREATE TABLE report_detail (
            policy INTEGER NOT NULL,
            number INTEGER NOT NULL,
            kept INTEGER NOT NULL,
            type TEXT NOT NULL,
            reason TEXT,
            sending_address BLOB,
            receiving_host TEXT,
            receiving_helo TEXT,
            receiving_address BLOB,
            sessions INTEGER NOT NULL,
            PRIMARY KEY (policy, number)
        ) WITHOUT ROWID;
        CREATE TABLE report (
            day INTEGER NOT NULL,
            domain TEXT NOT NULL,
            id TEXT NOT NULL,
            state INTEGER NOT NULL,
            due_at INTEGER,
            begun_at INTEGER,
            ended_at INTEGER,
            outcome TEXT,
            words TEXT,
            successes INTEGER,
            failures INTEGER,
            PRIMARY KEY (day, domain)
        ) WITHOUT ROWID;
        CREATE INDEX report_due ON report (due_at) WHERE due_at IS NOT NULL;
        CREATE TABLE report_body (
            day INTEGER NOT NULL,
            domain TEXT NOT NULL,
            bytes BLOB NOT NULL,
            PRIMARY KEY (day, domain)
        );
        CREATE TABLE report_destination (
            day INTEGER NOT NULL,
            domain TEXT NOT NULL,
            position INTEGER NOT NULL,
            uri TEXT NOT NULL,
            state TEXT NOT NULL,
            attempts INTEGER NOT NULL,
            last_attempt INTEGER,
            next_attempt INTEGER,
            message TEXT,
            words TEXT,
            PRIMARY KEY (day, domain, position)
        ) WITHOUT ROWID;
        CREATE INDEX report_message ON report_destination (message) WHERE message IS NOT NULL;
        CREATE TABLE report_suppression (
            domain TEXT NOT NULL,
            uri TEXT NOT NULL,
            since INTEGER NOT NULL,
            until INTEGER NOT NULL,
            refusals INTEGER NOT NULL,
            words TEXT NOT NULL,
            PRIMARY KEY (domain, uri)
        ) WITHOUT ROWID;
        CREATE INDEX report_suppression_since ON report_suppression (since);
        CREATE INDEX report_suppression_until ON report_suppression (until);
        PRAGMA user_version = 3;
        """

    /// What the fourth release added.
    static let version4 = """
        ALTER TABLE message ADD COLUMN returns TEXT;
        ALTER TABLE message ADD COLUMN envelope_id TEXT;
        ALTER TABLE message ADD COLUMN internationalized INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE message ADD COLUMN needs_utf8_header INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE message ADD COLUMN login TEXT;
        ALTER TABLE message ADD COLUMN forwarded TEXT;
        ALTER TABLE recipient ADD COLUMN notify INTEGER;
        ALTER TABLE recipient ADD COLUMN original_recipient TEXT;
        PRAGMA user_version = 4;
        """

    static let rows = """
        INSERT INTO fact VALUES ('clean', 1);
        INSERT INTO message VALUES
            (7, 'ID1', 0, 'sender', 'example.com', '8BITMIME', 1800000000, 1800432000, 3, zeroblob(32), 1, 'client.example',
                x'c0000201', 'TLSv1.3', 0, NULL, 20, 2, 2),
            (9, 'ID2', 1, NULL, NULL, '7BIT', 1800000001, 1800172800, 4, zeroblob(32), 0, NULL, NULL, NULL, 0, 'broken',
                22, 1, 1);
        INSERT INTO content VALUES (7, 'abc'), (9, 'abcd');
        UPDATE content SET bytes = CAST(bytes AS BLOB);
        INSERT INTO recipient (number, message, local, domain, destination, state, attempts, next_attempt) VALUES
            (20, 7, 'a', 'a.example', 'a.example', 0, 1, 1800000600),
            (21, 7, 'b', x'c0000207', '[192.0.2.7]', 0, 0, 1800000000),
            (22, 9, 'c', 'c.example', 'c.example', 2, 0, 1800000001);
        INSERT INTO attempt VALUES (20, 1, 1800000300, 'mx.a.example', x'c0000209', 'encrypted', NULL,
            'deferred timed-out', NULL, NULL, NULL, 30000);
        """

    /// A folder as the first release left it, after a close, with two messages.
    static func released() throws -> (Fixture, [QueueID]) {
        let fixture = try Fixture()
        let ids = [Fixture.id(), Fixture.id()].sorted { $0.text < $1.text }
        try #require(mkdir(fixture.path, 0o700) == 0)
        try fixture.write([], to: "queue.db")
        try fixture.sql("PRAGMA journal_mode = WAL")
        try fixture.sql("BEGIN; \(Self.version1) COMMIT")
        try fixture.sql(Self.rows)
        for (number, id) in zip([7, 9], ids) {
            try fixture.sql("UPDATE message SET id = '\(id)' WHERE number = \(number)")
        }
        return (fixture, ids)
    }

    @Test("The first migrations are as they were released")
    func appendOnly() {
        #expect(Schema.migrations[0] == Self.version1)
        #expect(Schema.migrations[1] == Self.version2)
        #expect(Schema.migrations[2] == Self.version3)
        #expect(Schema.migrations[3] == Self.version4)
    }

    @Test("RPTC-21 A queue of the second release keeps all it holds, and counts")
    func upgradeFromSecond() async throws {
        let (fixture, ids) = try Self.released()
        try fixture.sql("BEGIN; \(Self.version2) COMMIT")
        try fixture.sql("UPDATE message SET demand = 1 WHERE number = 7")
        try fixture.sql("INSERT INTO sts_use VALUES ('a.example', 5)")
        let store = try fixture.open()
        #expect(!store.openingReport.wasUnclean)
        #expect(try await store.ids() == ids)
        #expect(try await store.show(ids[0])?.message.demand == MessageDemand(rawValue: 1))
        let waiting = try #require(try await store.message(MessageNumber(7)))
        let queued = QueuedMessage(message: waiting, recipients: [RecipientNumber(20)])
        _ = try await store.settle(Reports.settlement(queued, sessions: [Reports.session()]))
        #expect(try await store.policyCounts().map(\.successes) == [1])
        #expect(try await store.unplannedDays(before: Reports.day.next) == [Reports.day])
        await store.close()
        #expect(try fixture.query("SELECT used_at FROM sts_use") == ["5"])
        #expect(try fixture.query("PRAGMA user_version") == ["6"])
        #expect(try fixture.query("PRAGMA integrity_check") == ["ok"])
    }

    @Test("Q-01 A queue of the third release keeps all it holds: nothing was asked, and from now on it may be")
    func upgradeFromThird() async throws {
        let (fixture, ids) = try Self.released()
        try fixture.sql("BEGIN; \(Self.version2) COMMIT")
        try fixture.sql("BEGIN; \(Self.version3) COMMIT")
        try fixture.sql("UPDATE message SET demand = 1 WHERE number = 7")
        let store = try fixture.open()
        #expect(!store.openingReport.wasUnclean)
        #expect(try await store.ids() == ids)
        let detail = try #require(try await store.show(ids[0]))
        #expect(detail.message.demand == .requireTLS)
        #expect(detail.message.returns == nil && detail.message.envelopeID == nil)
        #expect(!detail.message.isInternationalized && !detail.message.needsUTF8Header)
        #expect(detail.message.origin.login == nil && detail.message.origin.forwarded == nil)
        #expect(detail.message.origin.tls == "TLSv1.3")
        #expect(detail.recipients.map(\.recipient.request) == [.none, .none])
        let due = try await store.due(
            before: Fixture.start.advanced(by: 600), after: nil, excluding: DueExclusion(), limit: 9)
        #expect(due.map(\.number.value) == [21, 20] && due.allSatisfy { $0.request == .none })
        let new = try RequestTests.message()
        let queued = try await store.enqueue([new])[0]
        #expect(queued.message.number.value == 10)
        #expect(
            try await store.show(new.id)?.recipients.map(\.recipient.request) == new.recipients.map(\.request))
        await store.close()
        #expect(try fixture.query("PRAGMA user_version") == ["6"])
        #expect(try fixture.query("PRAGMA integrity_check") == ["ok"])
    }

    @Test("Q-01 A queue of the fourth release keeps all it holds, and each recipient has its time and its lane")
    func upgradeFromFourth() async throws {
        let (fixture, ids) = try Self.released()
        for version in [Self.version2, Self.version3, Self.version4] {
            try fixture.sql("BEGIN; \(version) COMMIT")
        }
        try fixture.sql(
            """
            INSERT INTO message (number, id, kind, reverse_local, reverse_domain, body, received_at, expires_at, size,
                digest, eight_bit, spooled, first_recipient, recipients, open, demand) VALUES
                (10, 'a', 0, 's', 'example.com', '7BIT', 1800000000, 1800432000, 0, zeroblob(32), 0, 1, 23, 6, 5, 3),
                (11, 'b', 2, 's', 'example.com', '7BIT', 1800000000, 1800432000, 0, zeroblob(32), 0, 1, 29, 1, 1, 4),
                (12, 'c', 0, NULL, NULL, '7BIT', 1800000000, 1800172800, 0, zeroblob(32), 0, 1, 30, 1, 1, 2),
                (13, 'd', 0, 's', 'example.com', '7BIT', 1800000000, 1800000060, 0, zeroblob(32), 0, 1, 31, 1, 1, 0);
            INSERT INTO recipient (number, message, local, domain, destination, state, attempts, next_attempt,
                delayed_notice, notify) VALUES
                (23, 10, 'a', 'a.example', 'a.example', 0, 3, 1800090000, 1, NULL),
                (24, 10, 'a', 'a.example', 'a.example', 0, 3, 1800090000, 0, 4),
                (25, 10, 'a', 'a.example', 'a.example', 0, 3, 1800090000, 0, 2),
                (26, 10, 'a', 'a.example', 'a.example', 0, 3, 1800090000, 0, 0),
                (27, 10, 'a', 'a.example', 'a.example', 1, 0, 1800000000, 0, NULL),
                (28, 10, 'a', 'a.example', 'a.example', 3, 1, 1800000000, 0, NULL),
                (29, 11, 'a', 'a.example', 'a.example', 0, 0, 1800000000, 0, NULL),
                (30, 12, 'a', 'a.example', 'a.example', 0, 0, 1800000000, 0, NULL),
                (31, 13, 'a', 'a.example', 'a.example', 0, 0, 1800000000, 0, NULL),
                (32, 99, 'a', 'a.example', 'a.example', 0, 0, 1800000000, 0, NULL);
            """)
        let due: [DueRecipient]
        do {
            // Two messages of the fixture have no file and are quarantined, two have no readable id: the rows are what counts.
            try fixture.sql("UPDATE message SET spooled = 0")
            for number in 10...13 {
                try fixture.sql("UPDATE message SET id = '\(Fixture.id())' WHERE number = \(number)")
            }
            let store = try fixture.open()
            #expect(try await store.ids().prefix(2) == ids[...])
            due = try await store.due(Fixture.start.advanced(by: 100_000)).sorted { $0.number < $1.number }
            #expect(try await store.show(ids[0])?.message.messageID == nil)
            #expect(try await store.counts().heldRecipients == 1)
            #expect(try await store.suspensions(endedAfter: WallTime(seconds: 0)).isEmpty)
            #expect(try await store.holdRules().isEmpty)
            await store.close()
        }
        let (normal, optional): (Int64, Int64) = (1 << 62, 1 << 62 | 1 << 61)
        let expected: [(Int64, Int64, Int64, Int64, String)] = [
            (20, 432_000, 14_400, normal, "may want a notice"), (21, 432_000, 14_400, normal, "and so may this"),
            (23, 432_000, 432_000, optional, "had its notice"), (24, 432_000, 14_400, optional, "asked for one"),
            (25, 432_000, 432_000, optional, "wants none"), (26, 432_000, 432_000, optional, "NEVER"),
            (29, 432_000, 432_000, optional, "nothing answers a report of ours"),
            (30, 172_800, 172_800, normal, "the null reverse-path is told nothing"),
            (31, 60, 60, normal, "expires before"),
        ]
        #expect(due.map(\.number.value) == expected.map(\.0))
        for (recipient, (_, expiry, deadline, lane, why)) in zip(due, expected) {
            #expect(recipient.expiresAt == Fixture.start.advanced(by: expiry), "\(why)")
            #expect(recipient.deadline == Fixture.start.advanced(by: deadline), "\(why)")
            #expect(recipient.lane == SenderLane(value: lane), "\(why)")
        }
        #expect(try fixture.query("PRAGMA user_version") == ["6"])
        #expect(try fixture.query("PRAGMA integrity_check") == ["ok"])
    }

    @Test("A queue of the first release keeps all it holds, and takes what is new")
    func upgrade() async throws {
        let (fixture, ids) = try Self.released()
        let store = try fixture.open()
        #expect(!store.openingReport.wasUnclean)
        #expect(try await store.ids() == ids)
        let detail = try #require(try await store.show(ids[0]))
        #expect(detail.message.demand == .ordinary)
        #expect(detail.message.origin.clientName == "client.example")
        #expect(detail.message.origin.tls == "TLSv1.3")
        #expect(!detail.message.isSpooled)
        #expect(try await store.bytes(of: detail.message) == Array("abc".utf8))
        #expect(detail.recipients.map(\.recipient.destination) == ["a.example", "[192.0.2.7]"])
        #expect(
            detail.recipients[0].attempts == [
                AttemptRecord(
                    time: WallTime(seconds: 1_800_000_300), host: "mx.a.example", address: IPAddress("192.0.2.9"),
                    tlsLevel: "encrypted", result: "deferred timed-out", milliseconds: 30_000)
            ])
        let list = try await store.list(QueueFilter(states: [.quarantined]), after: nil, limit: 9)
        #expect(list.map(\.message.quarantined) == ["broken"])
        #expect(list.map(\.openRecipients) == [1])
        let due = try await store.due(
            before: Fixture.start.advanced(by: 600), after: nil, excluding: DueExclusion(), limit: 9)
        #expect(due.map(\.number.value) == [21, 20])
        #expect(due.map(\.demand) == [.ordinary, .ordinary])

        // What is new works in the old file, and numbers go on.
        var message = try Fixture.message()
        message.demand = .requireTLS
        let queued = try await store.enqueue([message])[0]
        #expect(queued.message.number.value == 10)
        let entry = try Entries.entry("a.example", held: Entries.held())
        try await store.save(entry)
        #expect(try await store.policy(for: entry.domain) == .entry(entry))
        await store.close()
        #expect(try fixture.query("PRAGMA user_version") == ["6"])
        #expect(try fixture.query("PRAGMA integrity_check") == ["ok"])
    }

    @Test("A file that was brought up has the tables of one that was made new")
    func sameSchema() async throws {
        let (old, _) = try Self.released()
        let new = try Fixture()
        await (try old.open()).close()
        await (try new.open()).close()
        let schema = "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_master ORDER BY 1"
        #expect(try old.query(schema) == new.query(schema))
    }

    @Test("A migration that fails leaves the old schema whole")
    func atomic() async throws {
        let (fixture, ids) = try Self.released()
        try fixture.sql("CREATE TABLE sts_use (in_the_way)")
        #expect(throws: StoreOpenError.self) { try fixture.open() }
        #expect(try fixture.query("PRAGMA user_version") == ["1"])
        #expect(try fixture.query("SELECT name FROM pragma_table_info('message') WHERE name = 'demand'") == [])
        #expect(try fixture.query("SELECT name FROM sqlite_master WHERE name = 'sts_policy'") == [])
        try fixture.sql("DROP TABLE sts_use")
        let store = try fixture.open()
        #expect(try await store.ids() == ids)
        await store.close()
    }
}
