import DNS
import FlyingFox
import Mail

/// What stands behind the `?` of a request, read strictly: a name that is not known, a value out of its bounds, and a second
/// value where there is one are refused, so that no order is taken for another.
struct ControlParameters {
    private var values: [String: [String]] = [:]

    /// These may be given more than once.
    private static let repeatable: Set<String> = ["id", "state"]
    private static let selectorNames = ["id", "destination", "sender", "recipient", "older_than", "all"]
    static let queueNames = selectorNames + ["state", "limit", "cursor"]
    static let orderNames = selectorNames + ["dry_run", "reason", "cursor"]

    init(_ items: [HTTPRequest.QueryItem], _ known: [String]) throws(ControlRefusal) {
        for item in items {
            guard known.contains(item.name) else {
                let list = known.isEmpty ? "None is known here" : "Known are \(known.joined(separator: ", "))"
                throw ControlRefusal(
                    .badRequest, "unknown-parameter", "there is no parameter \(LogLine.escaped(item.name))", list)
            }
            // A reason has a bound of its own, with its own words.
            if item.name != "reason", item.value.utf8.count > ControlLimits.text {
                throw ControlRefusal(
                    .badRequest, "too-long", "\(item.name) is too long", "At most \(ControlLimits.text) octets")
            }
            if values[item.name] != nil, !Self.repeatable.contains(item.name) {
                throw ControlRefusal(.badRequest, "given-twice", "\(item.name) is given twice", "Give it once")
            }
            values[item.name, default: []].append(item.value)
        }
    }

    /// nil where it is not given.
    func value(_ name: String) -> String? { values[name]?.first }

    func all(_ name: String) -> [String] { values[name] ?? [] }

    /// True for `yes`, false where it is not given; there is no other word, so that nobody believes to have said no.
    func flag(_ name: String) throws(ControlRefusal) -> Bool {
        switch value(name) {
        case "yes": return true
        case nil: return false
        case let other?: throw .bad("bad-choice", other, "is no value of \(name)", "Write yes, or leave it out")
        }
    }

    func limit(upTo ceiling: Int, else usual: Int) throws(ControlRefusal) -> Int {
        guard let text = value("limit") else { return usual }
        guard let limit = Int(strictly: text), (1...ceiling).contains(limit) else {
            throw .bad("bad-limit", text, "is no limit", "A number from 1 to \(ceiling)")
        }
        return limit
    }

    /// A span of time, at least a second.
    func seconds(_ name: String, upTo ceiling: Int64) throws(ControlRefusal) -> Int64? {
        guard let text = value(name) else { return nil }
        guard let seconds = Int64(strictly: text), (1...ceiling).contains(seconds) else {
            throw .bad("bad-seconds", text, "is no number of seconds for \(name)", "A number from 1 to \(ceiling)")
        }
        return seconds
    }

    /// Words for people: one line, which lands in logs, lists and notices.
    func reason() throws(ControlRefusal) -> String? {
        guard let text = value("reason") else { return nil }
        guard let reason = ControlReason.read(text) else {
            throw ControlRefusal(
                .badRequest, "bad-reason", "the reason cannot be taken",
                "1 to \(ControlLimits.reason) octets on one line, without control characters")
        }
        return reason
    }

    /// What a trace is looked up by.
    func key() throws(ControlRefusal) -> String {
        guard let text = value("key"), !text.isEmpty else {
            throw ControlRefusal(
                .badRequest, "no-key", "nothing is named that could be traced",
                "Give key=, a queue id, a Message-ID or a mail address")
        }
        return text
    }

    static func queueID(_ text: String) throws(ControlRefusal) -> QueueID {
        guard let id = QueueID(text) else {
            throw .bad(
                "bad-queue-id", text, "is no queue id",
                "A queue id has \(QueueID.length) letters and digits, as in the log")
        }
        return id
    }

    static func domainName(_ text: String) throws(ControlRefusal) -> DomainName {
        do throws(DomainNameError) {
            return try DomainName(text)
        } catch {
            throw .bad("bad-domain", text, "is no domain name", "Write it in ASCII, as A-labels")
        }
    }

    static func destinationName(_ text: String) throws(ControlRefusal) -> DestinationName {
        guard let name = DestinationName(text) else {
            throw .bad("bad-domain", text, "is no destination", "Write it in ASCII, as /v1/destinations lists it")
        }
        return name
    }
}

extension ControlParameters {
    func policyQuery() throws(ControlRefusal) -> PolicyQuery {
        var query = PolicyQuery()
        if let after = value("after") { query.after = try Self.domainName(after) }
        query.limit = try limit(upTo: PolicyQuery.limitCeiling, else: query.limit)
        return query
    }

    func reportQuery() throws(ControlRefusal) -> ReportQuery {
        var query = ReportQuery()
        if let domain = value("domain") { query.domain = try Self.domainName(domain) }
        if let after = value("after") { query.after = try Self.domainName(after) }
        query.limit = try limit(upTo: ReportQuery.limitCeiling, else: query.limit)
        if let text = value("day") {
            guard let day = ReportDay(text: text) else {
                throw .bad("bad-day", text, "is no day", "Write it as 2026-11-21")
            }
            query.day = day
        }
        return query
    }
}
