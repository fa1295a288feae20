/// How many new facts one policy domain may add on a day: its zone names as many hosts as it likes, and others the next time.
public struct FactAllowance: Hashable, Sendable {
    /// New facts of one domain on one day: what a domain of 50 MX hosts has at first, for these are four facts each, and its own
    /// are three. Ours.
    public static let newOfDay = 256
    /// Domains that are counted on one day. Others may add what they like, and the store holds the rest in its bounds. Ours.
    public static let domains = 50_000

    private var day = ReportDay(number: .min)
    private var taken: [DomainName: Int] = [:]

    public init() {}

    /// Takes one of those that are left.
    /// - Returns: false where none is.
    public mutating func take(for domain: DomainName, at now: WallTime) -> Bool {
        let today = ReportDay(of: now)
        if today != day {
            day = today
            taken = [:]
        }
        guard let count = taken[domain] else {
            if taken.count < Self.domains { taken[domain] = 1 }
            return true
        }
        guard count < Self.newOfDay else { return false }
        taken[domain] = count + 1
        return true
    }
}
