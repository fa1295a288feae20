import GRDB
public import Mail

/// What the store does about the suspects of a crash.
extension SQLiteStore {
    /// No attempt of what waits of each message before its time: one transaction.
    /// - Returns: how many recipients of each wait, in the same order.
    public func holdBack(
        _ rests: [(message: MessageNumber, until: WallTime)]
    ) async throws(StoreError) -> [Int] {
        if rests.isEmpty { return [] }
        await catchUp()
        let waiting = try await writer.perform(urgently: false, weight: 0) { db, _ in
            let statement = try db.cachedStatement(sql: FlightRows.holdBack)
            return try rests.map { rest in
                try statement.run([rest.message.value.databaseValue, rest.until.seconds.databaseValue])
                return db.changesCount
            }
        }
        inFlight?.rest(zip(rests, waiting).filter { $0.1 > 0 }.map(\.0))
        return waiting
    }

    /// Messages with recipients that rest behind a crash at `time`. Costs nothing where there are none.
    public func resting(at time: WallTime) async throws(StoreError) -> Int {
        let rests = inFlight?.rests(after: time) ?? [:]
        if rests.isEmpty { return 0 }
        return try await view { db in
            let statement = try db.cachedStatement(sql: FlightRows.resting)
            return try rests.count { message, rest in
                try statement.first([message.value.databaseValue, rest.until.seconds.databaseValue]) {
                    try $0.bool()
                } ?? false
            }
        }
    }

    /// The file of what is being delivered, or why there is none. To be called before anything is queued.
    /// - Parameter keepsCounts: false where the numbers in it may be those of other messages than the store has.
    static func openInFlight(
        _ folder: CInt, _ directory: String, _ connection: DatabaseQueue, keepsCounts: Bool
    ) -> (file: InFlight?, missing: String?) {
        connection.inDatabase { db in
            do throws(Errno) {
                return (try InFlight(in: folder) { keepsCounts && FlightRows.isKept($0, db) }, nil)
            } catch {
                return (nil, "\(directory)/\(InFlight.fileName): \(error)")
            }
        }
    }

    /// The messages of recipients that are about to be released begin anew: somebody has looked.
    static func forgetCrashes(
        _ inFlight: InFlight?, of recipients: [RecipientNumber], _ db: Database
    ) throws {
        guard let inFlight, inFlight.hasCounts else { return }
        let find = try db.cachedStatement(sql: FlightRows.heldMessage)
        let messages = try recipients.compactMap { number in
            try find.first([number.value.databaseValue]) { MessageNumber(try $0.int64()) }
        }
        inFlight.forget(Set(messages))
    }
}

/// Of messages that were met in a crash.
enum FlightRows {
    /// By the numbers, which follow each other: no index knows recipients by their message.
    static let holdBack = """
        UPDATE recipient SET next_attempt = max(next_attempt, ?2)
        WHERE number BETWEEN (SELECT first_recipient FROM message WHERE number = ?1)
            AND (SELECT first_recipient + recipients - 1 FROM message WHERE number = ?1) AND state = 0
        """
    static let resting = """
        SELECT EXISTS (SELECT 1 FROM recipient
        WHERE number BETWEEN (SELECT first_recipient FROM message WHERE number = ?1)
            AND (SELECT first_recipient + recipients - 1 FROM message WHERE number = ?1) AND state = 0
            AND next_attempt = ?2)
        """
    static let heldMessage = "SELECT message FROM recipient WHERE number = ? AND state = 1"

    /// True also where that cannot be read: what is known of it must not be lost by it.
    static func isKept(_ message: MessageNumber, _ db: Database) -> Bool {
        do {
            return try db.cachedStatement(sql: "SELECT 1 FROM message WHERE number = ?").first(
                [message.value.databaseValue]) { try $0.bool() } ?? false
        } catch {
            return true
        }
    }
}
