public import Mail

/// The durable queue: what was acknowledged, what is due, and what became of it.
///
/// The one door to the queue on disk. Nothing outside this target writes SQL or knows which database it is; another
/// implementation (a server shared by a fleet) has this surface and no other.
///
/// Every function that changes something returns after its change is committed and synced: a return is the right to
/// answer 250 (SRV-25), or to forget a delivery (Q-07). A throw means that nothing of the operation happened. No
/// function reads a clock: times are arguments.
public protocol QueueStore: Sendable {
    /// Starts the content of a message that is being received. Where `id` was used before, the first spill to a file
    /// fails; the store refuses the id again at ``enqueue(_:)``.
    func contentWriter(for id: QueueID) -> ContentWriter

    /// Puts messages into the queue, all of them or none.
    /// - Throws: `.duplicate` where an id is taken, `.busy`, `.full`, `.failed`, `.closed`.
    func enqueue(_ messages: [NewMessage]) async throws(StoreError) -> [QueuedMessage]

    /// Records outcomes of recipients of one message, their attempts, and the notices they cause, as one transaction.
    ///
    /// A message whose recipients are all final is deleted with its content in the same transaction.
    /// - Throws: `.unknown` where message or recipient is not in the queue or is final already, otherwise as `enqueue`.
    func settle(_ settlement: Settlement) async throws(StoreError) -> Settled

    /// Recipients whose next attempt is at or before `time`, in the order they became due and, within a second and
    /// destination, of their lanes, without what `exclusion` names.
    func due(
        before time: WallTime, after cursor: DueCursor?, excluding exclusion: DueExclusion, limit: Int
    ) async throws(StoreError) -> [DueRecipient]

    /// Recipients of one destination that are due at `time`, in order of arrival, without those of `lanes`.
    /// - Parameters:
    ///   - isUrgentOnly: only those of high priority.
    ///   - limit: at most ``QueueLimits/refill``.
    func due(
        at destination: String, before time: WallTime, passing lanes: [SenderLane], isUrgentOnly: Bool, limit: Int
    ) async throws(StoreError) -> [DueRecipient]

    /// When the first recipient becomes due that was not due at `time` yet; nil where none waits.
    func nextDue(after time: WallTime) async throws(StoreError) -> WallTime?

    /// Waiting recipients whose deadline is at or before `time`, earliest first, without those of `destinations`.
    func overdue(
        at time: WallTime, after cursor: DeadlineCursor?, excluding destinations: [String], limit: Int
    ) async throws(StoreError) -> [OverdueRecipient]

    /// The first deadline of a waiting recipient behind `time`; nil where there is none.
    func nextDeadline(after time: WallTime) async throws(StoreError) -> WallTime?

    /// Gives recipients other deadlines, in steps; who is final or gone is passed over.
    func postponeDeadlines(_ deadlines: [(RecipientNumber, WallTime)]) async throws(StoreError)

    /// The message without its recipients; nil where it is not in the queue.
    func message(_ number: MessageNumber) async throws(StoreError) -> StoredMessage?

    /// The same for many at once, in one reading: ``QueueLimits/page`` at most. Those that are not in the queue are missing.
    func messages(_ numbers: [MessageNumber]) async throws(StoreError) -> [MessageNumber: StoredMessage]

    /// The content of a message.
    /// - Throws: `.damaged` where the content is missing or has the wrong length: quarantine the message.
    func content(of message: StoredMessage) async throws(StoreError) -> ContentReader

    /// Takes a message with damaged content out of delivery. It stays in the queue, is listed and counted, and is never
    /// deleted by the program. Quarantining it again keeps the first reason.
    func quarantine(_ id: QueueID, because reason: String) async throws(StoreError)

    /// The same for a message with rows that make no sense: `.unreadable` was thrown. People are shown stand-ins for what
    /// cannot be read of it.
    /// - Returns: its id; nil where that cannot be read either.
    func quarantine(_ number: MessageNumber, because reason: String) async throws(StoreError) -> QueueID?

    /// Gives each recipient that is not final the destination its domain has by the routes of today. For the start of the
    /// daemon, before anything is dispatched: recipients keep the destination they were queued with, and the operator's
    /// routes may have changed since.
    ///
    /// `destination` names the new one, from the recipient's domain and the old one; the same words again leave it as it
    /// is. `fingerprint` stands for all of its answers: where it is that of the last run that came to its end, nothing is
    /// done. Goes through the queue once, in transactions of ``QueueLimits/page`` recipients: after a throw those behind
    /// it have their old destination, and a second call finishes the work.
    /// - Returns: how many recipients were changed.
    func reroute(
        fingerprint: Int64, _ destination: @escaping @Sendable (_ domain: MailDomain, _ old: String) -> String
    ) async throws(StoreError) -> Int

    /// One page of the queue, in order of arrival.
    func list(_ filter: QueueFilter, after cursor: MessageNumber?, limit: Int) async throws(StoreError) -> [QueueEntry]

    /// Everything about one message; nil where it is not in the queue.
    func show(_ id: QueueID) async throws(StoreError) -> QueueDetail?

    /// One page of the recipients that match and are not final, in order of arrival.
    func select(
        _ filter: QueueFilter, after cursor: RecipientNumber?, limit: Int
    ) async throws(StoreError) -> [SelectedRecipient]

    /// Does what an operator orders, for at most ``QueueLimits/page`` recipients, as one transaction. Those that it does
    /// not apply to, or that are gone, are passed over.
    /// - Throws: `.failed` for more recipients, otherwise as ``enqueue(_:)``.
    func change(
        _ change: QueueChange, _ recipients: [RecipientNumber], at time: WallTime
    ) async throws(StoreError) -> QueueChanged

    /// How much waits.
    func counts() async throws(StoreError) -> QueueCounts

    /// Recipients that wait and are not due at `time` yet.
    func deferred(at time: WallTime) async throws(StoreError) -> Int

    /// Destinations with recipients that wait or are held, most first.
    func destinationsSummary(at time: WallTime, limit: Int) async throws(StoreError) -> [DestinationSummary]

    /// Recipients of a destination that wait or are held.
    func waiting(at destination: String) async throws(StoreError) -> Int

    /// Suspends a destination from ``Suspension/since`` on. Where it is suspended already, end and reason are replaced and
    /// the start is kept. Forgets suspensions that ended ``QueueLimits/suspensionDays`` before.
    /// - Throws: `.failed` where ``QueueLimits/suspensions`` are active already, otherwise as ``enqueue(_:)``.
    func suspend(_ suspension: Suspension) async throws(StoreError)

    /// Ends the suspension of a destination.
    /// - Returns: false where it was not suspended at `time`.
    func resume(_ destination: String, at time: WallTime) async throws(StoreError) -> Bool

    /// Suspensions that are active behind `time`, or ended behind it, by themselves or by ``resume(_:at:)``; in the order
    /// they were made, at most ``QueueLimits/suspensions``.
    func suspensions(endedAfter time: WallTime) async throws(StoreError) -> [Suspension]

    /// Keeps a rule, whose number the store gives.
    /// - Throws: `.failed` where ``QueueLimits/holdRules`` are kept already, otherwise as ``enqueue(_:)``.
    func addHoldRule(_ rule: HoldRule) async throws(StoreError) -> HoldRule

    /// Forgets a rule; mail that it caught stays held.
    /// - Returns: false where there is none of this number.
    func removeHoldRule(_ number: Int64) async throws(StoreError) -> Bool

    /// In the order they were made.
    func holdRules() async throws(StoreError) -> [HoldRule]

    /// Room on the disk of the store, at most a second old, less what mail in the journal needs to get into the tables.
    func freeSpace() async throws(StoreError) -> FreeSpace

    /// Finishes what was handed in, writes the clean marker and closes. Later calls throw `.closed`.
    func close() async
}

/// Why the store did not do something.
public enum StoreError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A queue id is taken.
    case duplicate(QueueID)
    /// A message or recipient is not in the queue, or is final already; or a report is not in the state it needs to be.
    case unknown(String)
    /// More operations wait than the writer may hold: refuse the client with 4yz.
    case busy
    /// No room on the disk (ENOSPC, EDQUOT): 452 4.3.1.
    case full
    /// The disk or the database failed: 451 4.3.0. Nothing of the operation happened.
    case failed(String)
    /// A row of a message makes no sense: quarantine it, and read again.
    case unreadable(MessageNumber, String)
    /// Content is missing, short or long.
    case damaged(String)
    case closed

    /// For the log and the operator: part of a sentence.
    public var description: String {
        switch self {
        case .duplicate(let id): "the queue id \(id) is taken"
        case .unknown(let what): "not in the queue, or in another state: \(what)"
        case .busy: "more waits to be written than the store can hold"
        case .full: "the disk of the store is full"
        case .failed(let why): why
        case .unreadable(let message, let why): "message \(message.value) makes no sense: \(why)"
        case .damaged(let why): why
        case .closed: "the store is closed"
        }
    }
}

/// Why a store was not opened: each text is one line for the operator.
public enum StoreOpenError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Folder or file has the wrong kind, owner or mode, or cannot be written.
    case refused(path: String, why: String)
    /// Another process holds the lock.
    case inUse(path: String)
    /// The file is a database of another program, or none.
    case foreign(path: String, why: String)
    /// A newer program made this.
    case newer(path: String, found: Int, known: Int)
    /// `quick_check` or the reading of pages failed.
    case damaged(path: String, why: String)
    /// There is no room to bring in what came last before the stop. `needed`: octets that are enough.
    case full(path: String, needed: UInt64)
    /// The journal is gone, or of another size, and the last process did not end as it should: what it acknowledged last lay there.
    case journalLost(path: String, found: Int64?, expected: Int64)
    /// The database is gone, or empty, and beside it lies what only a queue leaves behind, as `remains`.
    case queueLost(path: String, remains: String)
    /// A record of the journal is whole, and makes no sense to this program.
    case journalUnread(path: String, why: String)
    /// The database would not promise durability.
    case notDurable(path: String, why: String)

    public var description: String {
        switch self {
        case .refused(let path, let why):
            "store \(path) refused: \(why)"
        case .inUse(let path):
            "store \(path) is in use by another process: is a second relayd running?"
        case .foreign(let path, let why):
            "store \(path) is not a Waxwing queue: \(why)"
        case .newer(let path, let found, let known):
            "store \(path) has schema \(found), this program knows \(known): run the newer program"
        case .damaged(let path, let why):
            "store \(path) is damaged (\(why)): restore it or recover its readable rows, nothing was changed"
        case .full(let path, let needed):
            """
            the disk of store \(path) is full. Nothing is lost; to read what came in last from the journal up to \(needed >> 20) MiB are \
            needed: make room and start again
            """
        case .journalLost(let path, let found, let expected):
            """
            store \(path) has lost mail that was accepted: \(path)/journal \(found.map { "has \($0)" } ?? "is missing, which had") \
            \(found == nil ? "\(expected) octets" : "of \(expected) octets"), and the last relayd was killed. Put the file back as it was. If it is lost \
            for good: touch \(path)/journal.given-up, and start again
            """
        case .queueLost(let path, let remains):
            """
            store \(path) has lost its queue: \(path)/queue.db is missing or empty, and \(remains) of one is there. Put queue.db back, and \
            queue.db-wal with it if there was one. If the queue is lost for good: touch \(path)/journal.given-up, and start again; what the journal \
            still has is brought in
            """
        case .journalUnread(let path, let why):
            """
            store \(path) has mail that this program cannot read: a record in \(path)/journal is whole, and makes no sense (\(why)). Run the \
            program that wrote it. To go on without such records: touch \(path)/journal.given-up, and start again; keep a copy of the journal
            """
        case .notDurable(let path, let why):
            "store \(path) does not sync its commits: \(why)"
        }
    }
}
