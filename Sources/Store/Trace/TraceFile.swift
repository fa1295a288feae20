import FoundationEssentials
import GRDB
import Glibc
import Mail

/// `trace.db`: opened, checked, and set aside where it is damaged.
enum TraceFile {
    static let name = "trace.db"
    static let asidePrefix = "trace.db.damaged-"
    /// Octets of a page.
    static let pageSize = 4096
    /// Pages in the WAL after which the writer checkpoints.
    static let checkpointPages = 1000
    /// Page cache of the writer: the keys of the last bucket lie in it.
    static let cacheKibibytes = 8 * 1024

    /// An open file.
    struct Opened {
        let connection: DatabaseQueue
        let reader: Reader

        /// Blocks.
        func close() {
            reader.close()
            try? connection.close()
        }
    }

    /// Opens or makes the file.
    static func open(_ directory: String) throws -> Opened {
        let path = "\(directory)/\(name)"
        try StoreFolder.makeDatabaseFile(path)
        let connection = try DatabaseQueue(
            path: path, configuration: Connection.configuration(label: "trace", readonly: false))
        do {
            try connection.inDatabase { db in
                try TraceSchema.prepare(db, path: path)
                try check(db)
            }
            guard let reader = try Reader(path: path, named: "trace") else {
                throw StoreOpenError.refused(path: path, why: "no threads to be had")
            }
            return Opened(connection: connection, reader: reader)
        } catch {
            try? connection.close()
            throw error
        }
    }

    /// What is damaged, in words; nil for other errors.
    static func damage(_ error: any Error) -> String? {
        switch error {
        case let error as DatabaseError
        where error.resultCode == .SQLITE_CORRUPT || error.resultCode == .SQLITE_NOTADB:
            error.words
        case let error as DamagedRow: error.what
        default: nil
        }
    }

    /// A small file is read whole; a large one shows its damage when it is met.
    private static func check(_ db: Database) throws {
        let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
        if pages > SQLiteStore.alwaysCheckedBytes / pageSize { return }
        let verdict = try String.fetchOne(db, sql: "PRAGMA quick_check(1)") ?? "no answer"
        let fault = verdict.split(separator: "\n").last ?? "no answer"
        if fault != "ok" { throw DamagedRow(what: String(fault)) }
    }

    /// Renames the file, which nobody may have open, and removes the oldest of those set aside before.
    /// - Returns: its new name.
    static func setAside(in directory: String, at now: WallTime) throws(Errno) -> String {
        let path = "\(directory)/\(name)"
        let aside = "\(asidePrefix)\(now.seconds)"
        _ = try call { rename(path, "\(directory)/\(aside)") }
        _ = rename("\(path)-wal", "\(directory)/\(aside)-wal")
        _ = unlink("\(path)-shm")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        // By what is to stay: the newest by their number, and this one whatever the clock says.
        let older = names.compactMap { name in
            name.hasPrefix(asidePrefix) ? Int64(name.dropFirst(asidePrefix.count)) : nil
        }.filter { $0 != now.seconds }.sorted()
        for number in older.dropLast(TraceLimits.damagedKept - 1) {
            _ = unlink("\(directory)/\(asidePrefix)\(number)")
            _ = unlink("\(directory)/\(asidePrefix)\(number)-wal")
        }
        return aside
    }
}
