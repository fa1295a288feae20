import GRDB
public import Mail

// What becomes of reports.
extension SQLiteStore {
    public func plan(_ reports: [PlannedReport]) async throws(StoreError) {
        if reports.isEmpty { return }
        try await writer.perform(urgently: false, weight: 0) { db, _ in
            for report in reports { try ReportRows.plan(report, db) }
        }
    }

    public func dueReports(at time: WallTime, limit: Int) async throws(StoreError) -> [StoredReport] {
        try await view { db in
            try db.cachedStatement(sql: ReportQueries.due).soundRows(
                [time.seconds.databaseValue], limit: Self.reportPage(limit)
            ) { try ReportQueries.read(&$0, db) }
        }
    }

    public func nextReportTime() async throws(StoreError) -> WallTime? {
        // Of the first that can be read: at another's time nobody would find anything to do.
        try await view { db in
            try db.cachedStatement(sql: ReportQueries.due).soundRows([Int64.max.databaseValue], limit: 1) {
                try ReportQueries.read(&$0, db)
            }.first?.dueAt
        }
    }

    public func begin(
        _ report: StoredReport, body: [UInt8], mails: [NewMessage]
    ) async throws(StoreError) -> [QueuedMessage] {
        guard let begunAt = report.begunAt else { throw .failed("a report without the time of its beginning") }
        if report.destinations.count > ReportLimits.destinations {
            throw .failed("\(report.destinations.count) destinations of a report")
        }
        let queued = report.destinations.filter { $0.state == .queued }
        guard queued.map(\.message) == mails.map(\.id), mails.allSatisfy({ $0.recipients.count == 1 }) else {
            throw .failed("mails of a report that are not those of its destinations")
        }
        let weight = mails.reduce(body.count) { $0 &+ ($1.content.bytes?.count ?? 0) }
        keepFiles(of: mails)
        do throws(StoreError) {
            return try await writer.perform(urgently: false, weight: weight) { db, numbers in
                try ReportRows.begin(report, at: begunAt, body: body, db)
                return try mails.map { try MessageRows.insert($0, db, &numbers) }
            }
        } catch {
            dropFiles(of: mails, after: error)
            throw error
        }
    }

    public func body(of domain: DomainName, day: ReportDay) async throws(StoreError) -> [UInt8]? {
        try await view { db in
            try db.cachedStatement(sql: ReportRows.body).first(ReportRows.key(domain, day)) { try $0.bytes() }
        }
    }

    public func note(
        _ destination: ReportDestination, of domain: DomainName, day: ReportDay, at now: WallTime
    ) async throws(StoreError) {
        try await writer.perform(urgently: false, weight: 0) { db, _ in
            try ReportDestinationRows.note(destination, of: domain, day, at: now, db)
        }
    }

    public func postpone(
        _ domain: DomainName, day: ReportDay, until time: WallTime, words: String, at now: WallTime
    ) async throws(StoreError) {
        try await writer.perform(urgently: false, weight: 0) { db, _ in
            try ReportRows.postpone(domain, day, until: time, words: words, at: now, db)
        }
    }

    public func hasten(day: ReportDay, domain: DomainName?, at time: WallTime) async throws(StoreError) -> Int {
        try await writer.perform(urgently: false, weight: 0) { db, _ in
            try ReportRows.hasten(day, domain, at: time, db)
        }
    }

    public func end(
        _ domain: DomainName, day: ReportDay, as outcome: ReportOutcome, words: String, at now: WallTime
    ) async throws(StoreError) {
        try await writer.perform(urgently: false, weight: 0) { db, _ in
            try ReportRows.end(domain, day, as: outcome, words: words, at: now, db)
        }
    }

    public func report(for domain: DomainName, day: ReportDay) async throws(StoreError) -> StoredReport? {
        try await view { db in
            try db.cachedStatement(sql: ReportQueries.one).soundRows(ReportRows.key(domain, day), limit: 1) {
                try ReportQueries.read(&$0, db)
            }.first
        }
    }

    public func reports(
        day: ReportDay, after domain: DomainName?, limit: Int
    ) async throws(StoreError) -> [StoredReport] {
        try await view { db in
            try db.cachedStatement(sql: ReportQueries.ofDay).soundRows(
                [day.number.databaseValue, (domain?.text ?? "").databaseValue], limit: Self.reportPage(limit)
            ) { try ReportQueries.read(&$0, db) }
        }
    }

    public func replan(_ domain: DomainName, day: ReportDay, at time: WallTime) async throws(StoreError) {
        try await writer.perform(urgently: false, weight: 0) { db, _ in
            try ReportRows.replan(domain, day, at: time, db)
        }
    }

    public func suppressions(
        _ uris: [String], for domain: DomainName, at time: WallTime
    ) async throws(StoreError) -> [ReportSuppression] {
        try await view { db in
            try uris.flatMap { uri in
                try db.cachedStatement(sql: ReportSuppressionRows.one).soundRows(
                    [domain.text.databaseValue, uri.databaseValue, time.seconds.databaseValue], limit: 1,
                    ReportSuppressionRows.read)
            }
        }
    }

    public func suppressions(at time: WallTime, limit: Int) async throws(StoreError) -> [ReportSuppression] {
        try await view { db in
            try db.cachedStatement(sql: ReportSuppressionRows.all).soundRows(
                [time.seconds.databaseValue], limit: Self.reportPage(limit), ReportSuppressionRows.read)
        }
    }

    public func removeSuppression(_ uri: String, for domain: DomainName) async throws(StoreError) -> Bool {
        try await writer.perform(urgently: false, weight: 0) { db, _ in
            try db.cachedStatement(sql: ReportSuppressionRows.remove).run(
                [domain.text.databaseValue, uri.databaseValue])
            return db.changesCount > 0
        }
    }
}
