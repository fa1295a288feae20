import GRDB
import Mail

/// Reading and writing of what is remembered of MTA-STS policies: one row of `sts_policy` for each domain.
enum PolicyRows {
    /// One row as it was found.
    struct Found {
        /// Its name, for the next page; nil where it is no text.
        let name: String?
        /// nil where the name is that of no domain.
        let policy: StoredPolicy?
    }

    /// Columns under the checksum, in the order of `selectColumns`.
    private static let checkedColumns = 14
    private static let selectColumns = """
        SELECT p.domain, p.mode, p.max_age, p.patterns, p.text, p.id, p.fetched_at, p.expires_at, p.failure_id,
            p.failed_at, p.failures, p.failure_type, p.failure_words, p.record_missing_since, p.checksum, u.used_at
        FROM sts_policy p LEFT JOIN sts_use u ON u.domain = p.domain
        """
    static let one = "\(selectColumns) WHERE p.domain = ?"
    static let page = "\(selectColumns) WHERE p.domain > ? ORDER BY p.domain LIMIT ?"

    /// Of all rows, by the narrow table beside them.
    static let count = "SELECT count(*) FROM sts_use"

    static func read(_ columns: inout Columns) throws -> Found {
        // The same row twice: as it lies in the file, and by meaning.
        var raw = columns
        let name = try? columns.text()
        guard let name, let domain = try? DomainName(name), domain.text == name else {
            return Found(name: name, policy: nil)
        }
        do {
            let checksum = RowChecksum(try (0..<checkedColumns).map { _ in try raw.value() })
            let held = try held(&columns)
            let failure = try failure(&columns)
            let recordMissingSince = try columns.optionalTime()
            guard try columns.int64() == checksum.value else { throw DamagedRow(what: "the checksum is wrong") }
            guard let usedAt = try columns.optionalTime() else { throw DamagedRow(what: "the time of use is lost") }
            let entry = STSCacheEntry(
                domain: domain, held: held, failure: failure, recordMissingSince: recordMissingSince, usedAt: usedAt)
            return Found(name: name, policy: .entry(entry))
        } catch let error as DamagedRow {
            return Found(name: name, policy: .damaged(domain, why: error.what))
        }
    }

    private static func held(_ columns: inout Columns) throws -> STSCacheEntry.Held? {
        let mode = try columns.optionalText()
        let maxAge = try columns.optionalInt64()
        let patterns = try columns.optionalText()
        let text = try columns.bytes()
        let id = try columns.optionalText()
        let fetchedAt = try columns.optionalTime()
        let expiresAt = try columns.optionalTime()
        guard let mode else { return nil }
        guard let mode = STSPolicy.Mode(rawValue: mode), let maxAge, let patterns, let id, let fetchedAt, let expiresAt
        else { throw DamagedRow(what: "the policy is not whole") }
        let policy = STSPolicy(
            mode: mode, maxAge: maxAge, patterns: try patterns.split(separator: "\n").map { try MXPattern(column: $0) })
        return STSCacheEntry.Held(policy: policy, text: text, id: id, fetchedAt: fetchedAt, expiresAt: expiresAt)
    }

    private static func failure(_ columns: inout Columns) throws -> STSCacheEntry.Failure? {
        let id = try columns.optionalText()
        let at = try columns.optionalTime()
        let count = try columns.optionalInt64()
        let type = try columns.optionalText()
        let words = try columns.optionalText()
        guard let id else { return nil }
        guard let at, let count, let type = type.flatMap(ResultType.init(rawValue:)), let words else {
            throw DamagedRow(what: "the failure is not whole")
        }
        return STSCacheEntry.Failure(
            id: id, at: at, count: Int(clamping: count), fault: STSFetchFault(type, words))
    }

    /// Writes the row, whatever was there.
    static func write(_ entry: STSCacheEntry, _ db: Database) throws {
        var values = [entry.domain.text.databaseValue]
        if let held = entry.held {
            values += [
                held.policy.mode.rawValue.databaseValue, held.policy.maxAge.databaseValue,
                MXPattern.column(held.policy.patterns).databaseValue,
                // An empty array may bind as NULL (it need not have an address): said here, so that the checksum fits.
                held.text.isEmpty ? .null : held.text.databaseValue, held.id.databaseValue,
                held.fetchedAt.seconds.databaseValue, held.expiresAt.seconds.databaseValue,
            ]
        } else {
            values += Array(repeating: .null, count: 7)
        }
        if let failure = entry.failure {
            values += [
                failure.id.databaseValue, failure.at.seconds.databaseValue, failure.count.databaseValue,
                failure.fault.type.rawValue.databaseValue, words(failure.fault).databaseValue,
            ]
        } else {
            values += Array(repeating: .null, count: 5)
        }
        values.append((entry.recordMissingSince?.seconds).databaseValue)
        try db.cachedStatement(sql: replace).run(values + [RowChecksum(values).value.databaseValue])
    }

    static func writeUse(_ entry: STSCacheEntry, _ db: Database) throws {
        try db.cachedStatement(sql: upsertUse).run(
            [entry.domain.text.databaseValue, entry.usedAt.seconds.databaseValue])
    }

    static func remove(_ name: String, _ db: Database) throws {
        try db.cachedStatement(sql: "DELETE FROM sts_policy WHERE domain = ?").run([name.databaseValue])
        try db.cachedStatement(sql: "DELETE FROM sts_use WHERE domain = ?").run([name.databaseValue])
    }

    // A text ends at its first NUL on the way through SQLite.
    private static func words(_ fault: STSFetchFault) -> String {
        String(fault.words.prefix { $0 != "\0" }).cut(to: PolicyLimits.failureWords)
    }

    private static let replace = """
        INSERT OR REPLACE INTO sts_policy (domain, mode, max_age, patterns, text, id, fetched_at, expires_at,
            failure_id, failed_at, failures, failure_type, failure_words, record_missing_since, checksum)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    private static let upsertUse = """
        INSERT INTO sts_use (domain, used_at) VALUES (?, ?) ON CONFLICT DO UPDATE SET used_at = excluded.used_at
        """
    static let updateUse = "UPDATE sts_use SET used_at = ? WHERE domain = ?"
    static let unused = "SELECT domain FROM sts_use WHERE used_at < ? AND domain > ? ORDER BY domain LIMIT ?"
}

extension MXPattern {
    /// The patterns as one text, in their order, each on a line.
    static func column(_ patterns: [MXPattern]) -> String {
        patterns.map(\.description).joined(separator: "\n")
    }

    init(column: Substring) throws {
        let isWildcard = column.hasPrefix("*.")
        guard let name = try? DomainName(isWildcard ? column.dropFirst(2) : column) else {
            throw DamagedRow(what: "a pattern is none")
        }
        self.init(name: name, isWildcard: isWildcard)
    }
}
