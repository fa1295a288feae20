import Mail

/// One host of `relayctl policy` or `relayctl probe`: what is known of it, what mail to it will do, why, and what it showed.
enum HostText {
    private static let column = 9

    static func render(_ host: PolicyDocument.Host, port: UInt16, now: WallTime, style: TextStyle) -> String {
        var text = style.paint(LogLine.oneLine("\(host.host) (preference \(host.preference))"), .bold) + "\n"
        let addresses = host.addresses.isEmpty ? "no address" : host.addresses.joined(separator: ", ")
        text += line("at", addresses + (host.addressSecurity.map { "; DNSSEC: \($0)" } ?? ""), style)
        text += tlsa(host, port, style)
        if let isListed = host.stsMatch {
            text += line("MTA-STS", isListed ? "in the policy's list" : "not in the policy's list", style)
        }
        if let rule = host.rule { text += line("rule", rule, style) }
        text += line("mail", consequence(host), style)
        let steps = host.reasons.isEmpty ? fallbackReasons(host) : host.reasons
        for (number, step) in steps.enumerated() {
            let source = step.source.map { " (\($0))" } ?? ""
            text += line(number == 0 ? "why" : "", step.text + source, style)
        }
        for attempt in host.attempts ?? [] { text += AttemptText.render(attempt, now: now, style: style) }
        return text
    }

    private static func line(_ label: String, _ text: String, _ style: TextStyle) -> String {
        style.field(label, text, width: column, indent: 2)
    }

    private static func fallbackReasons(_ host: PolicyDocument.Host) -> [PolicyDocument.Step] {
        let why = host.skipped?.detail ?? host.requirement?.reason ?? "nothing is known of this host"
        return [PolicyDocument.Step(text: why, source: host.requirement?.source)]
    }

    /// What will happen.
    private static func consequence(_ host: PolicyDocument.Host) -> String {
        if let skipped = host.skipped { return "does not go here now: \(skipped.cause)" }
        guard let requirement = host.requirement else { return "is not decided" }
        switch requirement.level {
        case "authenticated":
            let demands = requirement.demands.map { $0.joined(separator: " or ") }.joined(separator: ", and ")
            let proof = demands.isEmpty ? "" : ": \(demands)"
            let limit = requirement.provesDomain ? "" : ", which does not prove the way to the domain"
            return "goes only over TLS, and only if the server proves who it is\(proof)\(limit)"
        case "encrypted": return "goes only over TLS, with any certificate"
        case "none": return "goes in the clear: TLS is not even tried"
        default: return "goes over TLS where offered, with any certificate, and in the clear otherwise"
        }
    }

    private static func tlsa(_ host: PolicyDocument.Host, _ port: UInt16, _ style: TextStyle) -> String {
        // Of the usual port everybody knows where the records are.
        let prefix = port == NextHop.defaultPort ? "" : "_\(port)._tcp."
        let name = prefix + (host.tlsa.baseDomain ?? host.host)
        let place = prefix.isEmpty ? "" : " at \(name)"
        switch host.tlsa.lookup {
        case "found":
            let security = host.tlsa.security.map { ", DNSSEC: \($0)" } ?? ""
            return host.tlsa.records.map { record in
                let use = record.usable ? "usable" : "unusable: \(record.whyUnusable ?? "")"
                let fields = "\(record.usage) \(record.selector) \(record.matchingType) \(shortened(record.data))"
                return line("TLSA", "\(fields) at \(name), \(use)\(security)", style)
            }.joined()
        case "absent": return line("TLSA", "none\(place)", style)
        case "failed": return line("TLSA", "unknown: the lookup\(place) failed", style)
        default: return line("TLSA", "not looked up", style)
        }
    }

    /// The certificate association data of a matching type 0 record may be a whole certificate.
    static func shortened(_ data: String) -> String {
        data.count <= 64 ? data : "\(data.prefix(32))… (\(data.count / 2) octets)"
    }
}

/// What one address showed.
enum AttemptText {
    /// Days before the end of a certificate at which people begin to worry.
    private static let soon: Int64 = 14 * 86_400

    static func render(_ attempt: PolicyDocument.Attempt, now: WallTime, style: TextStyle) -> String {
        var text = "  " + style.paint("[\(LogLine.oneLine(attempt.address))]", .bold) + "\n"
        let line = { (label: String, value: String) in
            text += style.field(label, value, width: 13, indent: 4)
        }
        let verified = attempt.verified.map { $0 == "none" ? ", in the clear" : ", verified: \($0)" } ?? ""
        line("verdict", "\(attempt.verdict)\(verified) (\(attempt.milliseconds) ms)")
        if let reason = attempt.reason { line("reason", reason) }
        if let tls = attempt.tls {
            let session = [tls.version, tls.cipher, tls.group].compactMap(\.self).joined(separator: ", ")
            line("TLS", session.isEmpty ? "the handshake failed" : session)
            if let leaf = tls.certificate { certificate(leaf, now, line) }
            for (depth, issuer) in tls.chain.enumerated().dropFirst() { line("chain \(depth)", issuer.subject) }
            records(tls, line)
            if let webPKI = tls.webPKI { line("public trust", webPKI) }
        }
        if !attempt.results.isEmpty {
            line("counts as", attempt.results.map(result).joined(separator: "; ") + " (RFC 8460 §4.3)")
        }
        if !attempt.extensions.isEmpty { line("offers", attempt.extensions.joined(separator: ", ")) }
        return text
    }

    private static func certificate(
        _ leaf: PolicyDocument.Certificate, _ now: WallTime, _ line: (String, String) -> Void
    ) {
        line("certificate", leaf.subject.isEmpty ? "without a subject" : leaf.subject)
        if !leaf.names.isEmpty { line("names", leaf.names.joined(separator: ", ")) }
        if let issuer = leaf.issuer { line("issuer", issuer) }
        if let end = leaf.notAfter {
            let time = WallTime(seconds: end)
            let distance = Humane.distance(to: time, from: now)
            let words =
                end <= now.seconds ? "EXPIRED \(distance)" : end - now.seconds < soon ? "ENDS \(distance)" : distance
            line("valid until", "\(time.rfc3339) (\(words))")
        }
        if let digest = leaf.publicKeyDigest { line("3 1 1", digest) }
    }

    private static func records(_ tls: PolicyDocument.TLS, _ line: (String, String) -> Void) {
        if let matched = tls.matched {
            let place = matched.depth == 0 ? "the leaf" : "depth \(matched.depth) of the chain"
            let data = HostText.shortened(matched.data)
            line("TLSA", "\(matched.usage) \(matched.selector) \(matched.matchingType) \(data) matches \(place)")
        }
        for record in tls.unmatched {
            let data = HostText.shortened(record.data)
            let more = tls.matched == nil ? "" : ": a next key, or one that is gone"
            line(
                "TLSA",
                "\(record.usage) \(record.selector) \(record.matchingType) \(data) matches nothing that was presented\(more)"
            )
        }
    }

    private static func result(_ result: PolicyDocument.Result) -> String {
        let code = result.reasonCode.map { " (\($0))" } ?? ""
        return "\(result.policy): \(result.resultType ?? "success")\(code)"
    }
}
