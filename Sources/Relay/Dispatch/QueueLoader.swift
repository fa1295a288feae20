import Logging
import Mail
import Net
import Store

/// Brings what is due from the disk to the dispatcher, page by page: after a start, after a deferral, and when memory was
/// too full for fresh mail.
struct QueueLoader: Sendable {
    let store: any QueueStore
    let dispatcher: Dispatcher
    let alarm: Alarm
    let log: Logger
    let routing: Routing
    let clock: @Sendable () -> WallTime

    /// Recipients of one page.
    static let page = 500
    /// Between two passes, so that a full memory or a failing store is not asked without end.
    static let breath: Duration = .milliseconds(50)
    /// Seconds between two looks at the disk where nothing is known to become due.
    static let interval: Int64 = 30

    /// Runs until its task is cancelled or the alarm's loop stops.
    func run() async {
        while !Task.isCancelled {
            let onDisk = (try? await store.nextDue(after: dispatcher.lookedAt)) ?? nil
            let next = await dispatcher.nextPass(within: Self.interval, nextOnDisk: onDisk)
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
        var cursor: DueCursor?
        var isWhole = false
        await dispatcher.beginPass(at: now)
        do throws(StoreError) {
            while !Task.isCancelled, !isWhole {
                let full = await dispatcher.passOverFull()
                let page = try await store.due(
                    before: now, after: cursor, excluding: DueExclusion(destinations: full), limit: Self.page)
                cursor = page.last?.cursor ?? cursor
                guard try await load(page) else { break }
                isWhole = page.count < Self.page
            }
        } catch {
            if error != .closed {
                log.event(
                    .error, LogLine("store-failed").with("doing", "reading what is due").with("reason", "\(error)"))
            }
        }
        await dispatcher.endPass(isWhole: isWhole)
    }

    /// - Returns: false where memory is full.
    private func load(_ page: [DueRecipient]) async throws(StoreError) -> Bool {
        var groups: [(message: MessageNumber, nextHop: NextHop, recipients: [DueRecipient])] = []
        for row in await dispatcher.wanted(page) {
            let nextHop = routing.nextHop(for: row.mailbox.domain)
            if let last = groups.indices.last, groups[last].message == row.message, groups[last].nextHop == nextHop {
                groups[last].recipients.append(row)
            } else {
                groups.append((row.message, nextHop, [row]))
            }
        }
        var jobs: [Job] = []
        for group in groups {
            guard let message = try await store.message(group.message) else { continue }
            jobs.append(
                Job(
                    message: message, nextHop: group.nextHop,
                    recipients: group.recipients.map {
                        Job.Recipient(
                            number: $0.number, mailbox: $0.mailbox, request: $0.request, attempts: $0.attempts,
                            delayedNoticeSent: $0.delayedNoticeSent, policyFailureSince: $0.policyFailureSince)
                    }, content: nil))
        }
        return await dispatcher.load(jobs)
    }
}
