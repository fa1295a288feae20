import GRDB
import Mail
import Synchronization

/// Damage to what is only counted and remembered: it must not keep mail that has gone out in the queue, or it goes again.
enum ReportDamage {
    /// Runs `body`; an error that says something of these rows and tables alone counts as done. What the disk or the
    /// whole database fails at is thrown.
    /// - Throws: `StoreError.damaged` for a broken page. SQLite commits no transaction that has met one: it is to be run
    ///   again without `body`.
    static func passedOver(_ db: Database, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch is DamagedRow {
            return
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CORRUPT {
            throw StoreError.damaged("what is kept for reports: \(error.words)")
        } catch let error as DatabaseError where isOfRows(error) && db.isInsideTransaction {
            return
        }
    }

    /// A constraint or kind that a foreign hand has broken, a table it has taken away.
    private static func isOfRows(_ error: DatabaseError) -> Bool {
        switch error.resultCode {
        case .SQLITE_CONSTRAINT, .SQLITE_MISMATCH, .SQLITE_TOOBIG, .SQLITE_ERROR: true
        default: false
        }
    }
}

extension SQLiteStore {
    /// Why nothing is counted any more; nil where all is well.
    var reportDamage: String? { reportFault.withLock { $0 } ?? journal?.reportDamage }

    /// Runs `body` on the writer, and once more without what is kept for reports where there is no room for that, or a
    /// page of it is broken. In the second case it is left alone from then on, until the store is opened anew.
    func perform<Value: Sendable>(
        urgently: Bool, _ body: @escaping @Sendable (Database, inout Numbers, _ withReports: Bool) throws -> Value
    ) async throws(StoreError) -> Value {
        if reportDamage == nil {
            do throws(StoreError) {
                return try await writer.perform(urgently: urgently, weight: 0) { db, numbers in
                    try body(db, &numbers, true)
                }
            } catch .damaged(let why) {
                reportFault.withLock { $0 = why }
            } catch .full {
                // Without it a settling takes no room, or gives some back.
            }
        }
        return try await writer.perform(urgently: urgently, weight: 0) { db, numbers in try body(db, &numbers, false) }
    }
}
