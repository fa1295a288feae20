import Mail
import Store

// `relayctl trace`: what is in the queue, and what the trace keeps of the rest.

extension Service {
    public func trace(key: String, limit: Int) async throws -> TracePage {
        guard let traceKey = TraceKey(parsing: key) else { return TracePage(matches: []) }
        var matches: [LifeView] = []
        var queued: Set<String> = []
        let findings = try await ground.trace?.find(traceKey, limit: limit) ?? []
        let notes = Dictionary(
            findings.filter { $0.life == nil }.compactMap { one in one.notes.first.map { ($0.id, one.notes) } },
            uniquingKeysWith: { first, _ in first })
        for detail in try await inQueue(traceKey, limit: limit) {
            queued.insert(detail.message.id.text)
            var own = notes[detail.message.id]
            if own == nil { own = try await ground.trace?.find(.id(detail.message.id), limit: 1).first?.notes }
            var life = LifeView(detail, messageID: detail.message.messageID, notes: own ?? [])
            life.add(waits: await view(detail))
            matches.append(life)
        }
        matches += findings.compactMap(LifeView.init).filter { !queued.contains($0.id) }
        matches.sort { ($0.receivedAt ?? .min, $0.id) > ($1.receivedAt ?? .min, $1.id) }
        return TracePage(
            matches: Array(matches.prefix(limit)), since: await ground.trace?.state.oldest?.seconds)
    }

    /// Messages of the queue among which the newest of an address are looked for. Ours.
    private static let searched = 1_000

    /// What is still in the queue under that key.
    private func inQueue(_ key: TraceKey, limit: Int) async throws(StoreError) -> [QueueDetail] {
        var filters: [QueueFilter] = []
        switch key {
        case .id(let id): filters = [QueueFilter(ids: [id])]
        case .messageID(let text): filters = Self.filters(messageID: text)
        case .address(let text): filters = Self.filters(address: text)
        case .text(let text): filters = Self.filters(messageID: text) + Self.filters(address: text)
        }
        // The store lists what came first first.
        var waiting: [QueueID: WallTime] = [:]
        for filter in filters {
            for entry in try await store.list(filter, after: nil, limit: Self.searched) {
                waiting[entry.message.id] = entry.message.receivedAt
            }
        }
        var found: [QueueDetail] = []
        for (id, _) in waiting.sorted(by: { $0.value > $1.value }).prefix(limit) {
            if let detail = try await store.show(id) { found.append(detail) }
        }
        return found
    }

    private static func filters(messageID text: String) -> [QueueFilter] {
        let isBare = !text.hasPrefix("<")
        return [QueueFilter(messageID: text)] + (isBare ? [QueueFilter(messageID: "<\(text)>")] : [])
    }

    private static func filters(address text: String) -> [QueueFilter] {
        guard let mailbox = try? Mailbox(parsing: text.utf8) else { return [] }
        return [QueueFilter(sender: .mailbox(mailbox)), QueueFilter(recipient: mailbox)]
    }
}

extension LifeView {
    /// What each recipient waits for, as ``Service/view(_:withHistory:)`` found it for `queue show`.
    fileprivate mutating func add(waits message: MessageView) {
        for (place, recipient) in zip(recipients.indices, message.recipients)
        where recipients[place].address == recipient.address {
            recipients[place].waiting = recipient.waiting
        }
    }
}
