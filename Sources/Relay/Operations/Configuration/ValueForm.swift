import Mail

/// How one kind of value is written in the file: read from a parsed node, spelled back for the sample and the reference.
struct ValueForm<Value: Sendable>: Sendable {
    /// What it is, for the reference page: `span of time`.
    let name: String
    /// What is allowed, in words: `1s to 1h`; nil where the name says it all.
    let range: String?
    /// A value that would be right, as TOML, for the cure.
    let example: String
    let read: @Sendable (TOMLNode) throws(ValueProblems) -> Value
    /// As TOML, on one line.
    let spell: @Sendable (Value) -> String
}

/// What is wrong with one value, or with some elements of a list.
struct ValueProblems: Error, Sendable {
    struct Problem: Sendable {
        /// `[2]` or `."name"` behind the key; empty for the value itself.
        var path: String = ""
        let text: String
        /// nil: the form's example is the cure.
        var cure: String?
        /// It is the key that is wrong, and not its value.
        var isOfKey = false
    }

    var problems: [Problem]

    init(_ text: String, cure: String? = nil) {
        problems = [Problem(text: text, cure: cure)]
    }

    init(problems: [Problem]) {
        self.problems = problems
    }

    static func wrongKind(_ expected: String, _ node: TOMLNode) -> ValueProblems {
        ValueProblems("must be \(expected), but is \(node.kind)")
    }
}

extension ValueForm {
    /// A text that `parse` must take. `problem` says what is wrong with one it does not.
    static func parsed(
        _ name: String, range: String? = nil, example: String, problem: String,
        parse: @escaping @Sendable (String) -> Value?, spell: @escaping @Sendable (Value) -> String
    ) -> ValueForm {
        ValueForm(
            name: name, range: range, example: TOMLText.quoted(example),
            read: { node throws(ValueProblems) in
                guard case .string(let text) = node else { throw .wrongKind("a text in quotes (\(name))", node) }
                guard let value = parse(text) else { throw ValueProblems("\(TOMLText.quoted(text)) \(problem)") }
                return value
            },
            spell: { TOMLText.quoted(spell($0)) })
    }

    /// `form`, where the empty text means "not set".
    static func optional<Wrapped>(_ form: ValueForm<Wrapped>) -> ValueForm where Value == Wrapped? {
        ValueForm(
            name: form.name, range: form.range.map { "\($0), or empty" } ?? "or empty", example: form.example,
            read: { node throws(ValueProblems) in
                if case .string("") = node { return nil }
                return try form.read(node)
            },
            spell: { $0.map(form.spell) ?? "\"\"" })
    }

    /// A list of such values, each told apart in what is wrong.
    static func list<Element>(of form: ValueForm<Element>, atMost limit: Int, orEmpty: Bool) -> ValueForm
    where Value == [Element] {
        ValueForm(
            name: "list of \(form.name)", range: form.range, example: "[\(form.example)]",
            read: { node throws(ValueProblems) in
                guard case .array(let nodes) = node else { throw .wrongKind("a list in brackets", node) }
                if nodes.isEmpty, !orEmpty { throw ValueProblems("must not be empty") }
                if nodes.count > limit { throw ValueProblems("has \(nodes.count) elements, more than \(limit)") }
                var values: [Element] = []
                var faults = ValueProblems(problems: [])
                for (index, node) in nodes.enumerated() {
                    do throws(ValueProblems) {
                        values.append(try form.read(node))
                    } catch {
                        faults.problems += error.problems.map {
                            var problem = $0
                            problem.path = "[\(index)]\(problem.path)"
                            return problem
                        }
                    }
                }
                if !faults.problems.isEmpty { throw faults }
                return values
            },
            spell: { "[\($0.map(form.spell).joined(separator: ", "))]" })
    }
}

extension ValueForm<Bool> {
    static let boolean = ValueForm(
        name: "boolean", range: "true or false", example: "true",
        read: { node throws(ValueProblems) in
            guard case .boolean(let value) = node else {
                throw ValueProblems(
                    "must be true or false, but is \(node.kind)", cure: "Write true or false, without quotes")
            }
            return value
        },
        spell: { "\($0)" })
}

extension ValueForm<Int> {
    static func integer(_ range: ClosedRange<Int>) -> ValueForm {
        ValueForm(
            name: "number", range: "\(range.lowerBound) to \(range.upperBound)", example: "\(range.lowerBound)",
            read: { node throws(ValueProblems) in
                guard case .integer(let value) = node else { throw .wrongKind("a whole number without quotes", node) }
                guard range.contains(value) else { throw .outOfRange("\(value)", range, spell: { "\($0)" }) }
                return value
            },
            spell: { "\($0)" })
    }

    /// Octets.
    static func size(_ range: ClosedRange<Int>) -> ValueForm {
        ValueForm(
            name: "size", range: "\(SizeText.spell(range.lowerBound)) to \(SizeText.spell(range.upperBound))",
            example: "\"35 MB\"",
            read: { node throws(ValueProblems) in
                guard case .string(let text) = node else {
                    throw .wrongKind("a size in quotes, with its unit", node)
                }
                guard let value = SizeText.parse(text) else {
                    throw ValueProblems("\(TOMLText.quoted(text)) is no size")
                }
                guard range.contains(value) else { throw .outOfRange(text, range, spell: SizeText.spell) }
                return value
            },
            spell: { TOMLText.quoted(SizeText.spell($0)) })
    }
}

extension ValueForm<UInt16> {
    static let port = ValueForm(
        name: "port number", range: "1 to 65535", example: "25",
        read: { node throws(ValueProblems) in
            guard case .integer(let value) = node else { throw .wrongKind("a port number without quotes", node) }
            guard let port = UInt16(exactly: value), port > 0 else {
                throw .outOfRange("\(value)", 1...65_535, spell: { "\($0)" })
            }
            return port
        },
        spell: { "\($0)" })
}

extension ValueForm<Double> {
    static func fraction(_ range: ClosedRange<Double>) -> ValueForm {
        ValueForm(
            name: "fraction", range: "\(range.lowerBound) to \(range.upperBound)", example: "\(range.lowerBound)",
            read: { node throws(ValueProblems) in
                let value: Double
                switch node {
                case .float(let number): value = number
                case .integer(let number): value = Double(number)
                default: throw .wrongKind("a number without quotes", node)
                }
                guard range.contains(value) else { throw .outOfRange("\(value)", range, spell: { "\($0)" }) }
                return value
            },
            spell: { "\($0)" })
    }
}

extension ValueForm<Duration> {
    static func duration(_ range: ClosedRange<Duration>, example: String = "5m") -> ValueForm {
        ValueForm(
            name: "span of time",
            range: "\(DurationText.spell(range.lowerBound)) to \(DurationText.spell(range.upperBound))",
            example: TOMLText.quoted(example),
            read: { node throws(ValueProblems) in
                guard case .string(let text) = node else {
                    throw .wrongKind("a span of time in quotes, with its unit", node)
                }
                guard let value = DurationText.parse(text) else {
                    throw ValueProblems("\(TOMLText.quoted(text)) is no span of time")
                }
                guard range.contains(value) else { throw .outOfRange(text, range, spell: DurationText.spell) }
                return value
            },
            spell: { TOMLText.quoted(DurationText.spell($0)) })
    }
}

extension ValueForm<Duration?> {
    /// A span of time, or `0` for never.
    static func durationOrNever(_ range: ClosedRange<Duration>) -> ValueForm {
        let form = ValueForm<Duration>.duration(range)
        return ValueForm(
            name: form.name, range: form.range.map { "\($0), or 0 for never" }, example: form.example,
            read: { node throws(ValueProblems) in
                switch node {
                case .integer(0): return nil
                case .string(let text) where DurationText.parse(text) == .zero: return nil
                default: return try form.read(node)
                }
            },
            spell: { $0.map(form.spell) ?? "\"0\"" })
    }
}

extension ValueForm where Value: RawRepresentable, Value.RawValue == String {
    /// One of the words of `Value`.
    static func choice(of words: [Value]) -> ValueForm {
        let list = words.map { TOMLText.quoted($0.rawValue) }.joined(separator: ", ")
        return ValueForm(
            name: "choice", range: list, example: words.first.map { TOMLText.quoted($0.rawValue) } ?? "",
            read: { node throws(ValueProblems) in
                guard case .string(let text) = node else { throw .wrongKind("a text in quotes", node) }
                guard let value = words.first(where: { $0.rawValue == text }) else {
                    let near = Spelling.nearest(to: text, of: words.map(\.rawValue))
                    throw ValueProblems(
                        "\(TOMLText.quoted(text)) is none of \(list)",
                        cure: near.map { "Did you mean \(TOMLText.quoted($0))?" } ?? "Choose one of these")
                }
                return value
            },
            spell: { TOMLText.quoted($0.rawValue) })
    }
}

extension ValueProblems {
    static func outOfRange<Bound>(
        _ value: String, _ range: ClosedRange<Bound>, spell: (Bound) -> String
    ) -> ValueProblems {
        let (low, high) = (spell(range.lowerBound), spell(range.upperBound))
        return ValueProblems("\(value) is out of range", cure: "Choose a value from \(low) to \(high)")
    }
}
