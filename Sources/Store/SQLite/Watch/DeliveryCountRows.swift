import GRDB
import Mail

/// The rows of `delivery_count`. One that cannot be read is an error: a sum without it would be wrong in silence.
enum DeliveryCountRows {
    static func add(_ count: DeliverySum.Count, to key: DeliveryKey, nameLimit: Int, _ db: Database) throws {
        let counts = [count.messages.databaseValue, count.recipients.databaseValue]
        try db.cachedStatement(sql: update).run(counts + key.columns)
        if db.changesCount > 0 { return }
        var key = key
        if try !hasPlace(key, nameLimit: nameLimit, db) { key.name = DeliverySum.rest }
        try db.cachedStatement(sql: upsert).run(key.columns + counts)
    }

    /// True where the name has a row on its day already, or gets one now.
    private static func hasPlace(_ key: DeliveryKey, nameLimit: Int, _ db: Database) throws -> Bool {
        let name = Array(key.columns.prefix(3))
        if key.name == DeliverySum.rest { return true }
        if try db.cachedStatement(sql: isKnown).first(name, { try $0.bool() }) ?? false { return true }
        try db.cachedStatement(sql: makeDay).run(Array(name.prefix(2)))
        try db.cachedStatement(sql: takeName).run(Array(name.prefix(2)) + [nameLimit.databaseValue])
        return db.changesCount > 0
    }

    /// One page of sums by name. Reads of each day no more than the page may hold of it: a name behind so many others on one
    /// day comes behind as many on all days.
    static func sums(
        by side: DeliverySide, from first: ReportDay, to last: ReportDay, after name: String?, limit: Int,
        _ db: Database
    ) throws -> [DeliverySum] {
        if limit <= 0 { return [] }
        let days = try db.cachedStatement(sql: days).rows(
            [side.rawValue.databaseValue, first.number.databaseValue, last.number.databaseValue]) { try $0.int64() }
        // Ahead of the days: without its table there is an error, and not nothing.
        let statement = try db.cachedStatement(sql: page)
        var sums: [String: DeliverySum] = [:]
        /// The last name of the page, where it is full.
        var end: String?
        for day in days {
            let cursor = try Row.fetchCursor(statement, arguments: [day, side.rawValue, name ?? ""])
            var (previous, names) = (nil as String?, 0)
            while let row = try cursor.next() {
                var columns = Columns(row)
                let found = try columns.text()
                if found == name { continue }
                if found != previous { names += 1 }
                if names > limit { break }
                if let end, end.precedes(found) { break }
                previous = found
                try sums[found, default: DeliverySum(name: found)].add(&columns)
            }
            if sums.count >= limit {
                let kept = sums.keys.sorted { $0.precedes($1) }.prefix(limit)
                end = kept.last
                sums = Dictionary(uniqueKeysWithValues: kept.compactMap { name in sums[name].map { (name, $0) } })
            }
        }
        return sums.values.sorted { $0.name.precedes($1.name) }
    }

    /// - Returns: true where nothing is left to forget.
    static func forget(before day: ReportDay, _ db: Database) throws -> Bool {
        try db.cachedStatement(sql: remove).run([day.number.databaseValue, WatchLimits.page.databaseValue])
        if db.changesCount == WatchLimits.page { return false }
        try db.cachedStatement(sql: removeDays).run([day.number.databaseValue])
        return true
    }

    private static let update = """
        UPDATE delivery_count SET messages = messages + ?, recipients = recipients + ?
        WHERE day = ? AND side = ? AND name = ? AND level = ?
        """
    private static let upsert = """
        INSERT INTO delivery_count (day, side, name, level, messages, recipients) VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET messages = messages + excluded.messages, recipients = recipients + excluded.recipients
        """
    private static let isKnown = "SELECT 1 FROM delivery_count WHERE day = ? AND side = ? AND name = ? LIMIT 1"
    private static let makeDay = "INSERT INTO delivery_day (day, side, names) VALUES (?, ?, 0) ON CONFLICT DO NOTHING"
    private static let takeName = "UPDATE delivery_day SET names = names + 1 WHERE day = ? AND side = ? AND names < ?"
    private static let days = "SELECT day FROM delivery_day WHERE side = ? AND day BETWEEN ? AND ? ORDER BY day"
    private static let page = """
        SELECT name, level, messages, recipients FROM delivery_count WHERE day = ? AND side = ? AND name >= ?
        ORDER BY name, level
        """
    private static let remove = """
        DELETE FROM delivery_count WHERE (day, side, name, level) IN
            (SELECT day, side, name, level FROM delivery_count WHERE day < ? LIMIT ?)
        """
    private static let removeDays = "DELETE FROM delivery_day WHERE day < ?"
}

extension DeliverySum {
    /// Adds level, messages and recipients of a row.
    fileprivate mutating func add(_ columns: inout Columns) throws {
        guard let level = DeliveredLevel(rawValue: try columns.int()) else {
            throw DamagedRow(what: "a delivery of no level")
        }
        let (messages, recipients) = (try columns.count(), try columns.count())
        levels[level, default: Count()].messages &+= messages
        levels[level, default: Count()].recipients &+= recipients
    }
}

extension String {
    /// In the order of SQLite: by octets.
    fileprivate func precedes(_ other: String) -> Bool { utf8.lexicographicallyPrecedes(other.utf8) }
}
