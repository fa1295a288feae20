/// One key of the configuration file: everything there is to know of it. The reader, the sample file and the reference
/// page are all made from the list of these.
struct ConfigurationKey: Sendable {
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
    /// Reads the value into the configuration.
    let read: @Sendable (TOMLNode, inout Configuration) throws(ValueProblems) -> Void
    /// The value in a configuration, as TOML.
    let spell: @Sendable (Configuration) -> String

    var path: String { "\(section).\(name)" }

    init<Value: Sendable>(
        _ section: String, _ name: String, _ member: any WritableKeyPath<Configuration, Value> & Sendable,
        _ form: ValueForm<Value>, _ explanation: String
    ) {
        self.section = section
        self.name = name
        self.takes = form.range.map { "\(form.name), \($0)" } ?? form.name
        self.explanation = explanation
        self.defaultSpelling = form.spell(Configuration()[keyPath: member])
        self.example = form.example
        self.read = { node, configuration throws(ValueProblems) in
            configuration[keyPath: member] = try form.read(node)
        }
        self.spell = { form.spell($0[keyPath: member]) }
    }
}

/// A table of the configuration file, with a line on what it is about.
struct ConfigurationSection: Sendable {
    let name: String
    let title: String
    let keys: [ConfigurationKey]

    init(_ name: String, _ title: String, _ keys: [ConfigurationKey]) {
        self.name = name
        self.title = title
        self.keys = keys
    }
}
