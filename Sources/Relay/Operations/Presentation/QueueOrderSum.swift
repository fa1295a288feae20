/// What an order came to over all its pages.
public struct QueueOrderSum: Hashable, Sendable {
    public let verb: QueueVerb
    public let isDryRun: Bool
    public private(set) var touched = 0
    public private(set) var skipped = 0
    public private(set) var busy = 0
    /// Of the skipped ones.
    public private(set) var skippedQuarantined = 0
    public private(set) var skippedHeld = 0
    /// The first of them.
    public private(set) var examples: [QueueOrderExample] = []
    /// False where somebody stopped it before the end of the queue.
    public var isComplete = true
    private var counts: [String: Int] = [:]
    private var waiting: [String: SuspendedCount] = [:]

    public init(_ verb: QueueVerb, isDryRun: Bool) {
        self.verb = verb
        self.isDryRun = isDryRun
    }

    public mutating func add(_ page: QueueOrderPage) {
        // What a daemon says may be anything, and must not end us.
        touched &+= page.touched
        skipped &+= page.skipped
        busy &+= page.busy
        skippedQuarantined &+= page.skippedQuarantined ?? 0
        skippedHeld &+= page.skippedHeld ?? 0
        for one in page.suspended ?? [] {
            let before = waiting[one.destination]?.recipients ?? 0
            waiting[one.destination] = SuspendedCount(
                destination: one.destination, recipients: before &+ one.recipients, until: one.until)
        }
        examples += page.examples.prefix(QueueOrderPage.exampleLimit - examples.count)
        for count in page.byDestination { counts[count.destination, default: 0] &+= count.recipients }
    }

    /// Recipients that match, whatever came of it.
    public var matched: Int { touched &+ skipped &+ busy }

    /// Most first.
    public var byDestination: [DestinationCount] {
        counts.map { DestinationCount(destination: $0.key, recipients: $0.value) }
            .sorted { ($1.recipients, $0.destination) < ($0.recipients, $1.destination) }
    }

    /// Destinations from which mail does not go, though it was to; most first.
    public var suspended: [SuspendedCount] {
        waiting.values.sorted { ($1.recipients, $0.destination) < ($0.recipients, $1.destination) }
    }

    /// For `--json`.
    public var view: QueueOrderSumView {
        QueueOrderSumView(
            verb: verb, dryRun: isDryRun, complete: isComplete, touched: touched, skipped: skipped, busy: busy,
            examples: examples, byDestination: Array(byDestination.prefix(QueueOrderPage.destinationLimit)),
            skippedQuarantined: skippedQuarantined, skippedHeld: skippedHeld,
            suspended: Array(suspended.prefix(QueueOrderPage.destinationLimit)))
    }
}

/// What `relayctl queue VERB --json` prints.
public struct QueueOrderSumView: Codable, Hashable, Sendable {
    public var verb: QueueVerb
    public var dryRun: Bool
    public var complete: Bool
    public var touched: Int
    public var skipped: Int
    public var busy: Int
    public var examples: [QueueOrderExample]
    public var byDestination: [DestinationCount]
    public var skippedQuarantined: Int
    public var skippedHeld: Int
    public var suspended: [SuspendedCount]
}
