import Net

/// What ``MetricsServer`` asks of the daemon. Implemented by the service.
protocol MetricsSource: Sendable {
    /// A whole scrape, in the form of ``Exposition``.
    func metricsText() async -> String
    /// Why mail should not be sent here now, one sentence each; empty where it should.
    func obstacles() async -> [String]
    /// Every event loop does what it is given.
    func isAlive() async -> Bool
}

/// Between two looks at what costs the store a walk through an index with an entry for each message: ``QueueGauges``. A
/// server that scrapes every second gets the same numbers ten times.
enum MetricsPace {
    static let scan: Duration = .seconds(10)
}

/// Remembers a value that is costly to find for a while; whoever asks meanwhile gets it, and who asks while it is looked for
/// waits for that look.
actor Paced<Value: Sendable> {
    private let interval: Duration
    private var known: (value: Value, expires: Deadline)?
    private var search: Task<Value, Never>?

    init(every interval: Duration) {
        self.interval = interval
    }

    func value(_ find: @escaping @Sendable () async -> Value) async -> Value {
        if let known, !known.expires.hasPassed { return known.value }
        if let search { return await search.value }
        let task = Task(executorPreference: Loop.current) { await find() }
        search = task
        let value = await task.value
        known = (value, .after(interval))
        search = nil
        return value
    }
}
