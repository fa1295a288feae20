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

    var path: String { "\(section).\(name)" }

    init<Value: Sendable>(
        _ section: String, _ name: String, _ member: any WritableKeyPath<Table, Value> & Sendable,
        _ form: ValueForm<Value>, _ explanation: String
    ) {
        self.section = section
        self.name = name
        self.takes = form.range.map { "\(form.name), \($0)" } ?? form.name
        self.explanation = explanation
        self.defaultSpelling = form.spell(Table()[keyPath: member])
        self.example = form.example
        self.read = { node, table throws(ValueProblems) in
            table[keyPath: member] = try form.read(node)
        }
        self.spell = { form.spell($0[keyPath: member]) }
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
