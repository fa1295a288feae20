public import Mail

/// Answer to `GET /v1/canaries`: in the order of the configuration.
public struct CanariesView: Codable, Hashable, Sendable {
    public var canaries: [CanaryView]

    public init(canaries: [CanaryView]) {
        self.canaries = canaries
    }
}

public struct CanaryView: Codable, Hashable, Sendable {
    public var name: String
    public var sender: String
    public var recipient: String
    /// `delivered` or `refused`.
    public var expects: String
    /// Seconds.
    public var every: Int64
    public var within: Int64
    /// `waiting` or `under-way`.
    public var state: String
    /// When the next run begins; nil while one is under way.
    public var next: Int64?
    /// Of the message under way, else of the last one; nil before the first since the daemon started.
    public var queueId: String?
    /// When the last run ended.
    public var last: Int64?
    /// `good`, `bad` or `unknown`.
    public var result: String?
    /// Why it was not delivered, in the word of the log.
    public var cause: String?
    public var words: String?

    public init(
        name: String, sender: String, recipient: String, expects: String, every: Int64, within: Int64, state: String,
        next: Int64? = nil, queueId: String? = nil, last: Int64? = nil, result: String? = nil, cause: String? = nil,
        words: String? = nil
    ) {
        self.name = name
        self.sender = sender
        self.recipient = recipient
        self.expects = expects
        self.every = every
        self.within = within
        self.state = state
        self.next = next
        self.queueId = queueId
        self.last = last
        self.result = result
        self.cause = cause
        self.words = words
    }

    init(_ run: CanaryRun) {
        let canary = run.canary
        var state = "waiting"
        var id = run.last?.id
        if case .flying(let own, _, _) = run.state { (state, id) = ("under-way", own) }
        self.init(
            name: canary.name, sender: canary.sender.description, recipient: canary.recipient.description,
            expects: canary.expectation.rawValue, every: canary.every, within: canary.within, state: state,
            next: run.next?.seconds, queueId: id?.text, last: run.last?.time.seconds,
            result: run.last?.verdict.rawValue, cause: run.last?.cause?.rawValue, words: run.last?.words)
    }
}

extension Service {
    public func canaries() async -> CanariesView {
        CanariesView(canaries: ground.canaries.all.map { CanaryView($0) })
    }
}

/// `relayctl canaries` for people.
public enum CanaryText {
    public static func list(_ view: CanariesView, now: WallTime, style: TextStyle) -> String {
        if view.canaries.isEmpty { return "No canary is configured ([[canary]]).\n" }
        var table = TextTable(["NAME", "RECIPIENT", "EXPECTS", "LAST RUN", "RESULT", "NEXT", "WHY"])
        for one in view.canaries {
            let next = one.next.map { Humane.distance(to: WallTime(seconds: $0), from: now) }
            table.add(
                [
                    one.name, one.recipient, one.expects,
                    one.last.map { Humane.distance(to: WallTime(seconds: $0), from: now) } ?? "-",
                    one.result ?? "-", next ?? "under way", one.words ?? "not yet since the start",
                ], colours: colour(one.result).map { [4: $0] } ?? [:])
        }
        return table.render(style)
    }

    private static func colour(_ result: String?) -> TextStyle.Colour? {
        switch result.flatMap(CanaryResult.Verdict.init) {
        case .good: .green
        case .bad: .red
        case .unknown: .yellow
        case nil: nil
        }
    }
}
