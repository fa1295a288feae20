/// All pages of what left how, put together: what `relayctl compliance --json` prints.
public struct ComplianceSum: Codable, Hashable, Sendable {
    public var since: String
    public var until: String
    public var by: ComplianceQuery.Side
    public var total = ComplianceRow(name: "")
    /// Most messages first, then by name.
    public var rows: [ComplianceRow] = []
    /// False where there were more names than ``nameLimit``: then the total lacks them.
    public var isComplete = true

    /// Names that are put together: a bound of memory. Ours.
    public static let nameLimit = 500_000

    public init(since: String, until: String, by: ComplianceQuery.Side) {
        self.since = since
        self.until = until
        self.by = by
    }

    /// - Returns: where the next page begins; nil where there is none, or no room for one.
    public mutating func add(_ page: CompliancePage) -> String? {
        for row in page.rows {
            total.add(row)
            rows.append(row)
        }
        guard let next = page.next else { return nil }
        if rows.count >= Self.nameLimit || page.rows.isEmpty {
            isComplete = false
            return nil
        }
        return next
    }

    /// Once all pages are in.
    public mutating func sort() {
        rows.sort { ($1.total.messages, $0.name) < ($0.total.messages, $1.name) }
    }
}
