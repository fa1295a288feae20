import GRDB
import Mail

/// The details of failures under one policy: rows of `report_detail`.
///
/// Kept are ``ReportLimits/detailsPerPolicy`` of them. One more takes the place of the least frequent, the longest there
/// among equals, whose count moves to the sum of its type and reason code. So a cause that keeps coming stays through a
/// flood of others, and no session is lost.
enum ReportDetailRows {
    static func add(_ detail: FailureDetail, sessions: Int64, to policy: Int64, _ db: Database) throws {
        let number = policy.databaseValue
        if detail.isBare {
            try addToSum(detail.type.rawValue, detail.reasonCode, sessions, number, db)
            return
        }
        let values = [number] + columns(detail)
        try db.cachedStatement(sql: updateKept).run(values + [sessions.databaseValue])
        if db.changesCount > 0 { return }
        let kept = try db.cachedStatement(sql: countKept).first([number]) { try $0.int() } ?? 0
        if kept >= ReportLimits.detailsPerPolicy { try giveWay(number, db) }
        try db.cachedStatement(sql: insertKept).run(values + [sessions.databaseValue])
    }

    /// The least frequent detail goes into the sum.
    private static func giveWay(_ policy: DatabaseValue, _ db: Database) throws {
        let least = try db.cachedStatement(sql: leastKept).first([policy]) {
            (number: try $0.value(), type: try $0.text(), reason: try $0.optionalText(), sessions: try $0.count())
        }
        guard let least else { return }
        try db.cachedStatement(sql: remove).run([policy, least.number])
        try addToSum(least.type, least.reason, least.sessions, policy, db)
    }

    private static func addToSum(
        _ type: String, _ reason: String?, _ sessions: Int64, _ policy: DatabaseValue, _ db: Database
    ) throws {
        var values = [policy, type.databaseValue, reason.databaseValue, sessions.databaseValue]
        try db.cachedStatement(sql: updateSum).run(values)
        if db.changesCount > 0 { return }
        if reason != nil {
            let codes = try db.cachedStatement(sql: countCodes).first(Array(values.prefix(2))) { try $0.int() } ?? 0
            if codes >= ReportLimits.reasonCodesPerType {
                values[2] = .null
                try db.cachedStatement(sql: updateSum).run(values)
                if db.changesCount > 0 { return }
            }
        }
        try db.cachedStatement(sql: insertSum).run(values)
    }

    /// Worst first.
    static func details(of policy: Int64, _ db: Database) throws -> [DetailCount] {
        try db.cachedStatement(sql: select).soundRows([policy.databaseValue], limit: .max) { columns in
            guard let type = ResultType(rawValue: try columns.text()) else { throw DamagedRow(what: "no result type") }
            let detail = FailureDetail(
                type, reasonCode: try columns.optionalText(), sendingAddress: try columns.wholeAddress(),
                receivingHost: try columns.optionalText(), receivingHELO: try columns.optionalText(),
                receivingAddress: try columns.wholeAddress())
            return DetailCount(detail, sessions: try columns.count())
        }
    }

    private static func columns(_ detail: FailureDetail) -> [DatabaseValue] {
        [
            detail.type.rawValue.databaseValue, detail.reasonCode.databaseValue,
            detail.sendingAddress.map { $0.octets.databaseValue } ?? .null, detail.receivingHost.databaseValue,
            detail.receivingHELO.databaseValue, detail.receivingAddress.map { $0.octets.databaseValue } ?? .null,
        ]
    }

    private static let updateKept = """
        UPDATE report_detail SET sessions = sessions + ?8
        WHERE policy = ?1 AND kept = 1 AND type = ?2 AND reason IS ?3 AND sending_address IS ?4
            AND receiving_host IS ?5 AND receiving_helo IS ?6 AND receiving_address IS ?7
        """
    private static let countKept = "SELECT count(*) FROM report_detail WHERE policy = ? AND kept = 1"
    private static let insertKept = """
        INSERT INTO report_detail (policy, number, kept, type, reason, sending_address, receiving_host, receiving_helo,
            receiving_address, sessions)
        VALUES (?1, (SELECT coalesce(max(number), 0) + 1 FROM report_detail WHERE policy = ?1), 1, ?2, ?3, ?4, ?5, ?6,
            ?7, ?8)
        """
    private static let leastKept = """
        SELECT number, type, reason, sessions FROM report_detail WHERE policy = ? AND kept = 1
        ORDER BY sessions, number LIMIT 1
        """
    private static let remove = "DELETE FROM report_detail WHERE policy = ? AND number = ?"
    private static let updateSum = """
        UPDATE report_detail SET sessions = sessions + ?4 WHERE policy = ?1 AND kept = 0 AND type = ?2 AND reason IS ?3
        """
    private static let countCodes = """
        SELECT count(*) FROM report_detail WHERE policy = ? AND kept = 0 AND type = ? AND reason IS NOT NULL
        """
    private static let insertSum = """
        INSERT INTO report_detail (policy, number, kept, type, reason, sessions)
        VALUES (?1, (SELECT coalesce(max(number), 0) + 1 FROM report_detail WHERE policy = ?1), 0, ?2, ?3, ?4)
        """
    private static let select = """
        SELECT type, reason, sending_address, receiving_host, receiving_helo, receiving_address, sessions
        FROM report_detail WHERE policy = ? ORDER BY sessions DESC, number
        """
}

extension Columns {
    /// An address of 4 or 16 octets, or none.
    fileprivate mutating func wholeAddress() throws -> IPAddress? {
        guard let bytes = try optionalBytes() else { return nil }
        guard let address = IPAddress(octets: bytes) else { throw DamagedRow(what: "no address") }
        return address
    }
}
