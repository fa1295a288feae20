import Mail
import Synchronization

/// What the journal's thread does.
extension Journal {
    func run() {
        var group = JournalGroup(frame)
        while let work = queue.takeAll(until: book.began.map { $0 &+ bounds.age }) {
            for item in work.urgent { handle(item, &group) }
            for item in work.ordinary { handle(item, &group) }
            commit(&group)
            if let began = book.began, FreeSpaceCache.monotonicNanoseconds >= began &+ bounds.age { seal() }
        }
        seal()
        for waiter in book.takeWaiters() { waiter.resume() }
    }

    private func handle(_ item: Work, _ group: inout JournalGroup) {
        switch item {
        case .enqueue(let message, let continuation):
            makeRoom(for: &group)
            guard book.hasActive else { return continuation.resume(returning: .elsewhere) }
            enqueue(message, continuation, &group)
        case .settle(let settlement, let continuation):
            makeRoom(for: &group, begins: false)
            let number = settlement.message.value
            let fresh = group.settles(number) ? nil : book.message(number)
            if let fresh, book.isActive(fresh), let counted = FreshSettlement(settlement, of: fresh.insertion),
                group.add(counted, of: fresh, continuation)
            {
                return
            }
            if fresh != nil { book.touch(number) }
            continuation.resume(returning: .elsewhere(fresh))
        case .catchUp(let continuation):
            commit(&group)
            seal()
            if trouble != nil || !book.wait(continuation) { continuation.resume() }
        case .applied(let generation):
            let waiters = book.applied(generation)
            tellFirst()
            for waiter in waiters { waiter.resume() }
        case .notApplied:
            left.store(book.messages, ordering: .relaxed)
            // Those behind it do not get there before it.
            for waiter in book.takeWaiters() { waiter.resume() }
        }
    }

    private func enqueue(
        _ message: NewMessage, _ continuation: CheckedContinuation<Enqueued, Never>, _ group: inout JournalGroup
    ) {
        if book.knows(message.id) || group.knows(message.id) {
            return continuation.resume(returning: .refused(.duplicate(message.id)))
        }
        do {
            let (insertion, queued) = try MessageRows.insertion(of: message, numbers)
            if !group.add(insertion, queued, generation: book.activeNumber, continuation) {
                continuation.resume(returning: .elsewhere)
            }
        } catch {
            continuation.resume(returning: .refused(StoreError(error)))
        }
    }

    /// A segment with room for one record more than the group has; without one where none is free, or the file is broken.
    private func makeRoom(for group: inout JournalGroup, begins: Bool = true) {
        if group.octets >= JournalBounds.group { commit(&group) }
        if !book.hasRoom(for: group.octets + JournalBounds.record) {
            commit(&group)
            seal()
        }
        guard begins, !book.hasActive, isSound() else { return }
        book.begin(at: FreeSpaceCache.monotonicNanoseconds)
    }

    /// True unless the file failed. A while after that it is written anew, whole.
    private func isSound() -> Bool {
        guard let until = brokenUntil else { return true }
        let now = FreeSpaceCache.monotonicNanoseconds
        guard now >= until, book.sealed.isEmpty else { return false }
        do throws(Errno) {
            try file.renew()
            brokenUntil = nil
            return true
        } catch {
            brokenUntil = now &+ bounds.repair
            return false
        }
    }

    /// Writes what the group has, syncs, and answers.
    private func commit(_ group: inout JournalGroup) {
        guard !group.isEmpty else { return }
        var done = group
        group = JournalGroup(frame)
        defer { group = JournalGroup(frame, reusing: done.takeBuffer()) }
        watch.begin()
        defer { watch.end() }
        do throws(Errno) {
            try file.append(done.bytes, to: book.activeSegment, at: book.offset)
        } catch {
            let error = error.storeError("writing the journal")
            tally.note(error)
            file.wipe(done.bytes.count, of: book.activeSegment, at: book.offset)
            // What of it lies on the disk nobody knows. Once this generation counts as one that is in the tables, no start reads it.
            brokenUntil = FreeSpaceCache.monotonicNanoseconds &+ bounds.repair
            seal(always: true)
            done.fail(error)
            return
        }
        tally.noteCommitted()
        book.add(done)
        tellFirst()
        done.finish()
    }

    /// Nothing more goes into this generation: it is on its way into the tables.
    /// - Parameter always: also where it holds nothing that was acknowledged.
    private func seal(always: Bool = false) {
        if let generation = book.seal(always: always) { sealing.yield(generation) }
    }

    private func tellFirst() {
        firstUnapplied.store(book.firstNumber ?? .max, ordering: .releasing)
        unapplied.store(book.octets, ordering: .relaxed)
        // Counted only where somebody wants to know it.
        left.store(trouble == nil ? -1 : book.messages, ordering: .relaxed)
    }
}
