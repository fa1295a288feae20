import TOMLKit

extension Configuration {
    /// Octets of a configuration file: room for ``RuleTable/limit`` rules, and a bound.
    public static let fileSizeLimit = 8 << 20

    /// Reads a whole configuration. `file` is the name used in faults.
    ///
    /// A syntax fault is reported alone (what follows it cannot be trusted); all other faults are reported at once, in
    /// the order of the text. What the machine must hold, such as readable files, is ``check(files:)``'s affair.
    public static func parse(text: String, file: String) throws(ConfigurationError) -> Configuration {
        if let fault = nulFault(in: text, file: file) { throw ConfigurationError(faults: [fault]) }
        var places = KeyLocator.places(in: text)
        places.name(file)
        if let place = places.tooDeep {
            throw ConfigurationError(faults: [
                ConfigurationFault(
                    file: file, place: place, key: "", problem: "is nested more deeply than any configuration",
                    cure: "Is it the right file?")
            ])
        }
        if let (place, problem) = places.unreadable {
            throw ConfigurationError(faults: [
                ConfigurationFault(
                    file: file, place: place, key: "", problem: "not TOML: \(problem)",
                    cure: "See https://toml.io for the syntax")
            ])
        }
        let root: TOMLNode
        do {
            root = try TOMLNode.parse(text)
        } catch let error as TOMLParseError {
            let begin = error.source.begin
            throw ConfigurationError(faults: [
                ConfigurationFault(
                    file: file, place: TextPlace(line: begin.line, column: begin.column), key: "",
                    problem: "not TOML: \(oneLine(error.description))", cure: "See https://toml.io for the syntax")
            ])
        } catch {
            throw ConfigurationError(faults: [
                ConfigurationFault(file: file, place: nil, key: "", problem: "not TOML: \(error)", cure: "")
            ])
        }
        var reader = ConfigurationReader(places: places)
        let configuration = reader.read(root)
        if !reader.faults.isEmpty { throw ConfigurationError(faults: reader.faults.inOrder, log: configuration.log) }
        return configuration
    }

    /// The parser hands texts over as C strings: all behind a NUL would be lost without a word.
    private static func nulFault(in text: String, file: String) -> ConfigurationFault? {
        // Octets: a mark that combines with what stands before it would hide it, and CR LF is one character.
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() where line.contains(0) || line.contains(UInt8(ascii: "\\")) {
            for spelling in ["\0", "\\u0000", "\\U00000000"] {
                guard let range = line.firstRange(of: spelling.utf8) else { continue }
                let column = text.unicodeScalars[line.startIndex..<range.lowerBound].count + 1
                return ConfigurationFault(
                    file: file, place: TextPlace(line: index + 1, column: column), key: "",
                    problem: "a NUL has no place in a configuration", cure: "Remove it")
            }
        }
        return nil
    }

    private static func oneLine(_ text: String) -> String {
        LogLine.oneLine(text.last == "." ? String(text.dropLast()) : text)
    }
}

/// Walks the list of known keys over a parsed file, and gathers everything that is wrong.
struct ConfigurationReader {
    let places: ConfigurationPlaces
    private(set) var faults: [ConfigurationFault] = []

    init(places: ConfigurationPlaces) {
        self.places = places
    }

    mutating func read(_ root: TOMLNode) -> Configuration {
        var configuration = Configuration()
        configuration.places = places
        guard case .table(let sections) = root else { return configuration }
        for (name, node) in sections {
            if name == RuleReader.name {
                var reader = RuleReader(places: places)
                configuration.rules = reader.read(node)
                faults += reader.faults
            } else if name == CanaryKeys.name {
                readCanaries(node, into: &configuration)
            } else if let section = ConfigurationSection.all.first(where: { $0.name == name }) {
                read(node, section, into: &configuration)
            } else {
                refuseUnknown(name, node)
            }
        }
        // Values that did not come through stand at their defaults; comparing those would only confuse.
        if faults.isEmpty { faults = configuration.contradictions() }
        return configuration
    }

    private mutating func read(
        _ node: TOMLNode, _ section: ConfigurationSection, into configuration: inout Configuration
    ) {
        guard case .table(let entries) = node else {
            report(
                section.name, "must be a table, but is \(node.kind)",
                "Begin it with [\(section.name)] on a line of its own")
            return
        }
        for (name, node) in entries {
            let path = ConfigurationPlaces.path(section.name, name)
            guard let key = section.keys.first(where: { $0.name == name }) else {
                report(path, "there is no such key", cure(forUnknown: name, in: section))
                continue
            }
            do throws(ValueProblems) {
                try key.read(node, &configuration)
            } catch {
                for problem in error.problems {
                    let cure = problem.cure ?? "Write it like this: \(key.example)"
                    report(path + problem.path, problem.text, cure, atValue: !problem.isOfKey)
                }
            }
        }
    }

    private mutating func readCanaries(_ node: TOMLNode, into configuration: inout Configuration) {
        do throws(ValueProblems) {
            configuration.writtenCanaries = try CanaryKeys.list.read(node)
        } catch {
            for problem in error.problems {
                report(
                    CanaryKeys.name + problem.path, problem.text,
                    problem.cure ?? "Begin each with [[\(CanaryKeys.name)]]",
                    atValue: !problem.isOfKey)
            }
        }
    }

    /// Lists of tables that stand in no section.
    private static let lists = [RuleReader.name, CanaryKeys.name]

    private mutating func refuseUnknown(_ name: String, _ node: TOMLNode) {
        let path = ConfigurationPlaces.path("", name)
        if case .table = node {
            let near = Spelling.nearest(to: name, of: ConfigurationSection.all.map(\.name) + Self.lists)
            let known = ConfigurationSection.all.map { "[\($0.name)]" }.joined(separator: ", ")
            let cure = near.map { Self.lists.contains($0) ? "Did you mean [[\($0)]]?" : "Did you mean [\($0)]?" }
            let lists = Self.lists.map { "[[\($0)]]" }.joined(separator: ", ")
            report(path, "there is no such section", cure ?? "The sections are \(known), \(lists)")
        } else if case .array(let elements) = node, case .table? = elements.first {
            let near = Spelling.nearest(to: name, of: Self.lists)
            let lists = Self.lists.map { "[[\($0)]]" }.joined(separator: " and ")
            report(
                path, "there is no such list of tables",
                near.map { "Did you mean [[\($0)]]?" } ?? "Outside of a section there are \(lists)")
        } else {
            report(
                path, "there is no such key outside of a section", Self.home(of: name) ?? "Put it behind its [section]")
        }
    }

    private func cure(forUnknown name: String, in section: ConfigurationSection) -> String {
        if let home = Self.home(of: name) { return home }
        if let near = Spelling.nearest(to: name, of: section.keys.map(\.name)) { return "Did you mean \(near)?" }
        return "The keys of [\(section.name)] are \(section.keys.map(\.name).joined(separator: ", "))"
    }

    /// Says where a key of this name belongs, if any section has it.
    static func home(of name: String) -> String? {
        var homes = ConfigurationSection.all.filter { $0.keys.contains { $0.name == name } }.map { "[\($0.name)]" }
        for section in ConfigurationSection.all {
            for table in section.keys where table.parts.contains(where: { $0.name == name }) {
                homes.append("[[\(table.path)]]")
            }
        }
        if CanaryKeys.all.contains(where: { $0.name == name }) { homes.append("[[\(CanaryKeys.name)]]") }
        if RuleKeys.all.contains(where: { $0.name == name }) { homes.append("[[\(RuleReader.name)]]") }
        return homes.isEmpty ? nil : "It belongs in \(homes.joined(separator: " or "))"
    }

    private mutating func report(_ path: String, _ problem: String, _ cure: String, atValue: Bool = false) {
        let place = atValue ? places.value(path) : places.key(path)
        faults.append(ConfigurationFault(file: places.file, place: place, key: path, problem: problem, cure: cure))
    }
}
