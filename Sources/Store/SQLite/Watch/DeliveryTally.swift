import GRDB
import Mail

/// What the settlements of one transaction delivered, summed up: one update for each name and level, however many messages
/// the transaction settles.
///
/// It is written before the transaction is committed, and emptied where one is taken back.
struct DeliveryTally {
    /// ``WatchLimits/namesOfDay``
    let nameLimit: Int
    private var counts: [DeliveryKey: DeliverySum.Count] = [:]

    init(nameLimit: Int) {
        self.nameLimit = nameLimit
    }

    mutating func count(_ deliveries: [DeliveryCount], day: ReportDay) {
        for delivery in deliveries {
            let recipients = Int64(clamping: max(delivery.recipients, 0))
            for (side, name) in [(DeliverySide.destination, delivery.destination), (.sender, delivery.sender)] {
                let key = DeliveryKey(
                    day: day, side: side, name: name.cutForColumn(to: WatchLimits.name), level: delivery.level)
                counts[key, default: DeliverySum.Count()].add(recipients)
            }
        }
    }

    /// Writes what was counted, and forgets it.
    /// - Throws: as ``ReportDamage/passedOver(_:_:)``.
    mutating func write(_ db: Database) throws {
        if counts.isEmpty { return }
        let counted = counts
        forget()
        for (key, count) in counted {
            try ReportDamage.passedOver(db) { try DeliveryCountRows.add(count, to: key, nameLimit: nameLimit, db) }
        }
    }

    mutating func forget() {
        counts.removeAll(keepingCapacity: true)
    }
}

extension DeliverySum.Count {
    /// One message more, with so many recipients.
    fileprivate mutating func add(_ recipients: Int64) {
        messages &+= 1
        self.recipients &+= recipients
    }
}

/// One row of `delivery_count`.
struct DeliveryKey: Hashable {
    var day: ReportDay
    var side: DeliverySide
    var name: String
    var level: DeliveredLevel

    var columns: [DatabaseValue] {
        [
            day.number.databaseValue, side.rawValue.databaseValue, name.databaseValue, level.rawValue.databaseValue,
        ]
    }
}
