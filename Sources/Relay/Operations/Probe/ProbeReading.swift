import Mail
import TLS

/// How an address that was looked at is shown.
extension PolicyDocument.Attempt {
    /// - Parameters:
    ///   - policy: the host's; a skipped one stays skipped, whatever it showed.
    ///   - picture: a second look that only records, where the first was refused in the handshake: for the chain.
    init(
        _ address: IPAddress, _ policy: HostPolicy, _ finding: ProbeConnection.Finding,
        picture: ProbeConnection.Finding?, milliseconds: Int64
    ) {
        var verdict = "unreachable"
        var verified: VerifiedLevel?
        var reason = finding.failure?.detail
        var results: [PolicyResult] = []
        switch (policy.decision, finding.verdict) {
        case (.skip(let why, let counted), _):
            verdict = "skipped"
            reason = why.detail
            results = counted
        case (.use(let requirement), .proceed(let level, let counted)?):
            verdict = "proceed"
            results = counted
            // The session may have ended behind a good verdict.
            if finding.failure == nil {
                verified = level
                if requirement.requireTLS == .demanded, !finding.extensions.requireTLS {
                    verified = nil
                    reason = "the host does not offer REQUIRETLS, which every message there needs"
                }
            }
        case (.use, .fallBack(_, let counted, let why)?):
            verdict = "fall-back"
            results = counted
            reason = why.detail
            verified = VerifiedLevel.none
        case (.use, .refuse(let why, let counted)?):
            verdict = "refuse"
            results = counted
            reason = why.detail
        case (.use, nil):
            break
        }
        self.init(
            address: "\(address)", tls: PolicyDocument.TLS(finding, picture), verdict: verdict,
            resultType: results.lazy.compactMap(\.failure).first?.rawValue, reason: reason,
            verified: verified?.rawValue, results: results.map(PolicyDocument.Result.init),
            extensions: finding.extensions.keywords, milliseconds: milliseconds)
    }

    /// An address nothing was heard from, or none that was tried.
    init(_ address: IPAddress, _ policy: HostPolicy, unreachable why: String, milliseconds: Int64 = 0) {
        var verdict = "unreachable"
        if case .skip = policy.decision { verdict = "skipped" }
        self.init(address: "\(address)", verdict: verdict, reason: why, milliseconds: milliseconds)
    }
}

extension PolicyDocument.TLS {
    /// nil where there was neither a session nor a certificate.
    init?(_ finding: ProbeConnection.Finding, _ picture: ProbeConnection.Finding?) {
        let shown = picture ?? finding
        var facts: TLSSessionFacts?
        if case .established(let session)? = shown.evidence { facts = session }
        guard facts != nil || finding.certificate != nil else { return nil }
        var matched: PolicyDocument.MatchedRecord?
        if case .dane(let record, let depth)? = facts?.verification {
            matched = PolicyDocument.MatchedRecord(record, depth: depth)
        }
        let webPKI: String? =
            switch facts?.webPKI {
            case .trusted: "trusted"
            case .failed(_, let words): words
            case nil: nil
            }
        self.init(
            version: facts?.version, cipher: facts?.cipher, group: facts?.group, resumed: facts?.resumed ?? false,
            certificate: (facts?.certificate ?? finding.certificate).map(PolicyDocument.Certificate.init),
            chain: shown.chain.map(PolicyDocument.Certificate.init), matched: matched,
            unmatched: shown.matches.filter { $0.depth == nil }.map(\.record.description), webPKI: webPKI)
    }
}

extension ServiceExtensions {
    /// Those that matter to a delivery, as EHLO spells them.
    var keywords: [String] {
        var words: [String] = []
        if startTLS { words.append("STARTTLS") }
        if requireTLS { words.append("REQUIRETLS") }
        if pipelining { words.append("PIPELINING") }
        if eightBitMIME { words.append("8BITMIME") }
        if smtpUTF8 { words.append("SMTPUTF8") }
        if chunking { words.append("CHUNKING") }
        if dsn { words.append("DSN") }
        switch size {
        case .limit(let octets): words.append("SIZE \(octets)")
        case .unlimited: words.append("SIZE")
        case nil: break
        }
        return words
    }
}
