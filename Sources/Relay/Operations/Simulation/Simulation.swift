import Mail
import Net
import Store
import TLS

/// What another configuration would make of mail to one domain, beside what the one in force makes of it: decided by the
/// same code from the same facts, and tried at the same hosts where the two differ. No mail is sent.
struct Simulation: Sendable {
    /// One of the two configurations, with all that a decision and a look at hosts need of it.
    struct Side: Sendable {
        let terms: Terms
        let routes: RouteFinder
        let rehearsal: @Sendable (_ isImplicitTLS: Bool) -> Rehearsal
    }

    let now: Side
    let then: Side
    /// As the daemon has it, with its cache.
    let policies: PolicyFinder
    /// The operator's exceptions hold whatever the configuration is.
    let exception: @Sendable (DomainName?) -> PolicyException?

    /// Domains looked at together.
    static let atOnce = 8
    /// Connections of one rehearsal.
    static let connections = 10
    /// For each step of a connection.
    static let step: Duration = .seconds(10)
    /// For one page: a client waits little longer.
    static let limit = ControlClient.lookupPatience - .seconds(10)

    /// A domain that mail was sent to or waits for.
    struct Seen: Sendable {
        let name: String
        var messages: Int64 = 0
        var queued = 0
    }

    /// In the order of `seen`. Where the task is cancelled it ends soon, and what it returns is of no use.
    func run(_ seen: [Seen]) async -> [SimulatedDestination] {
        var found: [Int: SimulatedDestination] = [:]
        await withTaskGroup(of: (Int, SimulatedDestination).self) { group in
            var open = seen.enumerated().makeIterator()
            var running = 0
            while true {
                while running < Self.atOnce, !Task.isCancelled, let (place, one) = open.next() {
                    running += 1
                    group.addTask { (place, await simulated(one)) }
                }
                guard let (place, one) = await group.next() else { break }
                running -= 1
                found[place] = one
            }
        }
        return seen.indices.compactMap { found[$0] }
    }

    private func simulated(_ seen: Seen) async -> SimulatedDestination {
        guard let before = await decision(for: seen.name, by: now),
            let after = await decision(for: seen.name, by: then)
        else {
            let end = SimulatedEnd(outcome: "not-tried", nextHop: seen.name, required: "unknown")
            return SimulatedDestination(
                domain: seen.name, messages: seen.messages, queued: seen.queued, change: .unchanged, now: end,
                then: end,
                why: "it is no name that mail can be sent to now")
        }
        var result = SimulatedDestination(
            domain: seen.name, messages: seen.messages, queued: seen.queued, change: .unchanged,
            now: SimulatedEnd(before), then: SimulatedEnd(after))
        if now.terms.comesToTheSame(before, as: then.terms, after) { return result }
        let ends = (
            await now.rehearsal(now.terms.isImplicitTLS(before)).end(of: before),
            await then.rehearsal(then.terms.isImplicitTLS(after)).end(of: after)
        )
        result.now.note(ends.0)
        result.then.note(ends.1)
        result.change = SimulatedChange(from: ends.0, to: ends.1)
        result.why = after.why(beside: before)
        return result
    }

    /// - Parameter name: of a recipients' domain, or of a destination that the operator routes mail to.
    private func decision(for name: String, by side: Side) async -> PolicyDecision? {
        guard let nextHop = side.terms.nextHop(named: name) else { return nil }
        async let sts = side.terms.usesSTS ? policies.facts(for: nextHop, isCounted: false) : .notApplicable
        let facts = await side.routes.facts(for: nextHop)
        return PolicyDecision(
            PolicyInputs(
                facts: facts, sts: await sts, demand: .ordinary, settings: side.terms.policy,
                exception: exception(nextHop.domain)))
    }
}
