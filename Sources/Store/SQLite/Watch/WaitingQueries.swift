import GRDB
public import Mail

/// Where mail waits.
enum WaitingQueries {
    // The cause is in no index, and most of a long queue may have one: through the table in order, once, is the least that has
    // to be read. Not canaries (kind 4): they end by themselves. The bare column is that of the row that max() is of.
    static let byCause = """
        SELECT destination, cause, min(policy_since), max(number)
        FROM recipient NOT INDEXED
        WHERE state = 0 AND cause IN (SELECT value FROM json_each(?1))
            AND (SELECT kind FROM message WHERE number = recipient.message) IS NOT 4
        GROUP BY destination ORDER BY destination LIMIT ?2
        """

    // In the order of the index, and no further than the page.
    static let byDestination = """
        SELECT destination, count(*) FROM recipient INDEXED BY recipient_destination
        WHERE destination > ?1 AND state <= 2 AND +state <= 1
        GROUP BY destination ORDER BY destination LIMIT ?2
        """

    // Along the index; the domain is in the row, and so rows are bounded. A name is text, an address a blob.
    static let domains = """
        SELECT domain, count(*) FROM (
            SELECT domain FROM recipient INDEXED BY recipient_destination
            WHERE destination = ?1 AND state <= 2 AND +state <= 1 ORDER BY number LIMIT ?2)
        GROUP BY domain ORDER BY domain
        """

    static func readDomain(_ columns: inout Columns) throws -> DomainCount {
        DomainCount(domain: try MailDomain(column: columns.value()), recipients: try columns.int())
    }

    static func readCause(_ columns: inout Columns) throws -> PolicyWait {
        PolicyWait(
            destination: try columns.text(), cause: try columns.text(), since: try columns.optionalTime())
    }

    static func readCount(_ columns: inout Columns) throws -> WaitingCount {
        WaitingCount(destination: try columns.text(), recipients: try columns.int())
    }
}

extension SQLiteStore {
    public func waiting(for causes: Set<Reason.Cause>, limit: Int) async throws(StoreError) -> [PolicyWait] {
        let causes = JSONText.array(causes.map(\.rawValue).sorted())
        return try await view { db in
            try db.cachedStatement(sql: WaitingQueries.byCause).soundRows(
                [causes.databaseValue, max(0, limit).databaseValue], limit: .max, WaitingQueries.readCause)
        }
    }

    public func waitingDestinations(after name: String?, limit: Int) async throws(StoreError) -> [WaitingCount] {
        try await view { db in
            try db.cachedStatement(sql: WaitingQueries.byDestination).soundRows(
                [(name ?? "").databaseValue, WatchLimits.page(limit).databaseValue], limit: .max,
                WaitingQueries.readCount)
        }
    }

    public func waitingDomains(at destination: String, limit: Int) async throws(StoreError) -> [DomainCount] {
        let limit = min(max(limit, 0), WatchLimits.recipientsRead)
        return try await view { db in
            try db.cachedStatement(sql: WaitingQueries.domains).soundRows(
                [destination.databaseValue, limit.databaseValue], limit: .max, WaitingQueries.readDomain)
        }
    }
}
