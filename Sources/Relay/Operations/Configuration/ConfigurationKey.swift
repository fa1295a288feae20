/// What keys are read into: the configuration, or one `[[rule]]` of it. A new one has every key at its default.
protocol ConfigurationTable: Sendable {
    init()
}

extension Configuration: ConfigurationTable {}
extension Configuration.WrittenRule: ConfigurationTable {}

/// One key of the configuration file: everything there is to know of it. The reader, the sample file and the reference
/// page are all made from the list of these.
struct ConfigurationKey<Table: ConfigurationTable>: Sendable {
    let section: String
    let name: String
    /// What kind of value it takes, and in which bounds: `span of time, 1s to 1h`.
    let takes: String
    /// What it is for and what to think of when changing it: whole sentences.
    let explanation: String
    /// The default as TOML.
    let defaultSpelling: String
    /// A right value as TOML.
    let example: String
    /// Reads the value into its table.
    let read: @Sendable (TOMLNode, inout Table) throws(ValueProblems) -> Void
    /// The value in a table, as TOML.
    let spell: @Sendable (Table) -> String
    /// Of a key that is a list of tables, what may stand in each.
    let parts: [Part]
    /// Of such a key, a right table as TOML.
    let sample: String

    /// A key of a table within a list.
    struct Part: Sendable {
        let name: String
        let takes: String
        let explanation: String
        let defaultSpelling: String

        /// There is something to say about it: a value that holds where the key is not there.
        var hasDefault: Bool { !["", "[]", "\"\""].contains(defaultSpelling) }
    }

    var path: String { "\(section).\(name)" }

    init<Value: Sendable>(
        _ section: String, _ name: String, _ member: any WritableKeyPath<Table, Value> & Sendable,
        _ form: ValueForm<Value>, example: String? = nil, _ explanation: String
    ) {
        self.section = section
        self.name = name
        self.takes = form.range.map { "\(form.name), \($0)" } ?? form.name
        self.explanation = explanation
        self.defaultSpelling = form.spell(Table()[keyPath: member])
        self.example = example ?? form.example
        self.read = { node, table throws(ValueProblems) in
            table[keyPath: member] = try form.read(node)
        }
        self.spell = { form.spell($0[keyPath: member]) }
        self.parts = []
        self.sample = ""
    }

    /// A list of tables, each with `keys`: `[[section.name]]`. Each must have those of `required`.
    init<Element: ConfigurationTable>(
        _ section: String, _ name: String, _ member: any WritableKeyPath<Table, [Element]> & Sendable,
        tables keys: [ConfigurationKey<Element>], required: [String], atMost limit: Int, _ explanation: String,
        sample: String
    ) {
        self.section = section
        self.name = name
        self.takes = "list of tables, at most \(limit)"
        self.explanation = explanation
        self.defaultSpelling = "[]"
        self.example = "[[\(section).\(name)]]"
        self.read = { node, table throws(ValueProblems) in
            table[keyPath: member] = try TableList(
                keys: keys, required: required, limit: limit, header: "[[\(section).\(name)]]"
            ).read(node)
        }
        self.spell = { _ in "[]" }
        self.parts = keys.map {
            Part(name: $0.name, takes: $0.takes, explanation: $0.explanation, defaultSpelling: $0.defaultSpelling)
        }
        self.sample = sample
    }
}

/// Reads a list of tables, and gathers what is wrong with each.
struct TableList<Element: ConfigurationTable> {
    let keys: [ConfigurationKey<Element>]
    let required: [String]
    let limit: Int
    let header: String

    func read(_ node: TOMLNode) throws(ValueProblems) -> [Element] {
        guard case .array(let nodes) = node else {
            throw ValueProblems("must be a list of tables, but is \(node.kind)", cure: "Begin each with \(header)")
        }
        guard nodes.count <= limit else { throw ValueProblems("has \(nodes.count) tables, more than \(limit)") }
        var elements: [Element] = []
        var faults = ValueProblems(problems: [])
        for (index, node) in nodes.enumerated() {
            guard case .table(let entries) = node else {
                faults.problems.append(
                    .init(
                        path: "[\(index)]", text: "must be a table, but is \(node.kind)",
                        cure: "Begin it with \(header)"))
                continue
            }
            var element = Element()
            for key in keys where required.contains(key.name) && !entries.contains(where: { $0.key == key.name }) {
                faults.problems.append(
                    .init(
                        path: "[\(index)]", text: "has no \(key.name)", cure: "Add \(key.name) = \(key.example)",
                        isOfKey: true))
            }
            for (name, node) in entries {
                let path = ConfigurationPlaces.path("[\(index)]", name)
                guard let key = keys.first(where: { $0.name == name }) else {
                    let near = Spelling.nearest(to: name, of: keys.map(\.name))
                    faults.problems.append(
                        .init(
                            path: path, text: "there is no such key",
                            cure: near.map { "Did you mean \($0)?" }
                                ?? "The keys of \(header) are \(keys.map(\.name).joined(separator: ", "))",
                            isOfKey: true))
                    continue
                }
                do throws(ValueProblems) {
                    try key.read(node, &element)
                } catch {
                    faults.problems += error.problems.map {
                        var problem = $0
                        problem.path = path + problem.path
                        problem.cure = problem.cure ?? "Write it like this: \(key.example)"
                        return problem
                    }
                }
            }
            elements.append(element)
        }
        if !faults.problems.isEmpty { throw faults }
        return elements
    }
}

/// A table of the configuration file, with a line on what it is about.
struct ConfigurationSection: Sendable {
    let name: String
    let title: String
    let keys: [ConfigurationKey<Configuration>]

    init(_ name: String, _ title: String, _ keys: [ConfigurationKey<Configuration>]) {
        self.name = name
        self.title = title
        self.keys = keys
    }
}
