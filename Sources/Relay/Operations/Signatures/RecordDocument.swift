public import Mail

/// `relayctl dkim record`
public struct DKIMRecordDocument: CheckDocument {
    let keys: [DKIMKeyDocument]
    /// Nil where DNS was not asked.
    private let asked: Asked?

    /// What DNS was asked for, and what came of it.
    private struct Asked: Hashable, Sendable {
        let domain: DomainName?
        let count: Int
        let wrong: Int
        let unknown: Int
    }

    private enum CodingKeys: CodingKey { case keys }

    /// Of files; nobody was asked.
    public init(_ keys: [DKIMKeyDocument]) {
        self.keys = keys
        asked = nil
    }

    /// Of a configuration: the wrong ones first, then those of which nothing is known.
    /// - Parameters:
    ///   - domain: the domain whose keys these are, nil for all.
    ///   - isOfFaultsAlone: leaves out the keys that are published as they should be.
    public init(asked keys: [DKIMKeyDocument], domain: DomainName? = nil, isOfFaultsAlone: Bool = false) {
        let wrong = keys.filter { $0.published.value == false }
        let unknown = keys.filter { $0.published.value == nil }
        let published = keys.filter { $0.published.value == true }
        self.keys = wrong + unknown + (isOfFaultsAlone ? [] : published)
        asked = Asked(domain: domain, count: keys.count, wrong: wrong.count, unknown: unknown.count)
    }

    /// Also of the keys that are not shown.
    public var isGood: Bool {
        guard let asked else { return !keys.isEmpty }
        return asked.count > 0 && asked.wrong == 0 && asked.unknown == 0
    }

    public func text(_ style: TextStyle) -> String {
        guard let asked else { return keys.map { entry($0, style) }.joined(separator: "\n") }
        guard asked.count > 0 else {
            let name = asked.domain.map { " of \($0)" } ?? ""
            return style.wrapped(
                "The configuration has no [[dkim.key]]\(name). Make one: relayctl dkim keygen "
                    + "\(asked.domain?.text ?? "DOMAIN").") + "\n"
        }
        return (keys.map { entry($0, style) } + [Self.summary(asked, style)]).joined(separator: "\n")
    }

    /// How many are wrong, and the cure.
    private static func summary(_ asked: Asked, _ style: TextStyle) -> String {
        func all(_ count: Int) -> String { count == 1 ? "is" : "are" }
        if asked.wrong == 0, asked.unknown == 0 {
            return style.paint("\(asked.count) of \(asked.count)", .green) + " "
                + style.wrapped("\(all(asked.count)) published as \(asked.count == 1 ? "it" : "they") should be.")
                + "\n"
        }
        var words: [String] = []
        if asked.wrong > 0 {
            words.append(
                "\(asked.wrong) of \(asked.count) \(all(asked.wrong)) not published as \(asked.wrong == 1 ? "it" : "they") "
                    + "should be: publish the line above as it stands. What DNS had before may be seen until its TTL is over."
            )
        }
        if asked.unknown > 0 {
            words.append(
                "\(asked.unknown) of \(asked.count) could not be looked up: see that DNS answers here, and ask again.")
        }
        return style.wrapped(words.joined(separator: " ")) + "\n"
    }

    private func entry(_ key: DKIMKeyDocument, _ style: TextStyle) -> String {
        var words = "\(key.kind), \(TextStyle.harmless(key.file))"
        if key.use == Configuration.WrittenKey.Use.reports.rawValue { words += ", for reports" }
        if let start = key.notBefore.value { words += ", not before \(WallTime(seconds: start).rfc3339)" }
        var text = style.paint(key.name.value ?? "a key", .bold) + ": " + words + "\n"
        if asked != nil {
            let state = key.published.value.map { $0 ? "published" : "wrong" } ?? "not known"
            text += style.paint(state, key.published.value == true ? .green : .red)
            text += style.wrapped(key.why.value.map { ": \($0)" } ?? "") + "\n"
        }
        text += key.zoneFile.joined(separator: "\n") + "\n"
        return text + key.record + "\n"
    }
}
