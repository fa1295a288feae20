import FlyingFox
import Mail

/// Places of the control socket about proof: what left how, letters, canaries. All are asked, none is ordered.
enum ProofPlace: Hashable, Sendable {
    case compliance
    case proofs
    case letter
    case canaries

    /// From the steps behind `/v1`; nil where there is nothing.
    init?(_ steps: [String]) {
        switch steps {
        case ["compliance"]: self = .compliance
        case ["compliance", "proofs"]: self = .proofs
        case ["letter"]: self = .letter
        case ["canaries"]: self = .canaries
        default: return nil
        }
    }

    /// Reads what stands behind the `?`.
    func request(_ items: [HTTPRequest.QueryItem]) throws(ControlRefusal) -> ProofRequest {
        switch self {
        case .compliance:
            let parameters = try ControlParameters(items, ["since", "until", "by", "after", "limit"])
            let days = try parameters.days()
            return .compliance(
                ComplianceQuery(
                    since: days.since, until: days.until, side: try parameters.side(), after: parameters.value("after"),
                    limit: try parameters.limit(
                        upTo: ComplianceQuery.limitCeiling, else: ComplianceQuery.limitCeiling)))
        case .proofs:
            let parameters = try ControlParameters(items, ["since", "until", "before", "limit"])
            let days = try parameters.days()
            return .proofs(
                ProofQuery(
                    since: days.since, until: days.until, before: try parameters.before(),
                    limit: try parameters.limit(
                        upTo: ComplianceQuery.limitCeiling, else: ComplianceQuery.limitCeiling)))
        case .letter:
            let parameters = try ControlParameters(items, ["key"])
            guard let key = parameters.value("key"), !key.isEmpty else {
                throw ControlRefusal(
                    .badRequest, "no-key", "nothing is named that a letter could be about",
                    "Give key=, a queue id or a domain")
            }
            return .letter(key)
        case .canaries:
            _ = try ControlParameters(items, [])
            return .canaries
        }
    }
}

/// What is asked there.
enum ProofRequest: Hashable, Sendable {
    case compliance(ComplianceQuery)
    case proofs(ProofQuery)
    case letter(String)
    case canaries
}

/// What the daemon shows of it.
public protocol ProofSource: Sendable {
    /// One page, by name. An error becomes 500.
    func compliance(_ query: ComplianceQuery) async throws -> CompliancePage
    /// One page, newest first. An error becomes 500.
    func proofs(_ query: ProofQuery) async throws -> ProofPage
    /// Looks at the hosts of the domain, or of the domain that a message waits for: takes its time.
    func letter(_ key: String) async throws -> LetterView
    func canaries() async throws -> CanariesView
}

extension ProofSource {
    func found(_ request: ProofRequest) async throws -> ControlAnswer {
        switch request {
        case .compliance(let query): .found(try await compliance(query))
        case .proofs(let query): .found(try await proofs(query))
        case .letter(let key): .found(try await letter(key))
        case .canaries: .found(try await canaries())
        }
    }
}

extension ControlParameters {
    /// UTC days, both counted; `until` is today where it is not given.
    fileprivate func days() throws(ControlRefusal) -> (since: ReportDay, until: ReportDay) {
        guard let since = try day("since") else {
            throw ControlRefusal(
                .badRequest, "no-day", "it is not said since when", "Give since=, a day such as 2026-11-21")
        }
        return (since, try day("until") ?? ReportDay(of: Service.clock()))
    }

    private func day(_ name: String) throws(ControlRefusal) -> ReportDay? {
        guard let text = value(name) else { return nil }
        guard let day = ReportDay(text: text) else {
            throw .bad("bad-day", text, "is no day", "Write it as 2026-11-21")
        }
        return day
    }

    fileprivate func side() throws(ControlRefusal) -> ComplianceQuery.Side {
        guard let text = value("by") else { return .destination }
        guard let side = ComplianceQuery.Side(rawValue: text) else {
            throw .bad("bad-choice", text, "is no value of by", "Write destination or sender")
        }
        return side
    }

    fileprivate func before() throws(ControlRefusal) -> Int64? {
        guard let text = value("before") else { return nil }
        guard let number = Int64(strictly: text), number > 0 else {
            throw .bad("bad-number", text, "is no number of a proof", "Take next of the page before")
        }
        return number
    }
}
