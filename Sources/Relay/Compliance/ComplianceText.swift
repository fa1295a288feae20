import Mail

/// `relayctl compliance` for people, and as CSV.
public enum ComplianceText {
    /// Totals first, then a table of names, those with most messages first.
    /// - Parameter limit: names in the table.
    public static func table(_ sum: ComplianceSum, limit: Int, style: TextStyle) -> String {
        let days = sum.since == sum.until ? "on \(sum.since)" : "from \(sum.since) to \(sum.until)"
        if sum.rows.isEmpty { return "Nothing was delivered \(days) (UTC).\n" }
        var text = "What was delivered \(days) (UTC)\n\n"
        var totals = TextTable(["", "MESSAGES", "SHARE", "RECIPIENTS", "SHARE", ""], numbers: [1, 2, 3, 4])
        // What went in clear is said also where it is nothing.
        let levels = ComplianceRow.levels.filter { sum.total[$0].messages > 0 || $0 == .clear }
        for level in levels {
            let count = sum.total[level]
            totals.add(
                [
                    level.word, Humane.number(count.messages),
                    Share.percent(count.messages, of: sum.total.total.messages), Humane.number(count.recipients),
                    Share.percent(count.recipients, of: sum.total.total.recipients), meaning(level),
                ], colours: level == .clear && count.messages > 0 ? [0: .yellow] : [:])
        }
        totals.add([
            "all", Humane.number(sum.total.total.messages), "", Humane.number(sum.total.total.recipients), "", "",
        ])
        text += totals.render(style) + "\n"
        var table = TextTable(
            [sum.by.rawValue.uppercased(), "MESSAGES", "RECIPIENTS"]
                + levels.map { $0.word.uppercased() }, numbers: Set(1...8))
        for row in sum.rows.prefix(limit) {
            table.add(
                [name(row), Humane.number(row.total.messages), Humane.number(row.total.recipients)]
                    + levels.map { level in
                        row[level].messages == 0 ? "-" : Share.percent(row[level].messages, of: row.total.messages)
                    })
        }
        text += table.render(style)
        let more = sum.rows.count - min(limit, sum.rows.count)
        text += style.paint(
            Humane.tally(sum.rows.count, sum.by.rawValue)
                + (more > 0 ? ", \(Humane.number(more)) of them not shown (--limit, --csv)" : "")
                + (sum.isComplete ? "" : "; there are more, and the totals lack them"), .dim)
        return text + "\n"
    }

    /// A header line, then a line for each name: exact counts, from which a spreadsheet makes its own shares.
    public static func csv(_ sum: ComplianceSum) -> String {
        let words = ComplianceRow.levels.map { $0.word.replacing("-", with: "_") }
        var text = CSVText.row(
            [sum.by.rawValue, "messages", "recipients"]
                + words.flatMap { ["\($0)_messages", "\($0)_recipients"] })
        for row in sum.rows {
            text += CSVText.row(
                [row.name, "\(row.total.messages)", "\(row.total.recipients)"]
                    + ComplianceRow.levels.flatMap { ["\(row[$0].messages)", "\(row[$0].recipients)"] })
        }
        return text
    }

    /// Messages with REQUIRETLS, newest first.
    public static func proofs(_ page: ProofPage, style: TextStyle) -> String {
        let days = page.since == page.until ? "on \(page.since)" : "from \(page.since) to \(page.until)"
        if page.proofs.isEmpty { return "No mail with REQUIRETLS was delivered \(days) (UTC).\n" }
        var table = TextTable(
            ["TIME", "QUEUE ID", "FROM", "TO", "RECIPIENTS", "HOST", "ADDRESS", "TLS", "VERIFIED"], numbers: [4])
        for one in page.proofs {
            table.add([
                WallTime(seconds: one.time).rfc3339, one.id, one.sender.isEmpty ? "<>" : one.sender, one.destination,
                Humane.number(one.recipients), one.host, one.address, one.tls, one.verified,
            ])
        }
        let more = page.next == nil ? "" : ", the newest; there are more (--limit)"
        return table.render(style) + style.paint(Humane.tally(page.proofs.count, "proof") + more, .dim) + "\n"
    }

    public static func csv(_ page: ProofPage) -> String {
        var text = CSVText.row([
            "time", "queue_id", "sender", "destination", "recipients", "host", "address", "tls", "verified",
        ])
        for one in page.proofs {
            text += CSVText.row([
                WallTime(seconds: one.time).rfc3339, one.id, one.sender, one.destination, "\(one.recipients)", one.host,
                one.address, one.tls, one.verified,
            ])
        }
        return text
    }

    static func name(_ row: ComplianceRow) -> String { row.name.isEmpty ? "<>" : row.name }

    private static func meaning(_ level: DeliveredLevel) -> String {
        switch level {
        case .dane: "the host matched its DNSSEC-secure TLSA records"
        case .webPKI: "a trusted certificate, as MTA-STS, REQUIRETLS or a rule demands"
        case .fingerprint: "the key of a rule"
        case .daneHost: "TLSA records matched, but an unsigned MX record named the host"
        case .encrypted: "TLS with any certificate"
        case .clear: "no TLS"
        }
    }
}
