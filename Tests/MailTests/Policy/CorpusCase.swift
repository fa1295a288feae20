import FoundationEssentials

@testable import Mail

/// JSON of any shape: the corpus was gathered from many sources.
enum JSONValue: Decodable, Sendable {
    case text(String)
    case number(Int)
    case truth(Bool)
    case list([JSONValue])
    case object([String: JSONValue])
    case null

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let truth = try? value.decode(Bool.self) {
            self = .truth(truth)
        } else if let number = try? value.decode(Int.self) {
            self = .number(number)
        } else if let text = try? value.decode(String.self) {
            self = .text(text)
        } else if let list = try? value.decode([JSONValue].self) {
            self = .list(list)
        } else if let object = try? value.decode([String: JSONValue].self) {
            self = .object(object)
        } else {
            self = .null
        }
    }

    subscript(key: String) -> JSONValue? {
        if case .object(let members) = self { members[key] } else { nil }
    }
    var text: String? { if case .text(let text) = self { text } else { nil } }
    var number: Int? { if case .number(let number) = self { number } else { nil } }
    var list: [JSONValue] { if case .list(let list) = self { list } else { [] } }
}

/// A decision case whose DNS view is a list of `name, type, data, status`, brought into our form.
struct CorpusCase: Sendable {
    let id: String
    let expected: JSONValue
    let server: String
    let view: DNSView
    let nextHop: NextHop
    let settings: RouteSettings
    /// The operator's part, `dane_policy`.
    let policy: PolicySettings

    /// Nil where the case is of another form.
    init?(_ json: JSONValue) {
        guard let id = json["id"]?.text, let expected = json["expected"] else { return nil }
        let entries = json["dns"]?.list ?? []
        guard !entries.isEmpty, entries.allSatisfy({ $0["name"]?.text != nil && $0["type"]?.text != nil }) else {
            return nil
        }
        self.id = id
        self.expected = expected
        server = json["server"]?.text ?? ""
        // Exim does no DANE behind an insecure MX, which is our dane.insecure_mx = false.
        settings = RouteSettings(loopbackAllowed: true, daneForInsecureMX: !id.hasPrefix("exim"))
        policy = PolicySettings(
            daneForInsecureMX: settings.daneForInsecureMX, rules: Self.rules(json["dane_policy"]?.text ?? ""))

        var view: DNSView = [:]
        var hosts: [String] = []
        var domain: String?
        for entry in entries {
            let type = (entry["type"]?.text ?? "").split(separator: " ").first.map(String.init) ?? ""
            let name = Self.qualified(entry["name"]?.text ?? "", id)
            let data = Self.records(type, entry["data"]?.text, id)
            let value = Self.entry(entry["status"]?.text ?? "", data, isNXDOMAIN: entry["data"]?.text == "NXDOMAIN")
            for word in type.split(separator: "/") { view["\(name) \(word)"] = value }
            if let ttl = entry["soa_minimum"]?.number { view.timesToLive["\(name) \(type)"] = UInt32(ttl) }
            switch type {
            case "MX":
                domain = domain ?? name
                hosts += data.compactMap { $0.split(separator: " ").last.map(String.init) }
            case "CNAME" where entry["type"]?.text != "CNAME":
                domain = name
            case "A", "CNAME", "A/AAAA":
                hosts.append(name)
                if type == "CNAME" { hosts += data }
            default:
                hosts.append(name.split(separator: ".").dropFirst(2).joined(separator: "."))
            }
        }
        // What the cases leave unsaid: hosts have an address, in a zone as secure as their TLSA records.
        for host in Set(hosts) where host != "." && view["\(host) A"] == nil && view["\(host) CNAME"] == nil {
            let tlsa = view["_25._tcp.\(host) TLSA"]
            let isInsecure = if case .insecure? = tlsa { true } else { false }
            view["\(host) A"] = isInsecure ? .insecure("192.0.2.1") : .secure("192.0.2.1")
        }
        // The cases of one script share a zone, of which each states a part.
        let shared = "_25._tcp.dane512ee.test.ex TLSA"
        if id.hasPrefix("exim-5802"), view[shared] == nil { view[shared] = .secure(tlsaText("3 1 2", count: 64)) }
        self.view = view
        let first = hosts.first ?? ""
        let target = domain ?? first
        guard let name = try? DomainName(target) else { return nil }
        nextHop = NextHop(domain == nil ? .host(name) : .domain(name))
    }

    /// Mandatory DANE and no DANE are rules for all destinations (DANE-21, DANE-22).
    static func rules(_ daneMode: String) -> RuleTable {
        let rule = DecisionWorld.rule("rule \"*\"") { rule in
            if daneMode == "required" { rule.demand = DecisionWorld.demand(.authenticated, by: [.dane]) }
            if daneMode == "off" { rule.dane = .off }
        }
        return RuleTable([Rule(destination: .any, host: nil, settings: rule)])
    }

    private static func qualified(_ name: String, _ id: String) -> String {
        let name = name.replacing("_p._tcp", with: "_25._tcp").lowercased()
        let origin = id.hasPrefix("exim") ? "test.ex" : id.hasPrefix("maddy") ? "example.invalid" : "example"
        let bare = name.hasPrefix("_25._tcp.") ? String(name.dropFirst(9)) : name
        if id.hasPrefix("maddy") {
            if bare == "mx" { return "\(name).example.invalid" }
            return bare == "mx.cname" ? "\(name).invalid" : name
        }
        let isAbsolute = bare.contains(".") && !bare.hasPrefix("dane.no.")
        return isAbsolute || bare.isEmpty ? name : "\(name).\(origin)"
    }

    private static func records(_ type: String, _ data: String?, _ id: String) -> [String] {
        switch type {
        case "MX":
            guard let data, data != "NXDOMAIN" else { return [] }
            if data == "0 ." { return [data] }
            // A remark in parentheses may hold a comma.
            let plain = data.replacing(#/\([^)]*\)/#, with: "")
            return plain.split(separator: ",").enumerated().map { place, host in
                "\(10 + place) \(qualified(host.filter { !$0.isWhitespace }, id))"
            }
        case "A": return [data?.contains("127.") == true ? "127.0.0.1" : "192.0.2.1"]
        case "CNAME": return data.map { [qualified(String($0.split(separator: " ").first ?? ""), id)] } ?? []
        case "TLSA":
            guard let data else { return [] }
            let fields = data.split(separator: " ")
            let prefix = fields.prefix(3).joined(separator: " ")
            if data.contains("3 bytes") { return ["\(prefix) 010203"] }
            let isMatch = !data.lowercased().contains("no match")
            return [tlsaText(prefix, isMatch ? "ab" : "cd", count: prefix.hasSuffix("2") ? 64 : 32)]
        default: return []
        }
    }

    private static func entry(_ status: String, _ data: [String], isNXDOMAIN: Bool) -> DNSView.Entry {
        if isNXDOMAIN { return .noSuchName(.secure) }
        switch status {
        case "secure": return .secure(data)
        case "insecure", "unsigned": return .insecure(data)
        case "bogus": return .bogus
        case "servfail", "timeout", "no-answer": return .failing(status)
        case "secure-nodata", "absent": return .none(.secure)
        case "insecure-nxdomain", "unsigned-nxdomain": return .noSuchName(.insecure)
        default: return .noSuchName(.secure)  // nxdomain, secure-nxdomain
        }
    }

    /// What a server with a key that matches `ab…` and no other record shows to `requirement`.
    func evidence(_ requirement: TLSRequirement, isMisnamed: Bool) -> PeerEvidence {
        if server.contains("no STARTTLS") { return .startTLSNotOffered }
        if server.contains("only TLS 1.1") { return .handshakeFailed(HandshakeFailure(.negotiation, text: "version")) }
        guard let dane = requirement.dane else { return TLSVerdictTests.session(.unverified) }
        guard let match = dane.records.first(where: { $0.data.first == 0xAB }) else {
            return .handshakeFailed(HandshakeFailure(.verification(.noMatchingTLSA), text: "no match"))
        }
        // DANE-30: names count for DANE-TA only.
        if isMisnamed && match.usage == 2 {
            return .handshakeFailed(HandshakeFailure(.verification(.hostMismatch), text: "name"))
        }
        return TLSVerdictTests.session(.dane(matched: match, depth: 0))
    }
}
