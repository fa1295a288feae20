/// A change of a fact for people: what came, what went, and what stayed is not said.
public enum FactWords {
    /// Digits of the data of a TLSA record that are shown. Ours.
    static let digits = 16

    /// `+ mx2.example.org (20)`, `3 1 1 ab12… added, 3 1 1 77ff… removed`, `id 1 -> 2`.
    public static func change(_ kind: KnownFact.Kind, from old: String?, to new: String) -> String {
        guard let old else { return "first seen: \(shown(kind, new))" }
        switch kind {
        case .mx: return sets(kind, old, new, came: { "+ \($0)" }, went: { "- \($0)" })
        case .tlsa: return sets(kind, old, new, came: { "\($0) added" }, went: { "\($0) removed" })
        case .stsPolicy: return policy(old, new)
        case .stsID, .startTLS, .verified, .issuer: return "\(old) -> \(new)"
        }
    }

    /// The state for people.
    public static func shown(_ kind: KnownFact.Kind, _ value: String) -> String {
        guard kind == .mx || kind == .tlsa else { return value }
        let members = FactReading.members(of: value)
        guard !members.isEmpty else { return value }
        return "\(security(value)): " + members.map { member(kind, $0) }.joined(separator: ", ")
    }

    /// "MX", "TLSA", "MTA-STS id".
    public static func title(_ kind: KnownFact.Kind) -> String {
        switch kind {
        case .mx: "MX"
        case .stsID: "MTA-STS id"
        case .stsPolicy: "MTA-STS policy"
        case .tlsa: "TLSA"
        case .startTLS: "STARTTLS"
        case .verified: "verified"
        case .issuer: "issuer"
        }
    }

    private static func sets(
        _ kind: KnownFact.Kind, _ old: String, _ new: String, came: (String) -> String, went: (String) -> String
    ) -> String {
        let (before, after) = (FactReading.members(of: old), FactReading.members(of: new))
        var parts: [String] = []
        if security(old) != security(new) { parts.append("\(security(old)) -> \(security(new))") }
        parts += after.filter { !before.contains($0) }.map { came(member(kind, $0)) }
        parts += before.filter { !after.contains($0) }.map { went(member(kind, $0)) }
        // The words in place of a set: `implicit` is a member as well. Beyond the limit two may look alike.
        return parts.isEmpty ? "\(shown(kind, old)) -> \(shown(kind, new))" : parts.joined(separator: ", ")
    }

    private static func policy(_ old: String, _ new: String) -> String {
        let (before, after) = (fields(old), fields(new))
        guard before.count == 3, after.count == 3 else { return "\(old) -> \(new)" }
        var parts: [String] = []
        if before[0] != after[0] { parts.append("mode \(before[0]) -> \(after[0])") }
        if before[1] != after[1] { parts.append("\(before[1]) -> \(after[1].dropFirst("max_age ".count))") }
        let (hosts, now) = (hosts(before[2]), hosts(after[2]))
        parts += now.filter { !hosts.contains($0) }.map { "mx + \($0)" }
        parts += hosts.filter { !now.contains($0) }.map { "mx - \($0)" }
        return parts.isEmpty ? "\(old) -> \(new)" : parts.joined(separator: "; ")
    }

    private static func fields(_ policy: String) -> [String] {
        policy.split(separator: ";").map { String($0.drop { $0 == " " }) }
    }

    private static func hosts(_ field: String) -> [String] {
        field.dropFirst("mx ".count).split(separator: ",").map { String($0.drop { $0 == " " }) }
    }

    private static func security(_ value: String) -> Substring { value.prefix { $0 != ":" } }

    /// `mx1.example.org (10)`, `3 1 1 ab12…`
    private static func member(_ kind: KnownFact.Kind, _ text: String) -> String {
        let words = text.split(separator: " ")
        if kind == .mx { return words.count == 2 ? "\(words[1]) (\(words[0]))" : text }
        guard words.count == 4, words[3].utf8.count > digits else { return text }
        return words[..<3].joined(separator: " ") + " \(words[3].prefix(digits))…"
    }
}
