/// Finds MX hosts, their addresses and their TLSA records for one next hop: yields questions, is fed answers.
///
/// It never waits: `start`, then `handle` for each answer in any order, until ``result`` is set. Questions that are
/// handed out together may be asked in parallel. Each question is handed out once.
public struct RouteSearch: Sendable {
    public let nextHop: NextHop
    public let settings: RouteSettings
    /// Set when no question is left.
    public private(set) var result: DestinationFacts?

    public init(for nextHop: NextHop, settings: RouteSettings) {
        self.nextHop = nextHop
        self.settings = settings
    }

    /// The first questions; none where the next hop needs no DNS, then ``result`` is set at once.
    public mutating func start() -> [Question] { [] }

    /// Takes one answer and yields what must be asked next. An answer to a question that was not asked is dropped.
    public mutating func handle(_ answer: Answer) -> [Question] { [] }
}
