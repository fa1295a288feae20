import Store

/// What keeps the store from writing, each as a sentence without its full stop for status, doctor and `/ready`; nil where it does not.
extension Service {
    /// A commit takes milliseconds, on a busy disk a second or two.
    private static let longCommit: Duration = .seconds(5)

    var unsettledTrouble: String? {
        let count = ground.unsettled.waiting
        guard count > 0 else { return nil }
        return
            "the store does not take the results of \(Humane.count(count, "delivery", "deliveries")), and nothing new "
            + "is delivered"
    }

    var hangingTrouble: String? {
        let lasting = store.commitUnderWay
        guard lasting >= Self.longCommit else { return nil }
        return "the store's disk has not answered for \(lasting.components.seconds) s: clients wait"
    }

    var journalTrouble: String? {
        store.journalTrouble.map {
            "mail that was accepted is safe in the journal, and does not get into the queue: \($0)"
        }
    }
}
