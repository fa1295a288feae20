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
        var failure = finding.failure
        var reason: String?
        var results: [PolicyResult] = []
        switch (policy.decision, finding.verdict) {
        case (.skip(let why, let counted), _):
            verdict = "skipped"
            failure = why
            results = counted
        case (.use(let requirement), .proceed(let level, let counted)?):
            verdict = "proceed"
            results = counted
            if requirement.requireTLS == .demanded,
                failure?.cause == .requireTLSUnsupported
                    || (failure == nil && !finding.extensions.requireTLS)
            {
                verdict = "refuse"
                failure = Reason(
                    .requireTLSUnsupported,
                    "the host proved who it is, and does not offer REQUIRETLS inside TLS, without which no mail goes there"
                )
            }
            // The session may have ended behind a good verdict.
            if failure == nil { verified = level }
        case (.use, .fallBack(_, let counted, let why)?):
            verdict = "fall-back"
            results = counted
            reason = why.detail
            failure = nil
            verified = VerifiedLevel.none
        case (.use, .refuse(let why, let counted)?):
            verdict = "refuse"
            results = counted
            failure = why
        case (.use, nil):
            break
        }
        self.init(
            address: "\(address)", tls: PolicyDocument.TLS(finding, picture), verdict: verdict,
            cause: failure?.cause.rawValue, resultType: results.lazy.compactMap(\.failure).first?.rawValue,
            reason: reason ?? failure?.detail, verified: verified?.rawValue,
            results: results.map(PolicyDocument.Result.init),
            extensions: finding.extensions.keywords, milliseconds: milliseconds)
    }

    /// An address nothing was heard from, or none that was tried.
    init(_ address: IPAddress, _ policy: HostPolicy, unreachable why: String, milliseconds: Int64 = 0) {
        var verdict = "unreachable"
        var cause = Reason.Cause.connectFailed
        if case .skip(let why, _) = policy.decision { (verdict, cause) = ("skipped", why.cause) }
        self.init(
            address: "\(address)", verdict: verdict, cause: cause.rawValue, reason: why, milliseconds: milliseconds)
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
            unmatched: shown.matches.filter { $0.depth == nil }.map { .init($0.record) }, webPKI: webPKI)
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
