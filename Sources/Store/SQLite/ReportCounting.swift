import GRDB
public import Mail

// What was counted.
extension SQLiteStore: ReportStore {
    public func count(_ sessions: [ReportedSession], day: ReportDay) async throws(StoreError) {
        if sessions.isEmpty { return }
        try await writer.perform(urgently: false, weight: 0) { db, numbers in
            for session in sessions { try numbers.counter.count(session, day: day, db) }
        }
    }

    public func counts(for domain: DomainName, day: ReportDay) async throws(StoreError) -> [PolicyCount] {
        try await view { db in try ReportCountRows.counts(for: domain, day: day, db) }
    }

    public func droppedSessions(day: ReportDay) async throws(StoreError) -> Int64 {
        if let reportDamage { throw .damaged(reportDamage) }
        return try await view { db in try ReportPolicyRows.dropped(day, db) }
    }

    public func countedDomains(
        day: ReportDay, after domain: DomainName?, limit: Int
    ) async throws(StoreError) -> [CountedDomain] {
        try await view { db in
            try ReportCountRows.domains(day: day, after: domain, limit: Self.reportPage(limit), db)
        }
    }

    public func unplannedDays(before day: ReportDay) async throws(StoreError) -> [ReportDay] {
        try await view { db in
            try db.cachedStatement(sql: ReportQueries.unplannedDays).soundRows(
                [day.number.databaseValue, ReportLimits.page.databaseValue], limit: ReportLimits.page
            ) { ReportDay(number: try $0.int64()) }
        }
    }

    public func unplannedDomains(day: ReportDay, limit: Int) async throws(StoreError) -> [DomainName] {
        try await view { db in
            try db.cachedStatement(sql: ReportQueries.unplannedDomains).soundRows(
                [day.number.databaseValue], limit: Self.reportPage(limit)
            ) { try $0.domainName() }
        }
    }

    public func removeReports(before day: ReportDay) async throws(StoreError) -> Int {
        var count = 0
        while true {
            let step = try await writer.perform(urgently: false, weight: 0) { db, numbers in
                try ReportForgetting.step(before: day, db, &numbers.counter)
            }
            count += step.reports
            if step.isLast { return count }
        }
    }

    static func reportPage(_ limit: Int) -> Int { min(max(limit, 0), ReportLimits.page) }
}
