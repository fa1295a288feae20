public import Mail

/// The durable queue: what was acknowledged, what is due, and what became of it.
///
/// The one door to the queue on disk. Nothing outside this target writes SQL or knows which database it is; another
/// implementation (a server shared by a fleet) has this surface and no other.
///
/// Every function that changes something returns after its change is committed and synced: a return is the right to
/// answer 250 (SRV-25), or to forget a delivery. A throw means that nothing of the operation happened. No
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

    /// Recipients of any destination whose next attempt is at or before `time`, in the order they became due, without
    /// those of `destinations` (the ones the dispatcher can give nothing to now).
    func due(
        before time: WallTime, after cursor: DueCursor?, excluding destinations: [String], limit: Int
    ) async throws(StoreError) -> [DueRecipient]

    /// Recipients of one destination whose next attempt is at or before `time`, in the order they became due.
    func due(
        at destination: String, before time: WallTime, after cursor: DueCursor?, limit: Int
    ) async throws(StoreError) -> [DueRecipient]

    /// When the first recipient becomes due that was not due at `time` yet; nil where none waits.
    func nextDue(after time: WallTime) async throws(StoreError) -> WallTime?

    /// Destinations with waiting recipients in alphabetical order from behind `name`, each with its earliest time.
    func destinations(after name: String?, limit: Int) async throws(StoreError) -> [WaitingDestination]

    /// Recipients whose message has expired at `time` and that still wait, oldest first.
    func expired(at time: WallTime, limit: Int) async throws(StoreError) -> [DueRecipient]

    /// The message without its recipients; nil where it is not in the queue.
    func message(_ number: MessageNumber) async throws(StoreError) -> StoredMessage?

    /// The content of a message.
    /// - Throws: `.damaged` where the content is missing or has the wrong length: quarantine the message.
    func content(of message: StoredMessage) async throws(StoreError) -> ContentReader

    /// Takes a message with damaged content out of delivery. It stays in the queue, is listed and counted, and is never
    /// deleted by the program. Quarantining it again keeps the first reason.
    func quarantine(_ id: QueueID, because reason: String) async throws(StoreError)

    /// Gives each recipient that is not final the destination its domain has by the routes of today. For the start of the
    /// daemon, before anything is dispatched: recipients keep the destination they were queued with, and the operator's
    /// routes may have changed since.
    ///
    /// `destination` names the new one, from the recipient's domain and the old one; the same words again leave it as it
    /// is. Goes through the queue once, in transactions of ``QueueLimits/page`` recipients: after a throw those behind
    /// it have their old destination, and a second call finishes the work.
    /// - Returns: how many recipients were changed.
    func reroute(
        _ destination: @escaping @Sendable (_ domain: MailDomain, _ old: String) -> String
    ) async throws(StoreError) -> Int

    /// One page of the queue, in order of arrival.
    func list(_ filter: QueueFilter, after cursor: MessageNumber?, limit: Int) async throws(StoreError) -> [QueueEntry]

    /// Everything about one message; nil where it is not in the queue.
    func show(_ id: QueueID) async throws(StoreError) -> QueueDetail?

    /// How much waits.
    func counts() async throws(StoreError) -> QueueCounts

    /// Waiting recipients by destination, most first.
    func countsByDestination(limit: Int) async throws(StoreError) -> [DestinationCount]

    /// Room on the disk of the store, at most a second old.
    func freeSpace() async throws(StoreError) -> FreeSpace

    /// Finishes what was handed in, writes the clean marker and closes. Later calls throw `.closed`.
    func close() async
}

/// Why the store did not do something.
public enum StoreError: Error, Equatable, Sendable {
    /// A queue id is taken.
    case duplicate(QueueID)
    /// A message or recipient is not in the queue, or is final already.
    case unknown(String)
    /// More operations wait than the writer may hold: refuse the client with 4yz.
    case busy
    /// No room on the disk (ENOSPC, EDQUOT): 452 4.3.1.
    case full
    /// The disk or the database failed: 451 4.3.0. Nothing of the operation happened.
    case failed(String)
    /// Content is missing, short or long.
    case damaged(String)
    case closed
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
        case .notDurable(let path, let why):
            "store \(path) does not sync its commits: \(why)"
        }
    }
}
