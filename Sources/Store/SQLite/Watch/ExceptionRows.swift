import GRDB
import Mail

/// The rows of `exception`. Each lies under its checksum: one that is damaged is none, in words, and never a longer or a wider
/// one.
enum ExceptionRows {
    static func put(_ exception: PolicyException, limit: Int, _ db: Database) throws {
        let values: [DatabaseValue] = [
            exception.domain.text.databaseValue, exception.allow.rawValue.databaseValue,
            exception.since.seconds.databaseValue, exception.until.seconds.databaseValue,
            exception.reason.cutForColumn(to: QueueLimits.detailText).databaseValue,
            exception.isUntilFixed.databaseValue,
        ]
        let others = try db.cachedStatement(sql: countOthers).first([values[0]]) { try $0.int() } ?? 0
        guard others < limit else {
            throw StoreError.failed("\(others) exceptions are kept, and no more can be: remove one first")
        }
        try db.cachedStatement(sql: replace).run(values + [RowChecksum(values).value.databaseValue])
    }

    static func remove(_ domain: DomainName, _ db: Database) throws -> Bool {
        try db.cachedStatement(sql: delete).run([domain.text.databaseValue])
        return db.changesCount > 0
    }

    /// - Returns: a sentence with the domain where the row is damaged.
    static func read(_ columns: inout Columns) throws -> Result<PolicyException, DamagedRow> {
        // The same row three times: its name, as it lies in the file, and by meaning.
        var (raw, first) = (columns, columns)
        do {
            let checksum = RowChecksum(try (0..<checkedColumns).map { _ in try raw.value() })
            guard try raw.int64() == checksum.value else { throw DamagedRow(what: "the checksum is wrong") }
            let domain = try columns.domainName()
            guard let allow = PolicyException.Allowed(rawValue: try columns.text()) else {
                throw DamagedRow(what: "it allows what this program does not know")
            }
            return .success(
                PolicyException(
                    domain: domain, allow: allow, since: try columns.time(), until: try columns.time(),
                    reason: try columns.text(), isUntilFixed: try columns.bool()))
        } catch let error as DamagedRow {
            let name = (try? first.text()) ?? "a domain that cannot be read"
            return .failure(
                DamagedRow(
                    what:
                        "the exception for \(name) is damaged: \(error.what): it lowers nothing; add it again if it is "
                        + "still wanted, or remove it"))
        }
    }

    /// Columns under the checksum.
    private static let checkedColumns = 6
    private static let countOthers = "SELECT count(*) FROM exception WHERE domain <> ?"
    private static let replace = """
        INSERT OR REPLACE INTO exception (domain, allow, since, until, reason, until_fixed, checksum)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        """
    private static let delete = "DELETE FROM exception WHERE domain = ?"
    static let all = """
        SELECT domain, allow, since, until, reason, until_fixed, checksum FROM exception ORDER BY domain
        """
}
