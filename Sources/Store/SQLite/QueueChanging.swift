import GRDB
public import Mail

extension SQLiteStore {
    public func select(
        _ filter: QueueFilter, after cursor: RecipientNumber?, limit: Int
    ) async throws(StoreError) -> [SelectedRecipient] {
        let found = try await view { db in
            try db.cachedStatement(sql: ListQueries.select(filter)).rows(
                ListQueries.arguments(filter, after: cursor?.value, limit: limit), isLenient: true, ListQueries.read)
        }
        // An order about all mail must not leave out what comes into the tables later.
        try refuseWhileStuck()
        return found
    }

    public func change(
        _ change: QueueChange, _ recipients: [RecipientNumber], at time: WallTime
    ) async throws(StoreError) -> QueueChanged {
        if recipients.isEmpty { return QueueChanged(changed: 0, ended: []) }
        guard recipients.count <= QueueLimits.page else {
            throw .failed("\(recipients.count) recipients at once, at most \(QueueLimits.page)")
        }
        await catchUp()
        let inFlight = inFlight
        let result = try await perform(urgently: false) { db, _, withReports in
            // Before it is done: afterwards they are no longer known from others.
            if case .release = change { try Self.forgetCrashes(inFlight, of: recipients, db) }
            return try ChangeRows.run(change, recipients, at: time, db, withReports: withReports)
        }
        dropFiles(result.spoolFiles)
        return QueueChanged(changed: result.changed, ended: result.ended)
    }
}
