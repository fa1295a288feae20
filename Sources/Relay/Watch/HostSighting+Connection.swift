import Mail
import Store

extension HostSighting {
    /// Of a connection that came to its end, or to the end of its first transaction.
    init(_ connection: ClientConnection, of job: Job, at time: WallTime) {
        let candidate = connection.candidate
        let mayGoOn = connection.evidence != nil && connection.refusal == nil
        self.init(
            time: time, domain: job.nextHop.domain, host: candidate.host.host, address: candidate.address,
            port: candidate.port,
            contact: connection.greeting == nil ? .silent : .greeted, requirement: candidate.requirement,
            evidence: connection.evidence, verified: mayGoOn ? connection.verified : nil, refusal: connection.refusal,
            shadows: connection.shadows, greetingTime: connection.greeting.flatMap(Self.greetingTime),
            demand: job.message.demand)
    }

    /// The date that a greeting ends in, where it has one.
    private static func greetingTime(_ greeting: Reply) -> WallTime? {
        greeting.lines.lazy.compactMap { WallTime(within: $0) }.first
    }

    /// Of a host that took no connection.
    init(
        unreachable candidate: DeliveryPlan.Candidate, _ reason: Reason, of job: Job, at time: WallTime
    ) {
        self.init(
            time: time, domain: job.nextHop.domain, host: candidate.host.host, address: candidate.address,
            port: candidate.port,
            contact: .unreachable, requirement: candidate.requirement, refusal: reason, demand: job.message.demand)
    }
}
