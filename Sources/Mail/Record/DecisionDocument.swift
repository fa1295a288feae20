import FoundationEssentials

/// A decision as it is kept: the answers of DNS with their security, the MTA-STS policy, the rules, and what each host was to
/// show with the step that led there. Two decisions that say the same are the same octets.
public struct DecisionDocument: Hashable, Sendable, Codable {
    public var policy: PolicyDocument
    /// What the message asked of transport security: `requiretls`, `optional`…; nil for nothing of its own.
    public var demand: String?

    /// Hexadecimal digits of the data of a TLSA record that are kept where the whole does not fit: more than any digest has.
    static let dataKept = 128

    public init(policy: PolicyDocument, demand: String? = nil) {
        self.policy = policy
        self.demand = demand
    }

    public init(_ decision: PolicyDecision) {
        var policy = PolicyDocument(PolicyDecision(decision.inputs.canonical))
        policy.route = PolicyDocument.RouteRow(to: decision.inputs.facts.nextHop, by: decision.inputs.settings.rules)
        self.init(policy: policy, demand: decision.inputs.demand.word)
    }

    /// One line of JSON of at most `limit` octets: where whole certificates in TLSA records make it longer, their beginnings
    /// stand for them. Nil where it does not fit even so.
    public func json(upTo limit: Int) -> [UInt8]? {
        if let whole = encoded, whole.count <= limit { return whole }
        var short = self
        for host in short.policy.hosts.indices {
            for place in short.policy.hosts[host].tlsa.records.indices {
                let data = short.policy.hosts[host].tlsa.records[place].data
                if data.utf8.count > Self.dataKept {
                    short.policy.hosts[host].tlsa.records[place].data = "\(data.prefix(Self.dataKept))…"
                }
            }
        }
        guard let rest = short.encoded, rest.count <= limit else { return nil }
        return rest
    }

    private var encoded: [UInt8]? { RecordJSON.encode(self) }
}

extension PolicyDocument.RouteRow {
    /// Rules of one next hop that are named; the rest is counted.
    static let rulesNamed = 3

    /// A decision is made for a next hop, whichever recipients' domains lead there: of several rules it may be any. Nil where
    /// no rule leads there.
    init?(to nextHop: NextHop, by rules: RuleTable) {
        guard rules.route(to: nextHop) != nil else { return nil }
        let labels = rules.labels(ofRoutesTo: nextHop)
        var words = labels.prefix(Self.rulesNamed)
        if labels.count > Self.rulesNamed { words.append("\(labels.count - Self.rulesNamed) more") }
        self.init(nextHop: nextHop.description, rule: words.joined(separator: " or "))
    }
}

/// JSON of documents: keys in order, nil left away.
enum RecordJSON {
    static func encode(_ value: some Encodable) -> [UInt8]? {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(value)).map(Array.init)
    }
}

extension DecisionDocument {
    /// Reads what ``json(upTo:)`` wrote; nil for anything else.
    public init?(json: [UInt8]) {
        guard let read = try? JSONDecoder().decode(Self.self, from: Data(json)) else { return nil }
        self = read
    }
}
