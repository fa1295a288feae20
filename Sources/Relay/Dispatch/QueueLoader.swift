import Logging
import Mail
import Net
import Store

/// Brings what is due from the disk to the dispatcher, page by page: after a start, after a deferral, when memory was too
/// full for fresh mail, and when a destination is up again.
struct QueueLoader: Sendable {
    let store: any QueueStore
    let dispatcher: Dispatcher
    let alarm: Alarm
    let log: Logger
    /// Where mail goes now: another configuration may have come.
    let terms: @Sendable () -> QueueTerms
    let clock: @Sendable () -> WallTime

    /// Recipients, or messages, of one page: what is read at once, and may be delivered before the next is read.
    static let page = 500
    /// Between two passes, so that a full memory or a failing store is not asked without end.
    static let breath: Duration = .milliseconds(50)
    /// Seconds between two looks at the disk where nothing is known to become due.
    static let interval: Int64 = 30
    /// Messages with rows that make no sense which one reading sets apart; more wait for the next pass.
    static let unreadableLimit = 100

    /// Runs until its task is cancelled or the alarm's loop stops.
    func run() async {
        while !Task.isCancelled {
            let looked = await dispatcher.lookedAt
            let due = (try? await store.nextDue(after: looked)) ?? nil
            let deadline = (try? await store.nextDeadline(after: looked)) ?? nil
            let known = [due, deadline].compactMap(\.self).min()
            let next = await dispatcher.nextPass(within: Self.interval, known: known)
            let seconds = next.seconds - clock().seconds
            if seconds <= 0 { await pass() }
            do throws(SocketError) {
                _ = try await alarm.wait(until: .after(seconds <= 0 ? Self.breath : .seconds(seconds)))
            } catch {
                return
            }
        }
    }

    private func pass() async {
        let now = clock()
        var isComplete = false
        let (isWhole, from) = await dispatcher.beginPass(at: now)
        do throws(StoreError) {
            isComplete = try await loadDue(until: now, from: isWhole ? nil : from)
            for refill in await dispatcher.refills() where !Task.isCancelled { try await fill(refill, until: now) }
            try await remind(at: now)
        } catch {
            isComplete = false
            if error != .closed {
                log.event(
                    .error, LogLine("store-failed").with("doing", "reading what is due").with("reason", "\(error)"))
            }
        }
        await dispatcher.endPass(isComplete: isComplete)
    }

    /// Everything that is due, but what the dispatcher can give to nobody now.
    /// - Parameter from: what was due then is known already; nil for all.
    /// - Returns: false where memory was full before the end.
    private func loadDue(until now: WallTime, from: WallTime?) async throws(StoreError) -> Bool {
        var cursor = from.map {
            DueCursor(
                nextAttempt: $0, destination: "\u{10FFFF}", lane: SenderLane(value: .max), number: RecipientNumber(.max)
            )
        }
        while !Task.isCancelled {
            let (exclusion, behind) = (await dispatcher.exclusion(), cursor)
            let page = try await reading { () async throws(StoreError) in
                try await store.due(before: now, after: behind, excluding: exclusion, limit: Self.page)
            }
            cursor = page.last?.cursor ?? cursor
            guard await dispatcher.load(try await jobs(of: dispatcher.wanted(page))) else { return false }
            if page.count < Self.page { return true }
        }
        return false
    }

    /// Mail of one destination: urgent mail first, and of each sender a part before anybody gets more.
    private func fill(_ refill: Dispatcher.Refill, until now: WallTime) async throws(StoreError) {
        var counts = refill.waiting
        var room = refill.room
        var isComplete = false
        var share = refill.room == 1 ? 1 : Dispatcher.Refill.firstShare
        var isUrgentOnly = terms().rules.hasPriorities
        while room > 0, !Task.isCancelled {
            let enough = counts.filter { $0.value >= share }.map(\.key)
            let waiting = counts.values.reduce(0, +)
            let wish = min(room, share, Self.page)
            let (limit, isUrgent) = (wish + waiting, isUrgentOnly)
            let page = try await reading { () async throws(StoreError) in
                try await store.due(
                    at: refill.destination, before: now, passing: enough, isUrgentOnly: isUrgent, limit: limit)
            }
            var wanted: [DueRecipient] = []
            var isAnyLeft = false
            for row in await dispatcher.wanted(page) {
                if wanted.count >= wish || counts[row.lane, default: 0] >= share {
                    isAnyLeft = true
                    continue
                }
                counts[row.lane, default: 0] += 1
                wanted.append(row)
            }
            room -= wanted.count
            // Nothing new, and nobody more to pass over: what is read is all under way.
            if wanted.isEmpty, page.count >= wish + waiting, counts.count(where: { $0.value >= share }) == enough.count
            {
                break
            }
            guard await dispatcher.load(try await jobs(of: wanted)) else { break }
            if page.count < wish + waiting, wanted.count < wish {
                // To the end: of those who are not passed over there is no more.
                if !isUrgentOnly, enough.isEmpty, !isAnyLeft {
                    isComplete = true
                    break
                }
                if !isUrgentOnly { share *= 2 }
                isUrgentOnly = false
            }
            if share > Dispatcher.Refill.lastShare { break }
        }
        await dispatcher.refilled(refill, loaded: refill.room - room, isComplete: isComplete)
    }

    /// Senders are told of delays, and get back what expired, of mail that no attempt was made for.
    private func remind(at now: WallTime) async throws(StoreError) {
        var cursor: DeadlineCursor?
        while !Task.isCancelled {
            let suspended = terms().orders.suspensions(at: now).map(\.destination)
            let behind = cursor
            let page = try await reading { () async throws(StoreError) in
                try await store.overdue(at: now, after: behind, excluding: suspended, limit: Self.page)
            }
            cursor = page.last?.cursor ?? cursor
            let mine = await dispatcher.claimOverdue(page)
            if !mine.isEmpty {
                let reasons = Dictionary(
                    mine.map { ($0.due.number, $0.lastOutcome?.reason) }, uniquingKeysWith: { first, _ in first })
                let numbers = mine.map(\.due.number)
                let jobs: [Job]
                do throws(StoreError) {
                    jobs = try await self.jobs(of: mine.map(\.due))
                } catch {
                    await dispatcher.unclaim(numbers)
                    throw error
                }
                let goesOn = await dispatcher.settleOverdue(
                    jobs.map { job in (job, job.recipients.lazy.compactMap { reasons[$0.number] ?? nil }.first) },
                    of: numbers)
                if !goesOn { return }
            }
            if page.count < Self.page { return }
        }
    }

    /// A message with a row that makes no sense is set apart, and what is asked for read again: it must keep back no other.
    private func reading<Value>(
        _ read: () async throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        for _ in 0..<Self.unreadableLimit {
            do throws(StoreError) {
                return try await read()
            } catch {
                try await setApart(error)
            }
        }
        return try await read()
    }

    /// - Throws: `error` where it is not of one message.
    @discardableResult
    private func setApart(_ error: StoreError) async throws(StoreError) -> MessageNumber {
        guard case .unreadable(let number, let why) = error else { throw error }
        let id = try await store.quarantine(number, because: why)
        log.event(
            .error,
            LogLine("quarantined").with("queue_id", id?.text ?? "number \(number.value)").with("reason", why))
        return number
    }

    /// Messages by their numbers, without those that are set apart.
    private func messages(_ wanted: [MessageNumber]) async throws(StoreError) -> [MessageNumber: StoredMessage] {
        var found: [MessageNumber: StoredMessage] = [:]
        var rest = wanted[...]
        while !rest.isEmpty {
            let part = Array(rest.prefix(Self.page))
            do throws(StoreError) {
                found.merge(try await store.messages(part)) { first, _ in first }
                rest = rest.dropFirst(part.count)
            } catch {
                // Each time one less.
                let number = try await setApart(error)
                let count = rest.count
                rest.removeAll { $0 == number }
                if rest.count == count { throw error }
            }
        }
        return found
    }

    /// The jobs of recipients, those of one message and next hop together where they follow each other.
    private func jobs(of page: [DueRecipient]) async throws(StoreError) -> [Job] {
        let routing = terms().routing
        var groups: [(message: MessageNumber, nextHop: NextHop, recipients: [DueRecipient])] = []
        for row in page {
            let nextHop = routing.nextHop(for: row.mailbox.domain)
            if let last = groups.indices.last, groups[last].message == row.message, groups[last].nextHop == nextHop {
                groups[last].recipients.append(row)
            } else {
                groups.append((row.message, nextHop, [row]))
            }
        }
        let messages = try await messages(groups.map(\.message))
        var jobs: [Job] = []
        for group in groups {
            guard let message = messages[group.message], let first = group.recipients.first else { continue }
            jobs.append(
                Job(
                    message: message, nextHop: group.nextHop, lane: first.lane,
                    recipients: group.recipients.map(Job.Recipient.init), content: nil))
        }
        return jobs
    }
}

extension Job.Recipient {
    init(_ due: DueRecipient) {
        self.init(
            number: due.number, mailbox: due.mailbox, request: due.request, attempts: due.attempts,
            delayedNoticeSent: due.delayedNoticeSent, policyFailureSince: due.policyFailureSince,
            expiresAt: due.expiresAt, nextAttempt: due.nextAttempt)
    }
}
