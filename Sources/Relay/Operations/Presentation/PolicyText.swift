public import Mail

/// `relayctl policy` for people: the verdict first, then what it was made from, host by host, and what to do.
public enum PolicyText {
    public static func render(_ document: PolicyDocument, style: TextStyle) -> String {
        let domain = LogLine.oneLine(document.domain)
        let (verdict, colour) = verdict(document.outcome)
        var text = style.paint(style.wrapped("\(domain): \(verdict)."), colour) + "\n"
        text += style.wrapped("Because \(document.because).") + "\n\n"
        text += "MX    " + style.wrapped(mx(document.mx), indent: 6) + "\n"
        if !document.hosts.isEmpty {
            text += "\n" + hosts(document.hosts).render(style)
            for host in document.hosts { text += "\n" + details(host, style) }
        }
        text += "\nWhat to do: " + style.wrapped(advice(document), indent: 12) + "\n"
        return text
    }

    private static func verdict(_ outcome: PolicyDocument.Outcome) -> (String, TextStyle.Colour) {
        switch outcome {
        case .authenticated: ("mail goes only over TLS, and only to servers that prove who they are", .green)
        case .unauthenticated: ("mail can be delivered, but a server need not prove who it is", .yellow)
        case .undeliverable: ("nothing can be delivered now", .red)
        }
    }

    private static func mx(_ mx: PolicyDocument.MX) -> String {
        let security = mx.security.map { "; DNSSEC: \($0)" } ?? ""
        if mx.null { return "null MX (RFC 7505): the domain takes no mail\(security)" }
        if let error = mx.error { return "\(error)\(security)" }
        if mx.implicit { return "no MX record, so the domain's own address (RFC 5321 §5.1)\(security)" }
        if mx.records.isEmpty { return "not looked up\(security)" }
        let records = mx.records.map { "\($0.preference) \($0.host)" }.joined(separator: ", ")
        return "\(records)\(security)"
    }

    private static func hosts(_ hosts: [PolicyDocument.Host]) -> TextTable {
        var table = TextTable(["PREF", "HOST", "ADDRESSES", "TLSA", "REQUIREMENT"])
        for host in hosts {
            let first = host.addresses.first ?? "none"
            let more = host.addresses.count > 1 ? " +\(host.addresses.count - 1)" : ""
            let security = host.addressSecurity.map { " (\($0))" } ?? ""
            table.add(["\(host.preference)", host.host, first + more + security, tlsa(host.tlsa), requirement(host)])
        }
        return table
    }

    private static func tlsa(_ tlsa: PolicyDocument.TLSA) -> String {
        guard tlsa.lookup == "found" else { return tlsa.lookup }
        let usable = tlsa.records.count(where: \.usable)
        let security = tlsa.security.map { " (\($0))" } ?? ""
        return "\(usable) of \(tlsa.records.count) usable\(security)"
    }

    private static func requirement(_ host: PolicyDocument.Host) -> String {
        if let skipped = host.skipped { return "skipped: \(skipped.cause)" }
        guard let requirement = host.requirement else { return "-" }
        return requirement.level + (requirement.by.map { " by \($0)" } ?? "")
    }

    private static func details(_ host: PolicyDocument.Host, _ style: TextStyle) -> String {
        var text = style.paint(LogLine.oneLine(host.host), .bold) + "\n"
        if host.addresses.count > 1 {
            text += "  at    " + style.wrapped(host.addresses.joined(separator: ", "), indent: 8) + "\n"
        }
        let name = host.tlsa.baseDomain ?? host.host
        for record in host.tlsa.records {
            let use = record.usable ? "usable" : "unusable: \(record.whyUnusable ?? "")"
            let fields = "\(record.usage) \(record.selector) \(record.matchingType) \(shortened(record.data))"
            text += "  TLSA  " + style.wrapped("\(fields) at \(name), \(use)", indent: 8) + "\n"
        }
        let why = host.skipped?.detail ?? host.requirement?.reason ?? "nothing is known of this host"
        let source = source(host).map { " (\($0))" } ?? ""
        return text + "  why   " + style.wrapped(why + source, indent: 8) + "\n"
    }

    /// The certificate association data of a matching type 0 record may be a whole certificate.
    private static func shortened(_ data: String) -> String {
        data.count <= 64 ? data : "\(data.prefix(32))… (\(data.count / 2) octets)"
    }

    /// The section that demands it.
    private static func source(_ host: PolicyDocument.Host) -> String? {
        if host.skipped?.cause == Reason.Cause.tlsaLookupFailed.rawValue { return "RFC 7672 §2.1.2" }
        guard host.skipped == nil, let requirement = host.requirement else { return nil }
        switch (requirement.by, requirement.level) {
        case ("dane"?, _): return "RFC 7672 §2.2"
        case ("dane-host"?, _): return "RFC 7672 §2.2.1"
        case (nil, "opportunistic"): return "RFC 7435"
        default: return nil
        }
    }

    private static func advice(_ document: PolicyDocument) -> String {
        let causes = Set(document.hosts.compactMap(\.skipped?.cause))
        switch document.outcome {
        case .authenticated:
            return causes.isEmpty
                ? "nothing."
                : "nothing at once: the other hosts take the mail. Tell the domain's postmaster of the skipped ones."
        case .unauthenticated:
            if document.hosts.contains(where: { $0.requirement?.by == "dane-host" }) {
                return "nothing on this side. The hosts publish TLSA records, but the domain's own zone is not signed: "
                    + "its operator can sign it (RFC 7672 §2.2.1)."
            }
            return
                "nothing on this side. The domain's operator can sign its zone and publish TLSA records for its hosts."
        case .undeliverable:
            if document.mx.null { return "check the address: this domain takes no mail, so the mail is returned." }
            if causes.contains(Reason.Cause.tlsaLookupFailed.rawValue) {
                return
                    "wait, and tell the domain's operator that looking up the TLSA records fails. Mail stays queued; "
                    + "sending it without the check is what an attacker who blocks the lookup would want."
            }
            if document.mx.security == Security.bogus.rawValue || causes.contains(Reason.Cause.dnsBogus.rawValue) {
                return
                    "wait, and tell the domain's operator that its DNSSEC signatures do not validate. Mail stays queued."
            }
            if document.mx.security == Security.failed.rawValue {
                return "wait: the name could not be looked up. `relayctl status` says how this resolver is."
            }
            return "see the reasons above; try again later."
        }
    }
}
