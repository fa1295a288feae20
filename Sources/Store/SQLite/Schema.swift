import GRDB

/// The tables, as numbered migrations: each runs once, in a transaction together with its number.
enum Schema {
    /// `PRAGMA application_id`: "WXWG". A database with another one is not ours.
    static let applicationID = 0x5758_5747
    /// The number of the last migration.
    static var version: Int { migrations.count }

    /// Never change a line that was released: add a migration.
    static let migrations: [String] = [version1, version2, version3, version4, version5, version6]

    /// What the file says about itself.
    enum Recognition: Equatable {
        case empty
        case ours(version: Int)
        case foreign(String)
    }

    static func recognise(_ db: Database) throws -> Recognition {
        let application = try Int.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        if application == applicationID && version > 0 { return .ours(version: version) }
        let tables = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") ?? 0
        if application == 0 && version == 0 && tables == 0 { return .empty }
        return .foreign("application_id \(application), user_version \(version), \(tables) tables and indexes")
    }

    /// Brings the schema from `version` to the present one, each step wholly or not at all.
    static func migrate(_ db: Database, from version: Int) throws {
        for migration in migrations.dropFirst(version) {
            try db.inTransaction(.immediate) {
                try db.execute(sql: migration)
                return .commit
            }
        }
    }
}
