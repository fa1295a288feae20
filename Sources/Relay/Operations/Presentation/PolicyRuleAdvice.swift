import Mail

/// Advice where the operator's own rules are what decided: others can do nothing about them.
enum PolicyRuleAdvice {
    /// nil where no rule is the cause.
    static func unauthenticated(_ document: PolicyDocument) -> String? {
        let open = document.hosts.filter { $0.requirement?.provesDomain == false && $0.skipped == nil }
        if let rule = rule(open, "level", ["authenticated"]),
            open.contains(where: { $0.requirement?.by == "local" && $0.requirement?.level == "authenticated" })
        {
            if isAddress(document) {
                return
                    "add names = [\"…\"] to \(rule), with the name that the server's certificate is to show: an address has none "
                    + "that could be compared."
            }
            return
                "add names = [\"\(document.route?.nextHop ?? document.domain)\"] to \(rule), or whatever name the domain's "
                + "servers have been promised to show; or name the server with next_hop. Without either, whoever forges the "
                + "MX records needs only a certificate for a host of their own."
        }
        let pinned = open.filter { $0.tlsa.lookup == "found" && $0.tlsa.security == Security.secure.rawValue }
        if let rule = rule(pinned, "dane", ["off", "observe"]) {
            return
                "see \(rule): the domain offers DANE, and this rule gives it up. Remove its dane key as soon as what it was "
                + "made for is over."
        }
        if document.mtaSTS?.policy?.mode == STSPolicy.Mode.enforce.rawValue,
            let rule = rule(open, "mta_sts", ["off", "observe"])
        {
            return
                "see \(rule): the domain has an MTA-STS policy in mode enforce, and this rule gives it up. Remove its mta_sts "
                + "key as soon as what it was made for is over."
        }
        if let rule = rule(open.filter { $0.requirement?.level == "none" }, "level", ["none"]) {
            return "see \(rule): it has TLS not even tried. Remove it as soon as the server can do better."
        }
        return nil
    }

    /// Mail goes to an address, for which nobody can publish anything; nil where it goes to a name.
    static func addressed(_ document: PolicyDocument) -> String? {
        guard isAddress(document) else { return nil }
        let way = document.route.map { "\($0.nextHop) (\($0.rule))" } ?? document.domain
        return
            "nothing, where the way to \(way) is in your own hands. Neither DANE nor MTA-STS can hold for an address: name "
            + "the server by its host name in next_hop, or say in a [[rule]] what its certificate must show (level = "
            + "\"authenticated\" with names, or fingerprints)."
    }

    /// `[192.0.2.1]:587`
    private static func isAddress(_ document: PolicyDocument) -> Bool {
        let text = document.route?.nextHop ?? document.domain
        guard text.first == "[", let end = text.firstIndex(of: "]") else { return IPAddress(text) != nil }
        return IPAddress(text[..<end].dropFirst()) != nil
    }

    /// After a probe that was refused: nil where no demand of the operator's own was what failed.
    static func refused(_ document: PolicyDocument) -> String? {
        let refused = document.hosts.filter { $0.skipped == nil }.flatMap { host in
            (host.attempts ?? []).filter { $0.verdict == "refuse" }.map { (host: host, cause: $0.cause) }
        }
        if let (host, _) = refused.first(where: { $0.cause == Reason.Cause.requireTLSUnsupported.rawValue }) {
            return
                "see \(setting(host, "requiretls") ?? "the rule with requiretls"): it wants REQUIRETLS of every host, and mail "
                + "that finds none with it is returned at once (5.7.30, RFC 8689 §4.2.1). Remove requiretls there, or have the "
                + "domain's operator offer it."
        }
        guard let (host, cause) = refused.first(where: { $0.host.requirement?.by == "local" }) else { return nil }
        let rule = setting(host, "level") ?? "tls.minimum_level"
        let what =
            switch cause.flatMap(Reason.Cause.init) {
            case .fingerprintMismatch: "its fingerprints may be of an old certificate or key"
            case .certificateInvalid: "its names or its ca_file may not be those of the host"
            default: "it demands more than the host showed"
            }
        return
            "check \(rule) first: \(what). If the rule is right, ask the domain's postmaster, and not by mail to this domain: "
            + "somebody else may be answering. Mail waits until one of the two is mended."
    }

    /// The rules that demand more than there is, for a sentence.
    static func demanding(_ document: PolicyDocument) -> String {
        for key in ["requiretls", "level"] {
            if let rule = rule(document.hosts, key, ["true", "authenticated", "encrypted"]) { return rule }
        }
        return "tls.minimum_level"
    }

    private static func setting(_ host: PolicyDocument.Host, _ key: String) -> String? {
        host.settings.first { $0.key == key }?.rule
    }

    /// The first rule that sets `key` to one of `values`.
    private static func rule(_ hosts: [PolicyDocument.Host], _ key: String, _ values: [String]) -> String? {
        hosts.lazy.flatMap(\.settings).first { $0.key == key && values.contains($0.value) }?.rule
    }
}
