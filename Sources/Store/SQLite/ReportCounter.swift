import GRDB
import Mail

/// Counts sessions of TLS-RPT, and remembers the rows it counts into: most sessions are under a policy that others were
/// under on the same day, and then one update of a narrow row is all there is to it.
struct ReportCounter {
    /// Rows that are remembered.
    static let limit = 8192
    /// Octets of text that is remembered with them; it is often shared with the policy it came from.
    static let textLimit = 4 * 1024 * 1024

    let domainLimit: Int
    /// Octets of text of a day.
    let dayTextLimit: Int
    /// What of that is used, for days that something was counted for.
    private var dayTexts: [ReportDay: Int] = [:]
    private var numbers: [Key: Int64] = [:]
    private var text = 0

    init(domainLimit: Int, dayTextLimit: Int) {
        self.domainLimit = domainLimit
        self.dayTextLimit = dayTextLimit
    }

    private struct Key: Hashable {
        let day: ReportDay
        let domain: DomainName
        let policy: ReportedPolicy
    }

    /// Forgets the rows: the database may not have them any more.
    mutating func forget() {
        numbers = [:]
        text = 0
        dayTexts = [:]
    }

    mutating func count(_ session: ReportedSession, day: ReportDay, _ db: Database) throws {
        let key = Key(day: day, domain: session.domain, policy: session.policy.bounded)
        let isFailure = !session.failures.isEmpty
        let number: Int64
        if let known = numbers[key], try ReportCountRows.increment(known, isFailure: isFailure, db) {
            number = known
        } else {
            guard let found = try ReportPolicyRows.number(key.policy, for: key.domain, day: day, &self, db) else {
                try ReportPolicyRows.noteDropped(day, db)
                return
            }
            try ReportCountRows.incrementOrMake(found, isFailure: isFailure, db)
            number = found
            remember(number, key)
        }
        var counted: Set<FailureDetail> = []
        for detail in session.failures.lazy.map(\.bounded) where counted.insert(detail).inserted {
            try ReportDetailRows.add(detail, sessions: 1, to: number, db)
        }
    }

    /// Takes room for so many octets of text; false where the day has none left.
    mutating func takeText(_ octets: Int, on day: ReportDay, _ db: Database) throws -> Bool {
        if octets == 0 { return true }
        let used: Int
        if let known = dayTexts[day] { used = known } else { used = try ReportPolicyRows.text(of: day, db) }
        dayTexts[day] = used
        let (sum, overflow) = used.addingReportingOverflow(octets)
        if overflow || sum > dayTextLimit { return false }
        try ReportPolicyRows.addText(octets, on: day, db)
        dayTexts[day] = sum
        return true
    }

    private mutating func remember(_ number: Int64, _ key: Key) {
        let octets = key.policy.octets
        // All at once: what is in use is back soon.
        if numbers.count >= Self.limit || text &+ octets > Self.textLimit { forget() }
        if numbers.updateValue(number, forKey: key) == nil { text &+= octets }
    }
}
