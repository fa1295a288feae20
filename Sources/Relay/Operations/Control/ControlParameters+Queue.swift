import FlyingFox
import Mail

/// A POST to a verb of the queue.
struct QueueOrder: Hashable, Sendable {
    let verb: QueueVerb
    let selectors: QueueSelectors
    let isDryRun: Bool
    let reason: String?
    let cursor: String?
}

extension ControlParameters {
    func queueQuery() throws(ControlRefusal) -> QueueQuery {
        var query = QueueQuery(try selectors())
        for text in all("state") {
            guard let state = QueueState(rawValue: text) else {
                throw .bad(
                    "bad-state", text, "is no state",
                    "One of \(QueueState.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            query.states.insert(state)
        }
        query.limit = try limit(upTo: QueueQuery.limitCeiling, else: query.limit)
        query.cursor = value("cursor")
        return query
    }

    func order(_ verb: QueueVerb) throws(ControlRefusal) -> QueueOrder {
        let selectors = try selectors()
        // An order that was cut short must not be one about everything.
        if selectors.isEmpty {
            throw ControlRefusal(
                .badRequest, "no-selector", "the order says of nothing what it is about",
                "Give id, destination, sender, recipient or older_than, or all=yes for everything")
        }
        return QueueOrder(
            verb: verb, selectors: selectors, isDryRun: try flag("dry_run"), reason: try reason(),
            cursor: value("cursor"))
    }

    func holdOrder() throws(ControlRefusal) -> HoldOrder {
        let selectors = try selectors()
        let rule = HoldOrder(
            sender: selectors.sender, recipient: selectors.recipient, destination: selectors.destination)
        if selectors.isUnconditional {
            throw ControlRefusal(
                .badRequest, "no-selector", "a rule without a condition would hold everything",
                "Give sender, recipient or destination")
        }
        return rule
    }

    private func selectors() throws(ControlRefusal) -> QueueSelectors {
        var selectors = QueueSelectors()
        let ids = all("id")
        if ids.count > QueueSelectors.idLimit {
            throw ControlRefusal(
                .badRequest, "too-many", "\(ids.count) ids are too many", "At most \(QueueSelectors.idLimit)")
        }
        for id in ids { selectors.ids.append(try Self.queueID(id)) }
        if let name = value("destination") { selectors.destination = try Self.destinationName(name) }
        if let text = value("sender") { selectors.sender = try Self.address(text, isSender: true) }
        if let text = value("recipient") { selectors.recipient = try Self.address(text, isSender: false) }
        selectors.olderThan = try seconds("older_than", upTo: QueueSelectors.ageLimit)
        selectors.all = try flag("all")
        if selectors.all, !selectors.isUnconditional {
            throw ControlRefusal(
                .badRequest, "all-and-more", "all=yes stands beside a condition",
                "Leave out one: all takes everything, a condition narrows")
        }
        return selectors
    }

    private static func address(_ text: String, isSender: Bool) throws(ControlRefusal) -> AddressSelector {
        guard let selector = AddressSelector(text, isSender: isSender) else {
            throw .bad(
                "bad-address", text, "is no mail address",
                "Write local-part@domain or @domain" + (isSender ? ", or <> for the null reverse-path" : ""))
        }
        return selector
    }
}
