import GRDB
import Mail

/// The rows of `requiretls_proof`. One that cannot be read is an error: a list of proofs with gaps would prove too much.
enum ProofRows {
    static func insert(_ proof: RequireTLSProof, limit: Int, _ db: Database) throws {
        try db.cachedStatement(sql: insert).run([
            proof.time.seconds.databaseValue, proof.id.text.databaseValue,
            proof.sender.cutForColumn(to: WatchLimits.name).databaseValue,
            proof.destination.cutForColumn(to: WatchLimits.name).databaseValue, max(proof.recipients, 0).databaseValue,
            proof.host.cutForColumn(to: WatchLimits.name).databaseValue,
            proof.address.cutForColumn(to: WatchLimits.name).databaseValue,
            proof.tls.cutForColumn(to: WatchLimits.name).databaseValue, proof.verified.rawValue.databaseValue,
        ])
        // Numbers rise by one: so many are kept.
        let (oldest, _) = db.lastInsertedRowID.subtractingReportingOverflow(Int64(limit))
        if oldest > 0 { try db.cachedStatement(sql: trim).run([oldest.databaseValue]) }
    }

    /// One page, newest first.
    /// - Parameter number: of the last proof of the page before; nil for the first page.
    static func page(
        from first: WallTime, to last: WallTime, before number: Int64?, limit: Int, _ db: Database
    ) throws -> [RequireTLSProof] {
        var last = last
        if let number {
            let time = try db.cachedStatement(sql: timeOf).first([number.databaseValue]) { try $0.time() }
            guard let time else { return [] }
            // A page that ended behind `last` says nothing of what is asked for.
            if time > last { return try page(from: first, to: last, before: nil, limit: limit, db) }
            last = time
        }
        return try db.cachedStatement(sql: page).rows(
            [
                first.seconds.databaseValue, last.seconds.databaseValue, (number ?? .max).databaseValue,
                limit.databaseValue,
            ], read)
    }

    static func read(_ columns: inout Columns) throws -> RequireTLSProof {
        let number = try columns.int64()
        let time = try columns.time()
        guard let id = QueueID(try columns.text()) else { throw DamagedRow(what: "no queue id in proof \(number)") }
        let (sender, destination) = (try columns.text(), try columns.text())
        let recipients = Int(clamping: try columns.count())
        let (host, address, tls) = (try columns.text(), try columns.text(), try columns.text())
        guard let verified = VerifiedLevel(rawValue: try columns.text()) else {
            throw DamagedRow(what: "proof \(number) proves nothing that is known")
        }
        return RequireTLSProof(
            number: number, time: time, id: id, sender: sender, destination: destination, recipients: recipients,
            host: host, address: address, tls: tls, verified: verified)
    }

    /// - Returns: true where nothing is left to forget.
    static func forget(before time: WallTime, _ db: Database) throws -> Bool {
        try db.cachedStatement(sql: remove).run([time.seconds.databaseValue, WatchLimits.page.databaseValue])
        return db.changesCount < WatchLimits.page
    }

    private static let insert = """
        INSERT INTO requiretls_proof (time, id, sender, destination, recipients, host, address, tls, verified)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    private static let trim = "DELETE FROM requiretls_proof WHERE number <= ?"
    private static let timeOf = "SELECT time FROM requiretls_proof WHERE number = ?"
    // Along the index of times, which holds the numbers too: the next page goes on where the last one ended, nothing is sorted,
    // and nothing older than what is asked for is read.
    private static let page = """
        SELECT number, time, id, sender, destination, recipients, host, address, tls, verified
        FROM requiretls_proof INDEXED BY requiretls_proof_time
        WHERE time >= ?1 AND time <= ?2 AND (time < ?2 OR number < ?3) ORDER BY time DESC, number DESC LIMIT ?4
        """
    private static let remove = """
        DELETE FROM requiretls_proof WHERE number IN
            (SELECT number FROM requiretls_proof INDEXED BY requiretls_proof_time WHERE time < ? LIMIT ?)
        """
}
