import FlyingFox
import Mail

/// A path of the control socket, and what is asked or ordered there.
enum ControlPlace: Hashable, Sendable {
    case status
    case queue
    /// An id as it was written.
    case message(String)
    case order(QueueVerb)
    case destinations
    /// A name as it was written.
    case suspend(String)
    case resume(String)
    case holds
    case addHold
    /// A number as it was written.
    case removeHold(String)
    case trace
    case explain
    case bundle
    case reload
    case metrics
    case simulate
    case policy(String)
    case policies
    case refresh(String)
    case reports
    case reportPreview
    case sendReports
    case alarms(AlarmPlace)
    /// A name as it was written.
    case history(String)
    case forecast
    case exceptions(ExceptionPlace)
    case proof(ProofPlace)

    /// From the steps behind `/v1`; nil where there is nothing.
    init?(_ steps: some Collection<String>) {
        let steps = Array(steps)
        if let place = ProofPlace(steps) {
            self = .proof(place)
            return
        }
        switch (steps.first, steps.dropFirst().first, steps.dropFirst(2).first, steps.count) {
        case ("status", nil, nil, 1): self = .status
        case ("queue", nil, nil, 1): self = .queue
        case ("queue", let step?, nil, 2): self = QueueVerb(rawValue: step).map(Self.order) ?? .message(step)
        case ("destinations", nil, nil, 1): self = .destinations
        case ("destinations", let name?, "suspend", 3): self = .suspend(name)
        case ("destinations", let name?, "resume", 3): self = .resume(name)
        case ("holds", nil, nil, 1): self = .holds
        case ("holds", "add", nil, 2): self = .addHold
        case ("holds", let number?, "remove", 3): self = .removeHold(number)
        case ("trace", nil, nil, 1): self = .trace
        case ("explain", nil, nil, 1): self = .explain
        case ("bundle", nil, nil, 1): self = .bundle
        case ("reload", nil, nil, 1): self = .reload
        case ("metrics", nil, nil, 1): self = .metrics
        case ("simulate", nil, nil, 1): self = .simulate
        case ("policy", let domain?, nil, 2): self = .policy(domain)
        case ("sts", nil, nil, 1): self = .policies
        case ("sts", let domain?, "refresh", 3): self = .refresh(domain)
        case ("tlsrpt", nil, nil, 1): self = .reports
        case ("tlsrpt", "preview", nil, 2): self = .reportPreview
        case ("tlsrpt", "send", nil, 2): self = .sendReports
        case ("history", let name?, nil, 2): self = .history(name)
        case ("forecast", nil, nil, 1): self = .forecast
        default:
            if let place = AlarmPlace(steps) {
                self = .alarms(place)
            } else if let place = ExceptionPlace(steps) {
                self = .exceptions(place)
            } else {
                return nil
            }
        }
    }

    /// What may be asked, for those who ask for something else.
    static let questions = [
        "status", "queue", "queue/ID", "destinations", "holds", "trace", "explain", "bundle", "history/NAME",
        "forecast",
        "exceptions", "observed", "alarms", "doctor", "compliance", "letter", "canaries", "metrics", "policy/DOMAIN",
        "sts", "tlsrpt",
    ].map { "/v1/\($0)" }

    /// True where only a POST is taken, false where only a GET is.
    var isOrder: Bool {
        switch self {
        case .order, .suspend, .resume, .addHold, .removeHold, .reload, .refresh, .sendReports, .simulate: true
        case .alarms(let place): place.isOrder
        case .exceptions(let place): place.isOrder
        default: false
        }
    }

    /// Reads what stands behind the `?`.
    func request(_ items: [HTTPRequest.QueryItem]) throws(ControlRefusal) -> ControlRequest {
        switch self {
        case .queue: return .queue(try ControlParameters(items, ControlParameters.queueNames).queueQuery())
        case .order(let verb): return .order(try ControlParameters(items, ControlParameters.orderNames).order(verb))
        case .destinations:
            let parameters = try ControlParameters(items, ["limit", "suspended"])
            let limit = try parameters.limit(
                upTo: ControlLimits.destinations, else: ControlLimits.usualDestinations)
            return .destinations(limit: limit, suspendedOnly: try parameters.flag("suspended"))
        case .suspend(let name):
            let parameters = try ControlParameters(items, ["seconds", "reason"])
            return .suspend(
                try Self.destination(name), seconds: try parameters.seconds("seconds", upTo: ControlLimits.suspension),
                reason: try parameters.reason())
        case .addHold:
            let parameters = try ControlParameters(items, ["sender", "recipient", "destination", "reason"])
            return .addHold(try parameters.holdOrder(), reason: try parameters.reason())
        case .trace:
            let parameters = try ControlParameters(items, ["key", "limit"])
            return .trace(
                key: try parameters.key(),
                limit: try parameters.limit(upTo: ControlLimits.lives, else: ControlLimits.usualLives))
        case .simulate: return .simulate(try ControlParameters(items, ControlBody.parameters).simulationQuery())
        case .explain:
            let parameters = try ControlParameters(items, ["key", "limit"])
            return .explain(
                key: try parameters.key(),
                limit: try parameters.limit(upTo: ControlLimits.explained, else: ControlLimits.usualExplained))
        case .bundle: return .bundle(key: try ControlParameters(items, ["key"]).key())
        case .policies: return .policies(try ControlParameters(items, ["after", "limit"]).policyQuery())
        case .reports: return .reports(try ControlParameters(items, ["domain", "after", "limit"]).reportQuery())
        case .reportPreview:
            return .reportPreview(try ControlParameters(items, ["day", "domain", "after", "limit"]).reportQuery())
        case .alarms(let place): return try place.request(items)
        case .exceptions(let place): return .exceptions(try place.request(items))
        case .sendReports: return .sendReports(try ControlParameters(items, ["day", "domain"]).reportQuery())
        case .history(let name): return try ControlParameters(items, ["before", "limit"]).history(of: name)
        case .forecast: return try ControlParameters(items, ["seconds"]).forecast()
        case .proof(let place): return .proof(try place.request(items))
        case .status, .message, .resume, .holds, .removeHold, .reload, .metrics, .policy, .refresh:
            _ = try ControlParameters(items, [])
            return try bareRequest()
        }
    }

    /// What takes no parameters.
    private func bareRequest() throws(ControlRefusal) -> ControlRequest {
        switch self {
        case .message(let text): .show(try ControlParameters.queueID(text))
        case .resume(let name): .resume(try Self.destination(name))
        case .holds: .holds
        case .removeHold(let text): .removeHold(try Self.ruleNumber(text))
        case .reload: .reload
        case .metrics: .metrics
        case .policy(let domain): .policy(try ControlParameters.domainName(domain))
        case .refresh(let domain): .refreshPolicy(try ControlParameters.domainName(domain))
        default: .status
        }
    }

    private static func destination(_ text: String) throws(ControlRefusal) -> DestinationName {
        try ControlParameters.destinationName(text)
    }

    private static func ruleNumber(_ text: String) throws(ControlRefusal) -> Int64 {
        guard let number = Int64(strictly: text), number > 0 else {
            throw .bad("bad-number", text, "is no number of a hold rule", "See /v1/holds")
        }
        return number
    }
}
