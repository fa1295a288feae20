import Logging
import Mail
import Net

extension ValueForm<SenderPattern> {
    static let sender = ValueForm(
        name: "mail address, \"@\" and a domain, \"@*.\" and a domain, or \"<>\"", range: nil,
        example: "\"@example.org\"",
        read: { node throws(ValueProblems) in
            guard case .string(let text) = node else { throw .wrongKind("a text in quotes", node) }
            if text == "<>" { return .null }
            // "*@example.org" is what others write.
            guard text.hasPrefix("@") || text.hasPrefix("*@") else {
                guard let mailbox = Mailbox(configured: text) else {
                    throw ValueProblems("\(TOMLText.quoted(text)) is neither a mail address nor \"@\" and a domain")
                }
                return .mailbox(mailbox)
            }
            let domain = text.drop { $0 == "*" }.dropFirst()
            let rest = domain.hasPrefix("*.") ? domain.dropFirst(2) : domain
            guard let name = DomainName(written: rest) else {
                throw ValueProblems("\(TOMLText.quoted(text)) has no domain name behind its @")
            }
            return .domain(rest.startIndex == domain.startIndex ? .exactly(name) : .below(name))
        },
        spell: { TOMLText.quoted($0.description) })
}

extension ValueForm<RulePattern> {
    static let queueDestination = ValueForm.pattern(
        name: "domain name, \"*.\" and a name, or \"*\"", example: "example.org",
        bracketed: { text throws(ValueProblems) in
            throw ValueProblems("\(TOMLText.quoted(text)) is an address; a destination has a name")
        })

    /// Rules for every site are keys of `[delivery]`.
    static let siteHost = ValueForm(
        name: "host name, or \"*.\" and a name", range: nil, example: "\"*.mail.example.net\"",
        read: { node throws(ValueProblems) in
            let pattern = try hostPattern.read(node)
            switch pattern {
            case .any:
                throw ValueProblems(
                    "is \"*\", which is every site", cure: "Set delivery.site_connections, or name a host")
            case .address: throw ValueProblems("is an address; an MX host has a name")
            case .exactly, .below: return pattern
            }
        },
        spell: hostPattern.spell)
}

extension ValueForm<Duration> {
    /// Zero is never.
    static func durationOrZero(_ range: ClosedRange<Duration>) -> ValueForm {
        let form = ValueForm<Duration?>.durationOrNever(range)
        return ValueForm(
            name: form.name, range: form.range, example: form.example,
            read: { node throws(ValueProblems) in try form.read(node) ?? .zero },
            spell: { form.spell($0 == .zero ? nil : $0) })
    }
}

extension ValueForm<Int> {
    /// Octets, or `0` for what is switched off.
    static func sizeOrOff(_ range: ClosedRange<Int>) -> ValueForm {
        let form = size(range)
        return ValueForm(
            name: form.name, range: form.range.map { "\($0), or 0 for off" }, example: form.example,
            read: { node throws(ValueProblems) in
                switch node {
                case .integer(0): return 0
                case .string(let text) where SizeText.parse(text) == 0: return 0
                default: return try form.read(node)
                }
            },
            spell: form.spell)
    }
}

extension ValueForm<SocketAddress> {
    static let tcpAddress = ValueForm.parsed(
        "address:port", example: "127.0.0.1:9425", problem: "is no address with a port (IPv6 in brackets, no names)",
        parse: { text in
            guard let address = SocketAddress(text), let port = address.port, port > 0 else { return nil }
            return address
        },
        spell: \.description)
}

extension ValueForm<[Configuration.LogStation: Logger.Level]> {
    /// `{ delivery = "debug" }`
    static let levels = ValueForm(
        name: "table of levels",
        range: "\(words(Configuration.LogStation.allCases)), each \(words(Logger.Level.allCases))",
        example: "{ delivery = \"debug\" }",
        read: { node throws(ValueProblems) in
            guard case .table(let entries) = node else { throw .wrongKind("a table", node) }
            let form = ValueForm<Logger.Level>.choice(of: Logger.Level.allCases)
            var levels: Self.Levels = [:]
            var faults = ValueProblems(problems: [])
            for (name, value) in entries {
                let path = ".\(ConfigurationPlaces.path("", name))"
                guard let station = Configuration.LogStation(rawValue: name) else {
                    let near = Spelling.nearest(to: name, of: Configuration.LogStation.allCases.map(\.rawValue))
                    faults.problems.append(
                        .init(
                            path: path, text: "there is no such station",
                            cure: near.map { "Did you mean \($0)?" }
                                ?? "They are \(words(Configuration.LogStation.allCases))", isOfKey: true))
                    continue
                }
                do throws(ValueProblems) {
                    levels[station] = try form.read(value)
                } catch {
                    faults.problems += error.problems.map {
                        var problem = $0
                        problem.path = path + problem.path
                        return problem
                    }
                }
            }
            if !faults.problems.isEmpty { throw faults }
            return levels
        },
        spell: { levels in
            let entries = levels.sorted { $0.key.rawValue < $1.key.rawValue }.map {
                "\($0.key.rawValue) = \(TOMLText.quoted($0.value.rawValue))"
            }
            return entries.isEmpty ? "{}" : "{ \(entries.joined(separator: ", ")) }"
        })

    private typealias Levels = [Configuration.LogStation: Logger.Level]

    private static func words<Word: RawRepresentable<String>>(_ all: [Word]) -> String {
        all.map(\.rawValue).joined(separator: ", ")
    }
}
