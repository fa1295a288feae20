public import Mail

/// The file of `relayctl bundle`: what a ticket about one message needs, with everybody masked.
public enum BundleText {
    /// Columns: it is read in editors and mails.
    private static let style = TextStyle(width: 100, isColoured: false)
    /// Lines of a log. Ours: a message of a thousand recipients has some thousand.
    public static let logLines = 5_000

    /// Where the lines of the log are from.
    public enum LogSource: Hashable, Sendable {
        case files([String])
        case journal
        /// Why there are none.
        case nothing(String)
    }

    /// - Parameter lines: of the log, about the message; they are masked here.
    public static func render(_ answer: BundleAnswer, log source: LogSource, _ lines: [String], now: WallTime) -> String
    {
        let (explanation, masking) = answer.explanation.masked
        let id = explanation.page.matches.first?.message.id ?? ""
        var text = """
            Waxwing: the record of message \(LogLine.oneLine(id)), made on \(now.rfc3339)

            Local parts of addresses, logins and clients are masked. Nothing of the content is in it. Times are UTC.

            """
        text += title("Explanation")
        text += Masking.addresses(in: ExplainText.render(explanation, limit: .max, now: now, style: style))
        text += title("Answers of DNS, and policies")
        text += answers(explanation.documents)
        text += title("Certificates")
        text += chains(explanation.documents, answer.bundle.certificates)
        text += title("Log")
        text += log(source, lines, masking)
        text += title("Versions and settings")
        text += (answer.bundle.versions + answer.bundle.settings).map { "\(LogLine.oneLine($0))\n" }.joined()
        return text
    }

    private static func title(_ words: String) -> String {
        "\n\(words)\n\(String(repeating: "=", count: words.utf8.count))\n\n"
    }

    /// Each decision whole, once: the explanation leaves out hosts that were not tried.
    private static func answers(_ documents: ExplainDocuments) -> String {
        if documents.decisions.isEmpty { return "No decision was recorded.\n" }
        return documents.decisions.sorted { $0.key < $1.key }.map { key, document in
            let json = document.json(upTo: .max).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
            return "Decision \(LogLine.oneLine(key)):\n\(LogLine.oneLine(Masking.addresses(in: json)))\n"
        }.joined(separator: "\n")
    }

    private static func chains(_ documents: ExplainDocuments, _ certificates: [String: String]) -> String {
        var text = ""
        var shown: Set<String> = []
        for (key, evidence) in documents.evidence.sorted(by: { $0.key < $1.key }) where !evidence.chain.isEmpty {
            let subject = evidence.certificate?.subject ?? ""
            text += "Evidence \(LogLine.oneLine(key)), leaf first: \(LogLine.oneLine(Masking.addresses(in: subject)))\n"
            for certificate in evidence.chain {
                if !shown.insert(certificate).inserted {
                    text += "Certificate \(LogLine.oneLine(certificate)): see above\n"
                } else if let base64 = certificates[certificate] {
                    text += "Certificate \(LogLine.oneLine(certificate)):\n" + pem(base64)
                } else {
                    text += "Certificate \(LogLine.oneLine(certificate)) is gone\n"
                }
            }
        }
        return text.isEmpty ? "No host showed a certificate, or none was recorded.\n" : text
    }

    /// RFC 7468 §2: lines of 64 characters.
    static func pem(_ base64: String) -> String {
        var text = "-----BEGIN CERTIFICATE-----\n"
        var rest = base64.utf8.filter { $0 > 0x20 && $0 < 0x7F }[...]
        while !rest.isEmpty {
            text += String(decoding: rest.prefix(64), as: UTF8.self) + "\n"
            rest = rest.dropFirst(64)
        }
        return text + "-----END CERTIFICATE-----\n"
    }

    private static func log(_ source: LogSource, _ lines: [String], _ masking: Masking) -> String {
        var text: String
        switch source {
        case .files(let names):
            text = lines.isEmpty ? "No line about the message" : "Lines about the message"
            text += " in \(names.map(LogLine.oneLine).joined(separator: ", "))"
        case .journal: text = (lines.isEmpty ? "No line" : "Lines") + " about the message in the journal of waxwing"
        case .nothing(let why): text = "No log was read: \(LogLine.oneLine(why))"
        }
        text += lines.isEmpty ? ".\n" : ":\n\n"
        for line in lines.prefix(logLines) { text += LogLine.oneLine(masking.logLine(line)) + "\n" }
        if lines.count > logLines { text += "and \(lines.count - logLines) more\n" }
        return text
    }
}
