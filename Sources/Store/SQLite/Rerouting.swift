import GRDB
public import Mail

extension SQLiteStore {
    public func reroute(
        fingerprint: Int64, _ destination: @escaping @Sendable (_ domain: MailDomain, _ old: String) -> String
    ) async throws(StoreError) -> Int {
        let last = try await viewReader.read { db in try Fact.routes.value(db) }
        if last == fingerprint { return 0 }
        var changed = 0
        var cursor: Int64? = 0
        while let behind = cursor {
            // Read by a reader: where nothing has changed, and that is the rule, nothing is in the writer's way.
            let page = try await view { db in
                try db.cachedStatement(sql: Rerouting.select).rows(
                    [behind.databaseValue, QueueLimits.page.databaseValue], Rerouting.read)
            }
            let moves = Rerouting.moves(page, destination)
            if !moves.isEmpty {
                changed += try await writer.perform(urgently: false, weight: 0) { db, _ in
                    // With the first that is changed the queue is no longer that of the last run.
                    try Fact.routes.remove(db)
                    let update = try db.cachedStatement(sql: Rerouting.update)
                    return try moves.reduce(0) { count, move in
                        try update.run(
                            [move.new.databaseValue, move.number.databaseValue, move.old.databaseValue])
                        return count + db.changesCount
                    }
                }
            }
            cursor = page.count == QueueLimits.page ? page.last?.number : nil
        }
        try refuseWhileStuck()
        try await writer.perform(urgently: false, weight: 0) { db, _ in try Fact.routes.set(fingerprint, db) }
        return changed
    }
}

/// The passage through all recipients that are not final, by number: an index by destination and domain would cost every
/// message something for what happens once at a start.
private enum Rerouting {
    struct Row: Sendable {
        let number: Int64
        /// nil where a column cannot be read: such a row is left alone.
        let route: Route?
    }

    struct Route: Hashable, Sendable {
        let domain: DatabaseValue
        let destination: String
    }

    struct Move: Sendable {
        let number: Int64
        let old: String
        let new: String
    }

    static let select = """
        SELECT number, domain, destination FROM recipient WHERE number > ? AND state <= 2 ORDER BY number LIMIT ?
        """
    // Settled or changed meanwhile: then it stays.
    static let update = "UPDATE recipient SET destination = ? WHERE number = ? AND destination = ? AND state <= 2"

    static func read(_ columns: inout Columns) throws -> Row {
        let number = try columns.int64()
        let domain = try columns.value()
        let destination = try? columns.text()
        return Row(number: number, route: destination.map { Route(domain: domain, destination: $0) })
    }

    /// Asks once for each domain of the page.
    static func moves(_ page: [Row], _ destination: (MailDomain, String) -> String) -> [Move] {
        var answers: [Route: String] = [:]
        return page.compactMap { row in
            guard let route = row.route else { return nil }
            let new: String
            if let known = answers[route] {
                new = known
            } else {
                guard let domain = try? MailDomain(column: route.domain) else { return nil }
                new = destination(domain, route.destination)
                answers[route] = new
            }
            if new == route.destination { return nil }
            return Move(number: row.number, old: route.destination, new: new)
        }
    }
}
