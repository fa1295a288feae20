import GRDB
public import Mail

extension SQLiteStore {
    public func due(
        before time: WallTime, after cursor: DueCursor?, excluding destinations: [String], limit: Int
    ) async throws(StoreError) -> [DueRecipient] {
        let excluded = JSONText.array(destinations)
        return try await dispatchReader.read { db in
            try db.cachedStatement(sql: DueQueries.everywhere).rows(
                [
                    time.seconds.databaseValue, (cursor?.nextAttempt.seconds ?? .min).databaseValue,
                    (cursor?.destination ?? "").databaseValue, (cursor?.number.value ?? 0).databaseValue,
                    excluded.databaseValue, Self.page(limit),
                ], DueQueries.read)
        }
    }

    public func due(
        at destination: String, before time: WallTime, after cursor: DueCursor?, limit: Int
    ) async throws(StoreError) -> [DueRecipient] {
        try await dispatchReader.read { db in
            try db.cachedStatement(sql: DueQueries.oneDestination).rows(
                [
                    destination.databaseValue, time.seconds.databaseValue,
                    (cursor?.nextAttempt.seconds ?? .min).databaseValue, (cursor?.number.value ?? 0).databaseValue,
                    Self.page(limit),
                ], DueQueries.read)
        }
    }

    public func nextDue(after time: WallTime) async throws(StoreError) -> WallTime? {
        try await dispatchReader.read { db in
            try db.cachedStatement(sql: DueQueries.nextDue).first([time.seconds.databaseValue]) {
                try $0.optionalTime()
            } ?? nil
        }
    }

    public func destinations(after name: String?, limit: Int) async throws(StoreError) -> [WaitingDestination] {
        try await dispatchReader.read { db in
            try db.cachedStatement(sql: DueQueries.destinations).rows(
                [(name ?? "").databaseValue, Self.page(limit)]
            ) { WaitingDestination(name: try $0.text(), nextAttempt: try $0.time()) }
        }
    }

    public func expired(at time: WallTime, limit: Int) async throws(StoreError) -> [DueRecipient] {
        try await dispatchReader.read { db in
            try db.cachedStatement(sql: DueQueries.expired).rows(
                [time.seconds.databaseValue, Self.page(limit)], DueQueries.read)
        }
    }

    public func message(_ number: MessageNumber) async throws(StoreError) -> StoredMessage? {
        try await dispatchReader.read { db in
            try db.cachedStatement(sql: MessageRows.byNumber).first([number.value.databaseValue], MessageRows.read)
        }
    }

    public func content(of message: StoredMessage) async throws(StoreError) -> ContentReader {
        if message.isSpooled {
            let (spool, name, size) = (spool, message.id.text, message.size)
            let file = try await spool.pool.run { () -> Result<OpenFile, StoreError> in
                do throws(Errno) {
                    let file = try OpenFile(name, in: spool)
                    let found = file.size
                    if found == size { return .success(file) }
                    return .failure(.damaged(SpoolCheck.words(name, found: found, expected: size)))
                } catch {
                    return .failure(
                        error.isMissing
                            ? .damaged(SpoolCheck.words(name, found: nil, expected: size))
                            : error.storeError("content file \(name)"))
                }
            }
            return ContentReader(.file(file, spool.pool), size: size)
        }
        let bytes = try await dispatchReader.read { db in
            try db.cachedStatement(sql: "SELECT bytes FROM content WHERE message = ?").first(
                [message.number.value.databaseValue]) { try $0.bytes() }
        }
        guard let bytes else { throw .damaged("content of \(message.id) is missing") }
        guard bytes.count == message.size else {
            throw .damaged("content of \(message.id) has \(bytes.count) of \(message.size) octets")
        }
        return ContentReader(.bytes(bytes), size: message.size)
    }

    public func list(
        _ filter: QueueFilter, after cursor: MessageNumber?, limit: Int
    ) async throws(StoreError) -> [QueueEntry] {
        try await viewReader.read { db in
            try db.cachedStatement(sql: ViewQueries.list).rows(
                ViewQueries.arguments(filter, after: cursor, limit: min(max(limit, 0), QueueLimits.page))
            ) {
                QueueEntry(
                    message: try MessageRows.read(&$0), openRecipients: try $0.int(), recipients: try $0.int(),
                    nextAttempt: try $0.optionalTime())
            }
        }
    }

    public func show(_ id: QueueID) async throws(StoreError) -> QueueDetail? {
        try await viewReader.read { db in try ViewQueries.detail(id, db) }
    }

    public func counts() async throws(StoreError) -> QueueCounts {
        let counts = try await viewReader.read { db in
            try db.cachedStatement(sql: ViewQueries.counts).first([]) {
                QueueCounts(
                    messages: try $0.int(), quarantinedMessages: try $0.int(), dueRecipients: try $0.int(),
                    heldRecipients: try $0.int())
            }
        }
        return counts ?? QueueCounts(messages: 0, quarantinedMessages: 0, dueRecipients: 0, heldRecipients: 0)
    }

    public func countsByDestination(limit: Int) async throws(StoreError) -> [DestinationCount] {
        try await viewReader.read { db in
            try db.cachedStatement(sql: ViewQueries.byDestination).rows([Self.page(limit)]) {
                DestinationCount(destination: try $0.text(), recipients: try $0.int())
            }
        }
    }

    private static func page(_ limit: Int) -> DatabaseValue {
        min(max(limit, 0), QueueLimits.page).databaseValue
    }
}

/// Just enough JSON to hand a list of names to a query as one parameter.
enum JSONText {
    static func array(_ texts: [String]) -> String {
        var bytes: [UInt8] = [UInt8(ascii: "[")]
        for (number, text) in texts.enumerated() {
            if number > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(UInt8(ascii: "\""))
            for byte in text.utf8 {
                switch byte {
                case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
                case 0..<0x20:
                    let digits = String(byte, radix: 16)
                    bytes += Array("\\u00".utf8) + (byte < 16 ? [UInt8(ascii: "0")] : []) + Array(digits.utf8)
                default: bytes.append(byte)
                }
            }
            bytes.append(UInt8(ascii: "\""))
        }
        bytes.append(UInt8(ascii: "]"))
        return String(decoding: bytes, as: UTF8.self)
    }
}
