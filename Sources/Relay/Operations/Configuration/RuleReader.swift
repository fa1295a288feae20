import Mail

/// Reads all `[[rule]]` tables, and gathers what is wrong with each.
struct RuleReader {
    static let name = "rule"

    let places: ConfigurationPlaces
    private(set) var faults: [ConfigurationFault] = []

    init(places: ConfigurationPlaces) {
        self.places = places
    }

    mutating func read(_ node: TOMLNode) -> [Configuration.WrittenRule] {
        guard case .array(let elements) = node else {
            report(Self.name, "must be a list of tables, but is \(node.kind)", "Begin each rule with [[\(Self.name)]]")
            return []
        }
        if elements.count > RuleTable.limit {
            report(
                ConfigurationPlaces.path(Self.name, RuleTable.limit),
                "there are \(elements.count) rules, more than \(RuleTable.limit)",
                "Join rules by wildcards: \"*.example.org\"")
            return []
        }
        var rules: [Configuration.WrittenRule] = []
        // Where a pattern was first.
        var patterns: [Pattern: String] = [:]
        for (index, element) in elements.enumerated() {
            let path = ConfigurationPlaces.path(Self.name, index)
            guard case .table(let entries) = element else {
                report(path, "must be a table, but is \(element.kind)", "Begin it with [[\(Self.name)]]")
                continue
            }
            let count = faults.count
            let rule = read(entries, path)
            rules.append(rule)
            // Keys that did not come through look as if they were not there; comparing those would only confuse.
            guard faults.count == count else { continue }
            for contradiction in rule.contradictions() {
                let key = contradiction.key.isEmpty ? path : "\(path).\(contradiction.key)"
                report(key, contradiction.problem, contradiction.cure)
            }
            guard let pattern = Pattern(rule) else { continue }
            if let first = patterns[pattern] {
                let line = places.key(first).map { " in line \($0.line)" } ?? ""
                report("\(path).\(pattern.key)", "\(pattern) has a rule already\(line)", "Make one rule of the two")
            } else {
                patterns[pattern] = path
            }
        }
        return rules
    }

    private mutating func read(_ entries: [(key: String, value: TOMLNode)], _ path: String) -> Configuration.WrittenRule
    {
        var rule = Configuration.WrittenRule()
        for (name, node) in entries {
            let keyPath = ConfigurationPlaces.path(path, name)
            guard let key = RuleKeys.all.first(where: { $0.name == name }) else {
                report(keyPath, "there is no such key", Self.cure(forUnknown: name))
                continue
            }
            do throws(ValueProblems) {
                try key.read(node, &rule)
            } catch {
                for problem in error.problems {
                    let cure = problem.cure ?? "Write it like this: \(key.example)"
                    report(keyPath + problem.path, problem.text, cure, atValue: true)
                }
            }
        }
        return rule
    }

    private static func cure(forUnknown name: String) -> String {
        let known = RuleKeys.all.map(\.name)
        if let near = Spelling.nearest(to: name, of: known) { return "Did you mean \(near)?" }
        return ConfigurationReader.home(of: name)
            ?? "The keys of [[\(Self.name)]] are \(known.joined(separator: ", "))"
    }

    private mutating func report(_ path: String, _ problem: String, _ cure: String, atValue: Bool = false) {
        let place = atValue ? places.value(path) : places.key(path)
        faults.append(ConfigurationFault(file: places.file, place: place, key: path, problem: problem, cure: cure))
    }

    /// What a rule is for. No two rules of a file are for the same.
    private struct Pattern: Hashable, CustomStringConvertible {
        let destination: RulePattern?
        let mx: RulePattern?
        /// One in mode `observe` may stand beside the one that holds.
        let isObserved: Bool

        init?(_ rule: Configuration.WrittenRule) {
            guard rule.destination != nil || rule.mx != nil else { return nil }
            destination = rule.destination
            mx = rule.mx
            isObserved = rule.isObserved
        }

        /// The key to point at.
        var key: String { destination == nil ? "mx" : "destination" }

        var description: String {
            [destination, mx].compactMap { $0.map { TOMLText.quoted($0.description) } }.joined(separator: " with mx ")
                + (isObserved ? " in mode observe" : "")
        }
    }
}
