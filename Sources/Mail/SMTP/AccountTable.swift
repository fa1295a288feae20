/// What one key did.
struct ClientAccount: Sendable {
    var connections = TokenBucket()
    var messages = TokenBucket()
    var recipients = TokenBucket()
    var logins = LoginDelay()
    fileprivate(set) var connectionsOpen = 0

    /// It says no more than no account.
    func isIdle(at now: Int64) -> Bool {
        connectionsOpen == 0 && connections.isFull(at: now) && messages.isFull(at: now) && recipients.isFull(at: now)
            && logins.isForgotten(at: now)
    }
}

/// Accounts by key, at most so many. Those without open connections stand in a list by their last use, the oldest first:
/// from there they leave when room is needed, and one or two with each new key when they have nothing to say any more.
struct AccountTable: Sendable {
    typealias Key = ClientLedger.Key

    private struct Slot {
        /// Nil: free.
        var key: Key?
        var account = ClientAccount()
        /// Neighbours in the list of those that may leave.
        var older: Int?
        var newer: Int?
    }

    /// Accounts looked at for each new key: more than come, so that those that are done with leave in the end.
    private static let sweep = 2

    private let limit: Int
    private var places: [Key: Int] = [:]
    private var slots: [Slot] = []
    private var free: [Int] = []
    private var oldest: Int?
    private var newest: Int?

    init(limit: Int) {
        self.limit = limit
    }

    var count: Int { places.count }

    /// Of an index that ``find(_:)`` or ``use(_:at:)`` gave, before anything else was used.
    subscript(index: Int) -> ClientAccount {
        get { slots[index].account }
        _modify { yield &slots[index].account }
    }

    func find(_ key: Key) -> Int? {
        places[key]
    }

    /// The key's account, made where there is none; nil where there is no room. It is now the one used last.
    mutating func use(_ key: Key, at now: Int64) -> Int? {
        if let index = places[key] {
            if slots[index].account.connectionsOpen == 0 {
                unlink(index)
                link(index)
            }
            return index
        }
        for _ in 0..<Self.sweep {
            guard let index = oldest, slots[index].account.isIdle(at: now) else { break }
            remove(index)
        }
        if places.count >= limit {
            guard let index = oldest else { return nil }
            remove(index)
        }
        // All that a flood left is given back once the last of it is gone.
        if places.isEmpty { self = AccountTable(limit: limit) }
        let index = free.popLast() ?? slots.count
        if index == slots.count { slots.append(Slot()) }
        slots[index].key = key
        places[key] = index
        link(index)
        return index
    }

    mutating func open(_ index: Int) {
        if slots[index].account.connectionsOpen == 0 { unlink(index) }
        slots[index].account.connectionsOpen &+= 1
    }

    mutating func close(_ index: Int) {
        guard slots[index].account.connectionsOpen > 0 else { return }
        slots[index].account.connectionsOpen &-= 1
        if slots[index].account.connectionsOpen == 0 { link(index) }
    }

    private mutating func remove(_ index: Int) {
        unlink(index)
        if let key = slots[index].key { places[key] = nil }
        slots[index] = Slot()
        free.append(index)
    }

    private mutating func link(_ index: Int) {
        slots[index].older = newest
        if let newest { slots[newest].newer = index } else { oldest = index }
        newest = index
    }

    private mutating func unlink(_ index: Int) {
        let (older, newer) = (slots[index].older, slots[index].newer)
        if let older { slots[older].newer = newer } else { oldest = newer }
        if let newer { slots[newer].older = older } else { newest = older }
        slots[index].older = nil
        slots[index].newer = nil
    }
}
