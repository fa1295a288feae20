public import Mail

/// `relayctl policy` and `relayctl probe` for people: the verdict first, then what was found, what it means for each host and
/// why, and what to do.
public enum PolicyText {
    /// - Parameter now: what ages are counted from.
    public static func render(_ document: PolicyDocument, now: WallTime, style: TextStyle) -> String {
        let domain = LogLine.oneLine(document.domain)
        let (verdict, colour) = verdict(document)
        var text = style.paint(style.wrapped("\(domain): \(verdict)."), colour) + "\n"
        // Of a name that does not exist there is nothing more to say.
        if document.mx.lookup != "no-such-domain" {
            text += style.wrapped("Because \(document.because).") + "\n\n" + found(document, now, style)
            if document.hosts.count > 1 { text += overview(document.hosts, style) }
            for host in document.hosts {
                text += "\n" + HostText.render(host, port: document.port, now: now, style: style)
            }
        }
        text += "\n" + style.field("What to do:", PolicyAdvice.text(document), width: 12)
        return text
    }

    private static func verdict(_ document: PolicyDocument) -> (String, TextStyle.Colour) {
        let isProbe = document.hosts.contains { $0.attempts != nil }
        switch document.outcome {
        case .authenticated where isProbe:
            return ("every server that took a connection has proved who it is, over TLS", .green)
        case .unauthenticated where document.hosts.contains(where: \.isInClear):
            let clear = document.hosts.count(where: \.isInClear)
            let usable = document.hosts.count { $0.skipped == nil }
            let share = usable == 1 ? "" : " at \(clear) of \(usable) servers"
            return ("mail would go in the clear\(share)", .yellow)
        case .unauthenticated where isProbe:
            return ("not every server that mail may go to has proved who it is", .yellow)
        case .authenticated:
            return ("mail goes only over TLS, and only to servers that prove who they are", .green)
        case .unauthenticated:
            let usable = document.hosts.compactMap(\.requirement)
            return usable.contains(where: \.cleartextAllowed)
                ? ("mail can be delivered, but nothing obliges every server to TLS: it may go in clear", .yellow)
                : ("mail goes only over TLS, but that its servers are the domain's own is not proved", .yellow)
        case .undeliverable:
            switch document.mx.lookup {
            case "no-such-domain": return ("there is no such domain (NXDOMAIN), so nothing can be delivered", .red)
            case "null": return ("the domain takes no mail", .red)
            case "failed" where document.mx.security == Security.bogus.rawValue:
                return ("nothing can be delivered now: its DNSSEC signatures do not validate", .red)
            case "failed": return ("nothing can be delivered now: the domain cannot be looked up", .red)
            default:
                return document.permanent
                    ? ("nothing can be delivered: mail is returned to its sender at once", .red)
                    : ("nothing can be delivered now", .red)
            }
        }
    }

    // MARK: What was found

    private static func found(_ document: PolicyDocument, _ now: WallTime, _ style: TextStyle) -> String {
        var text = ""
        if let route = document.route {
            text += style.field("Route", "\(route.nextHop), by \(route.rule) of the configuration", width: 9)
        }
        if let exception = document.exception {
            let until = WallTime(seconds: exception.until)
            let end = exception.untilFixed ? ", or until the policy is met again" : ""
            text += style.field(
                "Exception",
                "allow \(exception.allow) until \(until.rfc3339) (\(Humane.distance(to: until, from: now)))\(end): "
                    + exception.reason, width: 9)
        }
        text += style.field("MX", mx(document.mx), width: 9)
        for line in sts(document.mtaSTS, now) { text += style.field("MTA-STS", line, width: 9) }
        if let tlsrpt = document.tlsrpt {
            text += style.field("TLSRPT", reports(tlsrpt), width: 9)
        }
        return text
    }

    private static func reports(_ tlsrpt: PolicyDocument.TLSRPT) -> String {
        if !tlsrpt.rua.isEmpty { return "reports go to \(tlsrpt.rua.joined(separator: ", "))" }
        let why = tlsrpt.error ?? "no address we know"
        return tlsrpt.lookup == "failed" ? "unknown: \(why)" : "no reports: \(why)"
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

    private static func sts(_ sts: PolicyDocument.MTASTS?, _ now: WallTime) -> [String] {
        guard let sts else { return [] }
        var lines: [String] = []
        if let policy = sts.policy {
            let fetched = Humane.distance(to: WallTime(seconds: policy.fetchedAt), from: now)
            let expires = Humane.distance(to: WallTime(seconds: policy.expiresAt), from: now)
            let source = policy.source == "cached" ? "cached, fetched \(fetched)" : "fetched now"
            lines.append(
                "mode \(policy.mode), id \(policy.id), \(source), expires \(expires) (max_age \(Humane.span(policy.maxAge)))"
            )
            if !policy.mx.isEmpty { lines.append("mx \(policy.mx.joined(separator: ", "))") }
            if sts.lookup == "found", let id = sts.record?.id, id != policy.id {
                lines.append("the TXT record names another id, \(id)")
            }
        } else if let record = sts.record {
            lines.append("TXT record with id \(record.id), and no policy")
        }
        if let error = sts.error {
            // A lookup that failed is no proof that there is none (SEC-14).
            let start =
                sts.policy != nil ? "but: " : sts.record != nil ? "" : sts.lookup == "absent" ? "none: " : "unknown: "
            lines.append(start + error)
        }
        return lines
    }

    /// Left out where it is wider than the page: the blocks below say the same.
    private static func overview(_ hosts: [PolicyDocument.Host], _ style: TextStyle) -> String {
        var table = TextTable(["PREF", "HOST", "TLSA", "MTA-STS", "REQUIREMENT"])
        for host in hosts {
            let listed = host.stsMatch.map { $0 ? "listed" : "not listed" } ?? "-"
            table.add(["\(host.preference)", host.host, tlsa(host.tlsa), listed, requirement(host)])
        }
        return table.width > style.width ? "" : "\n" + table.render(style)
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
}

extension TextStyle {
    /// A line that begins with a label in a column of its own, `indent` blanks from the left.
    func field(_ label: String, _ text: String, width: Int, indent: Int = 0) -> String {
        let start = String(repeating: " ", count: indent) + label
        let padding = String(repeating: " ", count: max(1, indent + width - start.count))
        return start + padding + wrapped(text, indent: max(indent + width, start.count + 1)) + "\n"
    }
}
