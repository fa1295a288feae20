import Mail

extension OutcomeRecorder {
    /// What is kept back by TLS policy waits for a repair from now on.
    func noteRepairs(of job: Job, _ decided: [Decided], at now: WallTime) {
        guard let repairs else { return }
        for one in decided {
            guard case .deferred(let reason, _) = one.outcome, reason.cause.isTLSPolicy else { continue }
            // One for all its recipients: they failed in one attempt at one destination.
            return repairs.noteDeferral(of: job, reason.cause, since: one.policyFailureSince, at: now)
        }
    }
}
