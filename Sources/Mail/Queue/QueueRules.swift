/// All `[[queue.rule]]` tables: what holds for mail in the queue, by sender, destination and class of failure.
///
/// For each setting the most specific rule that has it wins, see ``QueueRule``; the order in the file never counts. A look
/// costs the same with ten rules and with ten thousand.
public struct QueueRules: Sendable {
    /// The most specific first.
    public let rules: [QueueRule]

    /// Rules of one configuration at most.
    public static let limit = 10_000

    /// Numbers of rules, by whom they are for.
    private typealias Index = SenderIndex<PatternIndex<[Int]>>

    private let priorities: Index
    private let schedules: Index
    private let limits: PatternIndex<[Int]>
    private let sites: PatternIndex<[Int]>
    private let hasPriorities: Bool
    private let hasSchedules: Bool
    private let hasSites: Bool

    public init(_ rules: [QueueRule] = []) {
        // A stable order: equal ones stay as they came, though the configuration refuses them.
        let sorted = rules.enumerated().sorted { left, right in
            left.element.specificity == right.element.specificity
                ? left.offset < right.offset : left.element.specificity > right.element.specificity
        }.map(\.element)
        self.rules = sorted
        var (priorities, schedules) = (Index(), Index())
        var (limits, sites) = (PatternIndex<[Int]>(), PatternIndex<[Int]>())
        func add(_ number: Int, to index: inout Index) {
            let rule = sorted[number]
            var destinations = index[rule.sender] ?? PatternIndex()
            destinations[rule.destination] = (destinations[rule.destination] ?? []) + [number]
            index[rule.sender] = destinations
        }
        for (number, rule) in sorted.enumerated() {
            if let mx = rule.mx {
                if rule.hasLimits { sites[mx] = (sites[mx] ?? []) + [number] }
                continue
            }
            if rule.priority != nil { add(number, to: &priorities) }
            if rule.hasSchedule { add(number, to: &schedules) }
            if rule.hasLimits, let destination = rule.destination {
                limits[destination] = (limits[destination] ?? []) + [number]
            }
        }
        (self.priorities, self.schedules, self.limits, self.sites) = (priorities, schedules, limits, sites)
        hasPriorities = rules.contains { $0.priority != nil }
        hasSchedules = rules.contains { $0.hasSchedule }
        hasSites = rules.contains { $0.mx != nil }
    }

    /// The class of mail from `sender` to `destination`; ``Priority/normal`` where no rule says otherwise.
    ///
    /// - Parameter destination: the recipient's domain, or the name of a configured next hop where mail goes through one;
    ///   nil for an address literal. The same for all below.
    public func priority(sender: ReversePath, destination: DomainName?) -> Priority {
        guard hasPriorities else { return .normal }
        return matches(in: priorities, sender, destination).compactMap { rules[$0].priority }.first ?? .normal
    }

    /// `base` with what the rules change for mail from `sender` to `destination` whose last attempt failed of `failure`; nil
    /// before the first, and then rules for failures have no say.
    public func schedule(
        _ base: Schedule, sender: ReversePath, destination: DomainName?, failure: Reason.Cause?
    ) -> Schedule {
        guard hasSchedules else { return base }
        let failureClass = failure?.failureClass
        let found = matches(in: schedules, sender, destination).filter {
            rules[$0].failure == nil || rules[$0].failure == failureClass
        }
        var schedule = base
        let minimum = found.first { rules[$0].retryMinimum != nil }
        let maximum = found.first { rules[$0].retryMaximum != nil }
        if let value = minimum.flatMap({ rules[$0].retryMinimum }) { schedule.minimum = value }
        if let value = maximum.flatMap({ rules[$0].retryMaximum }) { schedule.maximum = value }
        if schedule.minimum > schedule.maximum {
            // Of two that do not fit together, the more specific holds.
            if minimum ?? .max <= maximum ?? .max {
                schedule.maximum = schedule.minimum
            } else {
                schedule.minimum = schedule.maximum
            }
        }
        if let rule = found.first(where: { rules[$0].lifetime != nil }).map({ rules[$0] }), let value = rule.lifetime {
            schedule.lifetime = value
            // Notices live no longer than mail; longer than else only where a rule is for them.
            schedule.dsnLifetime = rule.sender == .null ? value : min(base.dsnLifetime, value)
        }
        if let value = found.compactMap({ rules[$0].delayedAfter }).first { schedule.delayedAfter = value }
        return schedule
    }

    /// The most connections to `destination` at once, and the rate of messages to it; nil where no rule says anything, and
    /// for a rate that a rule lifts.
    public func limits(destination: DomainName?) -> (connections: Int?, rate: Rate?) {
        limits(limits.matches(for: destination))
    }

    /// The same for a site: MX hosts that many domains share.
    ///
    /// - Parameter hosts: those of the best preference. The first that a rule is for decides.
    /// - Returns: nil where no rule is for any of them. `label` names the site, by the pattern of its most specific rule: what
    ///   has the same label shares its limits.
    public func siteLimits(hosts: [DomainName]) -> (label: String, connections: Int?, rate: Rate?)? {
        guard hasSites else { return nil }
        for host in hosts {
            let found = sites.matches(for: host)
            guard let pattern = found.first?.first.flatMap({ rules[$0].mx }) else { continue }
            let (connections, rate) = limits(found)
            return (pattern.description, connections, rate)
        }
        return nil
    }

    private func limits(_ found: [[Int]]) -> (connections: Int?, rate: Rate?) {
        let matching = found.joined().map { rules[$0] }
        return (matching.compactMap(\.connections).first, matching.compactMap(\.rate).first?.rate)
    }

    /// Rules for mail from `sender` to `destination`, the most specific first.
    private func matches(in index: Index, _ sender: ReversePath, _ destination: DomainName?) -> [Int] {
        index.matches(for: sender).flatMap { $0.matches(for: destination).joined() }.sorted()
    }
}

/// The indexes follow from the rules, and are no part of what they are.
extension QueueRules: Hashable {
    public static func == (left: Self, right: Self) -> Bool { left.rules == right.rules }

    public func hash(into hasher: inout Hasher) { hasher.combine(rules) }
}
