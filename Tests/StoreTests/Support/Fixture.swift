import Foundation
import GRDBSQLite
import Glibc
import Mail
import Testing

@testable import Store

/// A folder of its own for one test, removed at the end, and makers of what goes into a queue.
final class Fixture: Sendable {
    let parent: String
    let path: String
    let disk: FaultyDisk

    static let start = WallTime(seconds: 1_800_000_000)

    init() throws {
        try #require(raisedDescriptorLimit)
        parent = "/tmp/store-tests-\(Fixture.id())"
        try #require(mkdir(parent, 0o700) == 0)
        path = "\(parent)/queue"
        disk = FaultyDisk(folder: path)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: parent)
    }

    func open(_ options: SQLiteOptions = Fixture.options, now: WallTime = start) throws -> SQLiteStore {
        try SQLiteStore.open(directory: path, now: now, options: options)
    }

    /// Small, so that a hundred tests do not fill the disk.
    static var options: SQLiteOptions {
        var options = SQLiteOptions()
        options.reserveBytes = 256 * 1024
        // These are tests of the tables; the journal has its own.
        options.journalSegmentBytes = 0
        return options
    }

    static func id() -> QueueID {
        var generator = SystemRandomNumberGenerator()
        return QueueID(using: &generator)
    }

    static func mailbox(_ local: String, _ domain: String) throws -> Mailbox {
        Mailbox(localPart: local, domain: .name(try DomainName(domain)))
    }

    /// Normal priority, nobody in particular.
    static let lane = SenderLane(value: 1 << 62)

    static func message(
        _ id: QueueID = Fixture.id(), to domains: [String] = ["example.net"], size: Int = 100,
        at time: WallTime = start, lifetime: Int64 = 432_000, content: Content? = nil
    ) throws -> NewMessage {
        NewMessage(
            id: id, reversePath: .mailbox(try mailbox("sender", "example.com")), receivedAt: time,
            expiresAt: time.advanced(by: lifetime), digest: [UInt8](0..<32),
            content: content ?? Content(bytes: [UInt8](repeating: 0x61, count: size)),
            recipients: try domains.enumerated().map {
                NewRecipient(
                    try mailbox("user\($0.offset)", $0.element), destination: $0.element, nextAttempt: time,
                    expiresAt: time.advanced(by: lifetime), lane: lane)
            })
    }

    /// Runs statements on the database of a closed store.
    func sql(_ text: String) throws {
        var connection: OpaquePointer?
        defer { sqlite3_close(connection) }
        try #require(sqlite3_open("\(path)/queue.db", &connection) == SQLITE_OK)
        try #require(sqlite3_exec(connection, text, nil, nil, nil) == SQLITE_OK)
    }

    /// The column `column` of each row.
    func query(_ text: String, column: CInt = 0) throws -> [String] {
        var connection: OpaquePointer?
        var statement: OpaquePointer?
        defer { sqlite3_close(connection) }
        try #require(sqlite3_open("\(path)/queue.db", &connection) == SQLITE_OK)
        try #require(sqlite3_prepare_v2(connection, text, -1, &statement, nil) == SQLITE_OK)
        defer { sqlite3_finalize(statement) }
        var rows: [String] = []
        while sqlite3_step(statement) == SQLITE_ROW {
            rows.append(sqlite3_column_text(statement, column).map { String(cString: $0) } ?? "")
        }
        return rows
    }

    /// A second folder with the files as they are now, without the shared memory a crash would have ended.
    func copyAsAfterCrash() throws -> Fixture {
        let copy = try Fixture()
        try FileManager.default.copyItem(atPath: path, toPath: copy.path)
        try FileManager.default.removeItem(atPath: copy.path + "/queue.db-shm")
        return copy
    }

    func exists(_ name: String) -> Bool { access("\(path)/\(name)", F_OK) == 0 }

    func files(in folder: String) -> [String] {
        guard let stream = opendir("\(path)/\(folder)") else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") && name != "aside" { names.append(name) }
        }
        return names.sorted()
    }

    func write(_ bytes: [UInt8], to name: String, at offset: Int = 0, mode: mode_t = 0o600) throws {
        let descriptor = Glibc.open("\(path)/\(name)", O_WRONLY | O_CREAT, mode)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        try #require(pwrite(descriptor, bytes, bytes.count, offset) == bytes.count)
    }
}

/// The process of the tests may have as many descriptors as the system gives it at all: hundreds of tests run at once, and
/// the usual soft limit of 1,024 is less than they hold. Once for all of them.
let raisedDescriptorLimit: Bool = {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    limit.rlim_cur = limit.rlim_max
    return setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
}()

extension SQLiteStore {
    func ids() async throws -> [QueueID] {
        try await list(QueueFilter(), after: nil, limit: 1000).map(\.message.id)
    }

    func bytes(of message: StoredMessage) async throws(StoreError) -> [UInt8] {
        let reader = try await content(of: message)
        var all: [UInt8] = []
        while let chunk = try await reader.next() { all += chunk }
        return all
    }

    /// Everything that is due, in the order of the dispatcher.
    func due(_ time: WallTime = Fixture.start) async throws(StoreError) -> [DueRecipient] {
        try await due(before: time, after: nil, excluding: DueExclusion(), limit: QueueLimits.page)
    }

    /// Settles recipients one way.
    @discardableResult
    func settle(
        _ queued: QueuedMessage, _ recipients: [Int] = [0], _ outcome: Outcome = .delivered(Reply(250, nil, "ok")),
        next: WallTime = Fixture.start, notices: [NewMessage] = [], attempts: [AttemptRecord] = []
    ) async throws(StoreError) -> Settled {
        try await settle(
            Settlement(
                message: queued.message.number,
                recipients: recipients.map {
                    RecipientOutcome(
                        queued.recipients[$0], outcome, host: "mx.example.net", time: Fixture.start, nextAttempt: next,
                        deadline: queued.message.expiresAt, attempts: attempts)
                }, notices: notices))
    }
}
