import Mail
import Net
import Synchronization

/// The operator's exceptions as decisions look them up: in memory. Safe from any thread.
///
/// It also knows of each whether it is needed still: by what hosts that were met under it would have come to without.
final class Exceptions: Sendable {
    /// Hosts remembered for one exception; of more, the one met longest ago is forgotten. Ours: destinations have a few.
    static let hostLimit = 64
    /// Seconds after which a host that was not met again says nothing any more. Ours: mail to a domain that is worth an
    /// exception comes daily.
    static let lately: Int64 = 86_400

    /// One exception, and what was seen under it.
    struct Standing: Sendable {
        var exception: PolicyException
        /// Connections that mail went over, since the daemon started.
        var connections: Int64 = 0
        /// Since when it is not needed any more, as far as anybody can tell; nil while it is.
        var unneededSince: WallTime?
        /// By a clock that nobody sets: one that is set back lengthens no exception.
        fileprivate let ends: Deadline
        fileprivate var hosts: [MXHost: Finding] = [:]
        /// What became of the domain as a whole when it was last tried without mail.
        fileprivate var look: Finding?

        /// Some host was met under it, or the domain looked at.
        var isKnown: Bool { look != nil || !hosts.isEmpty }

        fileprivate typealias Finding = (at: WallTime, isRefused: Bool)

        fileprivate init(_ exception: PolicyException, at time: WallTime, _ now: Deadline) {
            self.exception = exception
            let (left, overflow) = exception.until.seconds.subtractingReportingOverflow(time.seconds)
            ends = overflow ? .never : now.advanced(by: .seconds(left))
        }

        fileprivate func isOver(at time: WallTime, _ now: Deadline) -> Bool {
            exception.until <= time || ends <= now
        }

        /// Not needed where some host met the true policy lately, and none that was met lately failed it when it was met
        /// last.
        fileprivate mutating func judge(at time: WallTime) {
            hosts = hosts.filter { $0.value.at.advanced(by: Exceptions.lately) > time }
            if let at = look?.at, at.advanced(by: Exceptions.lately) <= time { look = nil }
            let isRefused = look?.isRefused == true || hosts.contains { $0.value.isRefused }
            if isRefused {
                unneededSince = nil
            } else if look != nil || !hosts.isEmpty {
                unneededSince = unneededSince ?? time
            }
        }
    }

    /// What a sighting made of an exception.
    enum Change: Hashable, Sendable {
        case unneeded(PolicyException)
        case neededAgain(PolicyException)
    }

    private let table = Mutex<[DomainName: Standing]>([:])
    /// A clock that is never set.
    private let monotonic: @Sendable () -> Deadline

    init(monotonic: @escaping @Sendable () -> Deadline = { .now }) { self.monotonic = monotonic }

    /// The one for a next-hop domain that holds at that time.
    func exception(for domain: DomainName?, at time: WallTime) -> PolicyException? {
        guard let domain else { return nil }
        return table.withLock { table in
            guard let standing = table[domain], isActive(standing, at: time) else { return nil }
            return standing.exception
        }
    }

    private func isActive(_ standing: Standing, at time: WallTime) -> Bool {
        standing.exception.since <= time && !standing.isOver(at: time, monotonic())
    }

    /// Those whose time is over and that are here still.
    func over(at time: WallTime) -> [PolicyException] {
        let now = monotonic()
        return table.withLock { $0.values.filter { $0.isOver(at: time, now) }.map(\.exception) }
    }

    /// Domains with one that holds at that time.
    func domains(at time: WallTime) -> [DomainName] {
        table.withLock { $0.values.filter { isActive($0, at: time) }.map(\.exception.domain) }
    }

    /// All of them, by domain; those that are over too, until they are removed.
    var all: [Standing] {
        table.withLock { $0.values.sorted { $0.exception.domain.text < $1.exception.domain.text } }
    }

    func standing(of domain: DomainName) -> Standing? { table.withLock { $0[domain] } }

    func replace(with exceptions: [PolicyException], at time: WallTime) {
        let now = monotonic()
        table.withLock { table in
            table = Dictionary(
                exceptions.map { ($0.domain, Standing($0, at: time, now)) }, uniquingKeysWith: { $1 })
        }
    }

    /// In place of the one the domain has. What was seen under that one says nothing of this.
    func put(_ exception: PolicyException, at time: WallTime) {
        let standing = Standing(exception, at: time, monotonic())
        table.withLock { $0[exception.domain] = standing }
    }

    @discardableResult
    func remove(_ domain: DomainName) -> Standing? { table.withLock { $0.removeValue(forKey: domain) } }

    /// What a host that was met under an exception would have come to without.
    /// - Parameter hasGone: mail went over the connection.
    func note(
        _ domain: DomainName, _ host: MXHost, refusal: Reason?, hasGone: Bool, at time: WallTime
    ) -> Change? {
        change(domain, at: time) { standing in
            if hasGone { standing.connections += 1 }
            if standing.hosts[host] == nil, standing.hosts.count >= Self.hostLimit,
                let oldest = standing.hosts.min(by: { $0.value.at < $1.value.at })?.key
            {
                standing.hosts[oldest] = nil
            }
            // A look found no host that would do: now there is one, and nobody looks again for minutes.
            if refusal == nil, let look = standing.look, look.isRefused, look.at <= time { standing.look = nil }
            standing.hosts[host] = (time, refusal != nil)
        }
    }

    /// The true policy was tried on the domain without mail: nil where it would go. What hosts showed to mail lately counts
    /// beside it.
    func note(_ domain: DomainName, trueVerdict refusal: Reason?, at time: WallTime) -> Change? {
        change(domain, at: time) { $0.look = (time, refusal != nil) }
    }

    private func change(
        _ domain: DomainName, at time: WallTime, _ body: (inout Standing) -> Void
    ) -> Change? {
        table.withLock { table in
            guard var standing = table[domain], isActive(standing, at: time) else { return nil }
            let before = standing.unneededSince
            body(&standing)
            standing.judge(at: time)
            table[domain] = standing
            switch (before, standing.unneededSince) {
            case (nil, _?): return .unneeded(standing.exception)
            case (_?, nil): return .neededAgain(standing.exception)
            default: return nil
            }
        }
    }
}
