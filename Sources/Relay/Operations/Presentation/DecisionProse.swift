import Mail

/// A recorded decision in sentences: what DNS and MTA-STS said, and the steps that led to what the host had to show.
enum DecisionProse {
    /// - Parameters:
    ///   - host: the one that was tried; nil where none was.
    ///   - time: of the attempt: ages are told as they were then.
    static func lines(_ document: DecisionDocument, host: String?, at time: WallTime) -> [(String, String)] {
        let policy = document.policy
        var lines: [(String, String)] = []
        if let route = policy.route {
            lines.append(("route", "\(route.nextHop), by \(route.rule) of the configuration"))
        }
        lines.append(("MX", mx(policy)))
        lines += sts(policy.mtaSTS, isUnknown: policy.stsUnknown, time)
        if let exception = document.policy.exception {
            lines.append(
                (
                    "exception",
                    "the operator allowed \(exception.allow) until \(WallTime(seconds: exception.until).rfc3339): "
                        + exception.reason
                ))
        }
        guard let host, let row = policy.hosts.first(where: { $0.host == host }) else {
            lines.append(("because", policy.because))
            return lines
        }
        let addresses = row.addresses.isEmpty ? "no address" : row.addresses.joined(separator: ", ")
        lines.append(("addresses", "\(addresses)\(security(row.addressSecurity))"))
        lines += tlsa(row, port: policy.port)
        if let rule = row.rule { lines.append(("rule", rule)) }
        if let requirement = row.requirement {
            let by = requirement.by.map { " by \($0)" } ?? ""
            let source = requirement.source.map { " (\($0))" } ?? ""
            lines.append(("required", "\(requirement.level)\(by): \(requirement.reason)\(source)"))
        }
        if let skipped = row.skipped {
            let isTold = skipped.detail == row.requirement?.reason
            lines.append(("skipped", isTold ? skipped.cause : "\(skipped.cause): \(skipped.detail)"))
        }
        // What is told already is not told again, but for a step with a source that would be lost.
        let steps = row.reasons.filter { step in
            step.text != row.requirement?.reason && (step.text != row.skipped?.detail || step.source != nil)
        }
        for (number, step) in steps.enumerated() {
            lines.append((number == 0 ? "why" : "", step.text + (step.source.map { " (\($0))" } ?? "")))
        }
        return lines
    }

    private static func security(_ security: String?) -> String { security.map { "; DNSSEC: \($0)" } ?? "" }

    private static func mx(_ policy: PolicyDocument) -> String {
        let mx = policy.mx
        let end = security(mx.security)
        if mx.null { return "\(policy.domain) has a null MX and takes no mail (RFC 7505 §3)\(end)" }
        if let error = mx.error { return "\(policy.domain): \(error)\(end)" }
        if mx.implicit { return "\(policy.domain) has none and is its own host (RFC 5321 §5.1)\(end)" }
        if mx.records.isEmpty { return "not asked for: \(policy.domain) is named as it is" }
        let records = mx.records.map { "\($0.preference) \($0.host)" }.joined(separator: ", ")
        return "\(policy.domain) has \(records)\(end)"
    }

    private static func sts(
        _ sts: PolicyDocument.MTASTS?, isUnknown: Bool, _ time: WallTime
    ) -> [(String, String)] {
        guard let sts else { return [] }
        var words: String
        if let policy = sts.policy {
            let fetched = WallTime(seconds: policy.fetchedAt)
            let age =
                policy.fetchedAt <= time.seconds
                ? "\(Humane.span(time.seconds &- policy.fetchedAt)) old then" : "fetched later"
            words =
                "mode \(policy.mode), id \(policy.id), \(age) (fetched \(fetched.rfc3339), good until "
                + "\(WallTime(seconds: policy.expiresAt).rfc3339))"
            if !policy.mx.isEmpty { words += ", lists \(policy.mx.joined(separator: ", "))" }
            if let error = sts.error { words += "; \(error)" }
        } else if isUnknown {
            words = "not known, and none was cached (RFC 8461 §3.3): \(sts.error ?? "the lookup did not end in time")"
        } else {
            words = "none: \(sts.error ?? "no policy") at _mta-sts.\(sts.domain) (RFC 8461 §3.1)"
        }
        return [("MTA-STS", words)]
    }

    private static func tlsa(_ row: PolicyDocument.Host, port: UInt16) -> [(String, String)] {
        let place = "_\(port)._tcp.\(row.tlsa.baseDomain ?? row.host)"
        switch row.tlsa.lookup {
        case "found":
            return row.tlsa.records.enumerated().map { number, record in
                let use = record.usable ? "usable" : "unusable: \(record.whyUnusable ?? "")"
                let data = HostText.shortened(record.data)
                let end = number == 0 ? " at \(place)\(security(row.tlsa.security))" : ""
                return (
                    number == 0 ? "TLSA" : "",
                    "\(record.usage) \(record.selector) \(record.matchingType) \(data), \(use)\(end)"
                )
            }
        case "absent": return [("TLSA", "none at \(place)\(security(row.tlsa.security))")]
        case "failed": return [("TLSA", "the lookup at \(place) failed\(security(row.tlsa.security))")]
        default: return [("TLSA", "not asked for")]
        }
    }
}

/// Recorded evidence in sentences.
enum EvidenceProse {
    static func lines(_ document: EvidenceDocument, at time: WallTime, isResumed: Bool) -> [(String, String)] {
        switch document.kind {
        case .notOffered: return [("shown", "no STARTTLS in the reply to EHLO (RFC 3207 §4)")]
        case .refused: return [("shown", "STARTTLS was answered with \(document.reply ?? "a refusal")")]
        case .injected: return [("shown", "cleartext behind the reply to STARTTLS: somebody injects (RFC 3207 §6)")]
        case .handshakeFailed:
            return [("shown", "the TLS handshake failed: \(document.failure ?? "")")] + certificate(document, time)
        case .established:
            let session = [document.version, document.cipher, document.group].compactMap(\.self)
            var lines = [("shown", session.joined(separator: ", ") + (isResumed ? ", a resumed session" : ""))]
            lines += certificate(document, time)
            if let matched = document.matched {
                let place = matched.depth == 0 ? "the leaf" : "depth \(matched.depth) of the chain"
                lines.append(
                    (
                        "DANE",
                        "\(matched.usage) \(matched.selector) \(matched.matchingType) "
                            + "\(HostText.shortened(matched.data)) matched \(place) (RFC 7672 §3.1)"
                    ))
            } else if let words = document.dane {
                lines.append(("DANE", "failed: \(words)"))
            }
            if let words = document.webPKI { lines.append(("public CAs", "\(words) (RFC 8461 §4.2)")) }
            if let words = document.pkix { lines.append(("own CAs", words)) }
            return lines
        }
    }

    private static func certificate(_ document: EvidenceDocument, _ time: WallTime) -> [(String, String)] {
        guard let leaf = document.certificate else { return [] }
        var words = leaf.subject.isEmpty ? "without a subject" : leaf.subject
        if !leaf.names.isEmpty { words += "; names \(leaf.names.prefix(10).joined(separator: ", "))" }
        if let issuer = leaf.issuer { words += "; issued by \(issuer)" }
        if let end = leaf.notAfter {
            words += "; valid until \(WallTime(seconds: end).rfc3339)"
            if end <= time.seconds { words += " (it had expired)" }
        }
        if let digest = leaf.publicKeyDigest { words += "; 3 1 1 \(digest)" }
        return [("shows", words)]
    }
}
