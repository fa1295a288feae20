import Mail
import Net

/// Who waits for which transfer. A value without libcurl and without a clock; ``TransferEngine`` makes the transfers and
/// resumes the waiters.
///
/// `Waiter` is whatever is resumed with a result.
struct TransferBook<Waiter> {
    struct Entry {
        let id: UInt64
        let request: HTTPSRequest
        /// When the whole fetch must be over.
        let end: Deadline
        let waiter: Waiter

        /// Those who share an address share its places.
        var address: IPAddress? { request.addresses.first }
    }

    /// Of the row of those who wait, the part that may be for one address: one in so many. A hoster's policies often share
    /// one address: with a quarter, some mail of a burst to 1,000 new domains of one was put off for minutes, though their
    /// host was quick.
    /// Each that waits holds one of the deliveries there may be at once (`delivery.connection_limit`, 1,000): with half, a
    /// host that says nothing holds about half of them. Ours.
    static var rowShare: Int { 2 }

    /// What the thread has to do now.
    struct Turn {
        var starts: [Entry] = []
        /// Transfers to break off.
        var cancels: [UInt64] = []
        /// Those whose time was over before they began, and what they are told.
        var expired: [Waiter] = []
        var expiry: HTTPSFailure = .noPlace
        var isClosing = false
        /// When there is something to do again, if nothing else happens.
        var next: Deadline = .never
    }

    private(set) var isClosing = false
    private var waiting: [Entry] = []
    private var running: [UInt64: Entry] = [:]
    /// Running transfers by address.
    private var taken: [IPAddress: Int] = [:]
    private var cancelled: [UInt64] = []
    let transfersLimit: Int
    let waitingLimit: Int
    /// Transfers at once to hosts of one address: a host that accepts connections and says nothing must not take every place.
    let addressShare: Int

    init(
        transfersLimit: Int, waitingLimit: Int = HTTPSClient.waitingLimit,
        addressShare: Int = HTTPSClient.defaultAddressShare
    ) {
        self.addressShare = max(1, addressShare)
        self.transfersLimit = max(1, transfersLimit)
        self.waitingLimit = waitingLimit
    }

    var waitingCount: Int { waiting.count }
    var runningCount: Int { running.count }

    /// Keeps the entry, or says why not.
    mutating func ask(_ entry: Entry) -> HTTPSFailure? {
        if isClosing { return .closed }
        let isPlaceFree = running.count + waiting.count < transfersLimit
        if !isPlaceFree && waiting.count >= waitingLimit {
            return HTTPSFailure(.busy, "\(running.count) fetches are under way and \(waiting.count) wait")
        }
        let beside = waiting.count { $0.address == entry.address }
        if entry.address != nil, beside >= max(1, waitingLimit / Self.rowShare), !mayStart(entry) {
            return HTTPSFailure(.busy, "\(beside) fetches wait for the same host")
        }
        waiting.append(entry)
        return nil
    }

    /// The waiter to resume at once, where its transfer has not begun. One that has begun is broken off in the next turn.
    mutating func cancel(_ id: UInt64) -> Waiter? {
        if let index = waiting.firstIndex(where: { $0.id == id }) { return waiting.remove(at: index).waiter }
        if running[id] != nil { cancelled.append(id) }
        return nil
    }

    /// What to do now. Entries that start count as running from here on.
    mutating func turn(at now: Deadline) -> Turn {
        var turn = Turn(isClosing: isClosing)
        turn.cancels = cancelled
        cancelled = []
        if running.count < transfersLimit { turn.expiry = .tooLate }
        turn.expired = waiting.filter { $0.end <= now }.map(\.waiter)
        waiting.removeAll { $0.end <= now }
        if !isClosing {
            var left: [Entry] = []
            for entry in waiting {
                if running.count < transfersLimit, mayStart(entry) {
                    running[entry.id] = entry
                    if let address = entry.address { taken[address, default: 0] += 1 }
                    turn.starts.append(entry)
                } else {
                    left.append(entry)
                }
            }
            waiting = left
        }
        turn.next = waiting.map(\.end).min() ?? .never
        return turn
    }

    /// The one who waits for a transfer that is over.
    mutating func finished(_ id: UInt64) -> Waiter? {
        guard let entry = running.removeValue(forKey: id) else { return nil }
        if let address = entry.address, let count = taken[address] { taken[address] = count > 1 ? count - 1 : nil }
        return entry.waiter
    }

    private func mayStart(_ entry: Entry) -> Bool {
        entry.address.map { taken[$0, default: 0] < addressShare } ?? true
    }

    /// From now on nothing is taken in; those who wait for a place come back.
    mutating func close() -> [Waiter] {
        isClosing = true
        defer { waiting = [] }
        return waiting.map(\.waiter)
    }
}

extension HTTPSFailure {
    static let noPlace = HTTPSFailure(.busy, "no place among the transfers came free in time")
    /// It says nothing of the host that others at its address were slow, or that there were many: no fault of the domain (RFC 8461 §3.3).
    static let tooLate = HTTPSFailure(.busy, "its time was over while others of the same host were fetched")
    static let closed = HTTPSFailure(.cancelled, "the HTTPS client is closed")
    static let cancelled = HTTPSFailure(.cancelled, "the fetch was cancelled")
}
