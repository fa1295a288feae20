import Mail

extension ReceivedReportsDocument {
    /// Failures listed under one policy; the JSON has all of them.
    static let failuresShown = 10
    /// Letters of a stranger's word in the table.
    static let wordLimit = 70

    public func text(_ style: TextStyle) -> String {
        var text = headline(style)
        if !policies.isEmpty { text += "\n" + table.render(style) }
        if !advice.isEmpty { text += "\n" + style.paint("What the failures mean", .bold) + "\n" }
        for entry in advice { text += Self.words(entry, style) }
        text += section(
            "Wrong in reports that were read", faulty.map { ($0.file, $0.faults.joined(separator: "; ")) }, .yellow,
            style)
        text += section(
            "Counted once", duplicates.map { ($0.file, "the same report as in \($0.sameAs)") }, .yellow, style)
        text += section("Passed over", notes.map { (nil, $0) }, .yellow, style)
        text += section("Not read", unreadable.map { ($0.file, $0.why) }, .red, style)
        return text
    }

    private func headline(_ style: TextStyle) -> String {
        guard reports > 0 else {
            let cure = unreadable.isEmpty ? "Name files of reports, or the folder or Maildir in which they are." : ""
            return style.paint("No report was read.", .yellow) + (cure.isEmpty ? "" : " ") + style.wrapped(cure) + "\n"
        }
        let reporters = Set(policies.map(\.reporter)).count
        var words = Humane.count(reports, "report")
        if reporters > 0 { words += " from " + Humane.count(reporters, "reporter") }
        if let begin = beginAt.value, let end = endAt.value {
            let days = [begin, end].map { ReportDay(of: WallTime(seconds: $0)).description }
            words += days[0] == days[1] ? " for \(days[0])" : " for \(days[0]) to \(days[1])"
        }
        let sessions =
            "\(Humane.count(successfulSessions, "session")) succeeded, "
            + style.paint("\(failedSessions) failed", failedSessions > 0 ? .red : .green)
        return "\(words) (UTC): \(sessions).\n"
    }

    /// A row for each policy, and below it one for each kind of failure and host.
    private var table: TextTable {
        let counts = policies.flatMap { [$0.failedSessions, $0.successfulSessions] + $0.failures.map(\.sessions) }
        let width = max(9, counts.map { String($0).count }.max() ?? 0)
        let padded = { (text: String) in String(repeating: " ", count: max(0, width - text.count)) + text }
        var table = TextTable([padded("FAILED"), padded("SUCCEEDED"), "REPORTER, POLICY AND FAILURE"])
        for policy in policies {
            table.add([
                padded(String(policy.failedSessions)), padded(String(policy.successfulSessions)),
                "\(Self.short(policy.reporter)): \(Self.name(policy))",
            ])
            for failure in policy.failures.prefix(Self.failuresShown) {
                table.add([padded(String(failure.sessions)), padded(""), "  \(Self.name(failure))"])
            }
            let rest = policy.failures.dropFirst(Self.failuresShown)
            if !rest.isEmpty {
                table.add([padded(""), padded(""), "  and \(rest.count) more (--json has all of them)"])
            }
            if policy.failures.isEmpty, policy.failedSessions > 0 {
                table.add([padded(""), padded(""), "  the reports do not say what failed"])
            }
        }
        return table
    }

    private static func name(_ policy: Policy) -> String {
        let kind =
            switch policy.policyType.value.map(PolicyResult.Policy.init(rawValue:)) {
            case .some(.some(.sts)): "MTA-STS"
            case .some(.some(.tlsa)): "DANE"
            case .some(.some(.noPolicyFound)): "no policy"
            case .some(nil): "policy \"\(short(policy.policyType.value ?? ""))\""
            case nil: "a policy of unknown type"
            }
        return kind + (policy.policyDomain.value.map { " for \(short($0))" } ?? "")
    }

    private static func name(_ failure: Failure) -> String {
        var name = failure.resultType.value.map(short) ?? "without a result type"
        if let code = failure.reasonCode.value { name += " (\(short(code)))" }
        if let host = failure.receivingHost.value { name += " at \(short(host))" }
        return name
    }

    private static func words(_ advice: Advice, _ style: TextStyle) -> String {
        let name = short(advice.resultType) + (advice.reasonCode.value.map { " (\(short($0)))" } ?? "")
        let words =
            if let meaning = advice.meaning.value, let remedy = advice.remedy.value {
                "\(meaning) \(remedy)"
            } else {
                "No result type of RFC 8460 §4.3 has this name: ask the reporter what is meant."
            }
        return "  \(TextStyle.harmless(name))\n    " + style.wrapped(words, indent: 4) + "\n"
    }

    private func section(
        _ title: String, _ lines: [(file: String?, words: String)], _ colour: TextStyle.Colour, _ style: TextStyle
    ) -> String {
        guard !lines.isEmpty else { return "" }
        return "\n" + style.paint(title, colour) + "\n"
            + lines.map { line in
                "  " + style.wrapped((line.file.map { "\($0): " } ?? "") + line.words, indent: 2) + "\n"
            }.joined()
    }

    /// Cut in its middle, where it is too long for a table: both ends of a name tell something.
    private static func short(_ word: String) -> String {
        guard word.count > wordLimit else { return word }
        return "\(word.prefix(wordLimit * 2 / 3))…\(word.suffix(wordLimit / 3 - 1))"
    }
}
