import GRDB
public import Mail

extension SQLiteStore {
    public func message(_ number: MessageNumber) async throws(StoreError) -> StoredMessage? {
        await catchUp(for: number)
        let stuck = stuck(number)
        let found = try await dispatchReader.read { db in
            try db.cachedStatement(sql: MessageRows.byNumber).first([number.value.databaseValue], MessageRows.read)
        }
        if found == nil, let stuck { throw stuck }
        return found
    }

    public func messages(_ numbers: [MessageNumber]) async throws(StoreError) -> [MessageNumber: StoredMessage] {
        let numbers = Array(numbers.prefix(QueueLimits.page))
        guard let last = numbers.max() else { return [:] }
        await catchUp(for: last)
        let stuck = numbers.filter { self.stuck($0) != nil }
        let found = try await dispatchReader.read { db in
            let statement = try db.cachedStatement(sql: MessageRows.byNumber)
            var found: [MessageNumber: StoredMessage] = [:]
            for number in numbers {
                found[number] = try statement.first([number.value.databaseValue], MessageRows.read)
            }
            return found
        }
        if let missing = stuck.first(where: { found[$0] == nil }), let why = self.stuck(missing) { throw why }
        return found
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
        await catchUp(for: message.number)
        let stuck = stuck(message.number)
        let bytes = try await dispatchReader.read { db in
            do {
                return try db.cachedStatement(sql: "SELECT bytes FROM content WHERE message = ?").first(
                    [message.number.value.databaseValue]) { try $0.bytes() }
            } catch let error as DatabaseError where error.resultCode == .SQLITE_CORRUPT {
                // Out of the transaction first: it cannot be ended well any more.
                throw StoreError.damaged("content of \(message.id): \(error.words)")
            } catch let error as DamagedRow {
                throw StoreError.damaged("content of \(message.id): \(error.what)")
            }
        }
        guard let bytes else { throw stuck ?? .damaged("content of \(message.id) is missing") }
        guard bytes.count == message.size else {
            throw .damaged("content of \(message.id) has \(bytes.count) of \(message.size) octets")
        }
        return ContentReader(.bytes(bytes), size: message.size)
    }

    public func list(
        _ filter: QueueFilter, after cursor: MessageNumber?, limit: Int
    ) async throws(StoreError) -> [QueueEntry] {
        try await view { db in
            try db.cachedStatement(sql: ListQueries.list(filter)).rows(
                ListQueries.arguments(filter, after: cursor?.value, limit: limit), isLenient: true
            ) {
                QueueEntry(
                    message: try MessageRows.read(&$0), openRecipients: try $0.int(), recipients: try $0.int(),
                    nextAttempt: try $0.optionalTime())
            }
        }
    }

    public func show(_ id: QueueID) async throws(StoreError) -> QueueDetail? {
        let found = try await view { db in try ViewQueries.detail(id.text, db) }
        if found == nil { try refuseWhileStuck() }
        return found
    }

    public func counts() async throws(StoreError) -> QueueCounts {
        let counts = try await view { db in
            try db.cachedStatement(sql: ViewQueries.counts).first([]) {
                QueueCounts(
                    messages: try $0.int(), quarantinedMessages: try $0.int(), dueRecipients: try $0.int(),
                    heldRecipients: try $0.int())
            }
        }
        return counts ?? QueueCounts(messages: 0, quarantinedMessages: 0, dueRecipients: 0, heldRecipients: 0)
    }

    public func destinationsSummary(
        at time: WallTime, limit: Int
    ) async throws(StoreError) -> [DestinationSummary] {
        try await view { db in
            try db.cachedStatement(sql: ViewQueries.byDestination).rows(
                [time.seconds.databaseValue, QueueLimits.page(limit)]
            ) {
                DestinationSummary(
                    destination: try $0.text(), due: try $0.int(), deferred: try $0.int(), held: try $0.int(),
                    oldest: try $0.time())
            }
        }
    }
}

extension QueueLimits {
    /// A limit a caller asked for, within bounds.
    static func page(_ limit: Int) -> DatabaseValue {
        min(max(limit, 0), page).databaseValue
    }
}
