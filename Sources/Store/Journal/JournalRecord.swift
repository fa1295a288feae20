import Mail

/// One record of the journal.
enum JournalRecord: Sendable {
    /// A message that was acknowledged, as the rows it will be.
    case enqueued(MessageInsertion)
    /// A message of the same generation of which nothing is left.
    case settled(FreshSettlement)

    /// The raw values are on disk: never changed, only added to.
    private enum Kind: UInt8 {
        case enqueued = 1
        case settled = 2
    }

    /// The rows of kind ``Kind/enqueued`` are those of the statements of ``MessageRows`` at this number. Another set of
    /// columns needs another number, and the old statements as long as an older program may have left such records.
    static let rows: UInt8 = 1

    func write(to bytes: inout [UInt8]) {
        switch self {
        case .enqueued(let insertion):
            bytes.append(Kind.enqueued.rawValue)
            bytes.append(Self.rows)
            bytes.put(insertion.number)
            bytes.put(insertion.message)
            bytes.put(UInt32(truncatingIfNeeded: insertion.content.count))
            bytes.append(contentsOf: insertion.content)
            bytes.put(UInt32(truncatingIfNeeded: insertion.recipients.count))
            for recipient in insertion.recipients { bytes.put(recipient) }
        case .settled(let settlement):
            bytes.append(Kind.settled.rawValue)
            bytes.append(Self.rows)
            settlement.write(to: &bytes)
        }
    }

    init(_ bytes: inout JournalBytes) throws {
        let kind = Kind(rawValue: try bytes.number())
        guard try bytes.number(UInt8.self) == Self.rows else {
            throw DamagedRow(what: "a newer program wrote the journal")
        }
        switch kind {
        case .enqueued:
            let number = try bytes.int64()
            let message = try bytes.values()
            let octets = try bytes.count()
            let content = Array(try bytes.take(octets))
            let count = try bytes.count()
            let insertion = MessageInsertion(
                number: number, message: message, content: content,
                recipients: try (0..<count).map { _ in try bytes.values() })
            guard insertion.isOurs else {
                throw DamagedRow(what: "a record of the journal has other columns or numbers")
            }
            self = .enqueued(insertion)
        case .settled:
            self = .settled(try FreshSettlement(&bytes))
        case nil:
            throw DamagedRow(what: "a record of the journal has an unknown kind")
        }
    }
}

/// What is left of a settlement that ended its message before that ever lay in a table: what it counts.
struct FreshSettlement: Sendable, Hashable {
    var message: Int64
    /// When the first recipient was settled.
    var time: WallTime
    /// The day of ``sessions``.
    var day: ReportDay?
    /// Sessions without a failure.
    var sessions: [ReportedSession]
    var deliveries: [DeliveryCount]

    /// Nil unless `settlement` is of the common kind, which leaves nothing behind but counts: all recipients of the message end
    /// here, nobody is told, and nothing of it is kept.
    init?(_ settlement: Settlement, of insertion: MessageInsertion) {
        guard settlement.recipients.count == insertion.recipients.count, settlement.notices.isEmpty,
            settlement.proofs.isEmpty, insertion.kind != MessageKind.report.rawValue,
            settlement.sessions.allSatisfy(\.failures.isEmpty),
            settlement.recipients.allSatisfy(\.outcome.isFinal),
            let first = settlement.recipients.first
        else { return nil }
        let numbers = insertion.recipientNumbers
        if settlement.recipients.count == 1 {
            guard numbers.contains(first.recipient.value) else { return nil }
        } else {
            guard Set(settlement.recipients.map(\.recipient.value)) == Set(numbers) else { return nil }
        }
        message = settlement.message.value
        time = first.time
        day = settlement.day
        sessions = settlement.sessions
        deliveries = settlement.deliveries
    }

    fileprivate func write(to bytes: inout [UInt8]) {
        bytes.put(message)
        bytes.put(time.seconds)
        bytes.put(day?.number ?? .min)
        bytes.put(UInt32(truncatingIfNeeded: sessions.count))
        for session in sessions {
            bytes.put(session.domain.text)
            bytes.put(session.policy.type.rawValue)
            bytes.put(session.policy.domain.text)
            bytes.put(session.policy.strings)
            bytes.put(session.policy.mxHosts)
        }
        bytes.put(UInt32(truncatingIfNeeded: deliveries.count))
        for delivery in deliveries {
            bytes.put(delivery.destination)
            bytes.put(delivery.sender)
            bytes.put(Int64(delivery.level.rawValue))
            bytes.put(Int64(delivery.recipients))
        }
    }

    fileprivate init(_ bytes: inout JournalBytes) throws {
        message = try bytes.int64()
        time = WallTime(seconds: try bytes.int64())
        let number = try bytes.int64()
        day = number == .min ? nil : ReportDay(number: number)
        let count = try bytes.count()
        sessions = try (0..<count).map { _ in
            guard let domain = try? DomainName(try bytes.text()),
                let type = PolicyResult.Policy(rawValue: try bytes.text()),
                let policyDomain = try? DomainName(try bytes.text())
            else { throw DamagedRow(what: "a session in the journal is none") }
            return ReportedSession(
                domain: domain,
                policy: ReportedPolicy(
                    type, domain: policyDomain, strings: try bytes.texts(), mxHosts: try bytes.texts()))
        }
        let deliveryCount = try bytes.count()
        deliveries = try (0..<deliveryCount).map { _ in
            let (destination, sender) = (try bytes.text(), try bytes.text())
            guard let level = DeliveredLevel(rawValue: Int(clamping: try bytes.int64())) else {
                throw DamagedRow(what: "a delivery in the journal has an unknown level")
            }
            return DeliveryCount(
                destination: destination, sender: sender, level: level, recipients: Int(clamping: try bytes.int64()))
        }
    }
}
