import Mail

/// What the control socket shows of the keys that sign.
extension Service {
    /// Keys that are told of in one answer; of more, how many.
    static let toldKeys = 20

    /// What keeps reports from being signed at `now`, though nothing is missing in the configuration: sentences without their
    /// full stop. A mail waits for its key, and a report is given up after a day (RFC 8460 §5.5).
    func reportProblems(at now: WallTime) async -> [String] {
        guard reports != nil, let submitter = configuration.tlsrpt.submitterDomain else { return [] }
        let near = signer.watch.ring.near(submitter)
        let keys = near.map { signer.watch.ring.keys[$0] }
        let candidates = DKIMKeyChoice.candidates(keys, author: submitter, isReport: true, at: now)
        switch await signer.watch.choice(candidates, of: near) {
        // Without a candidate the configuration says what is missing.
        case .none, .sign: return []
        case .wait(let why), .unsigned(let why): return ["no key may sign reports of \(submitter) now: \(why)"]
        }
    }

    /// Keys that have begun and may not sign, each with its record and why; and domains none of whose keys has begun.
    func keyWarnings(at now: WallTime) async -> [String] {
        let (watch, ring) = (signer.watch, signer.watch.ring)
        var warnings = ring.warnings + configuration.dkim.beginningWarnings(at: now)
        var hidden = 0
        var told = 0
        for (index, publication) in await watch.publicationsSeen.sorted(by: { $0.key < $1.key }) {
            let key = ring.keys[index]
            guard publication != .published, key.notBefore.map({ $0 <= now }) ?? true else { continue }
            guard told < Self.toldKeys else {
                hidden += 1
                continue
            }
            // Once more, where the last look is some seconds old: the operator may have published it.
            guard let obstacle = await watch.publication(index).obstacle else { continue }
            told += 1
            warnings.append("the DKIM key \(key.recordName) may not sign: it \(obstacle)")
        }
        if hidden > 0 { warnings.append("\(hidden) more DKIM keys may not sign: see relayctl dkim record --wrong") }
        return warnings
    }
}
