import FlyingFox
import Mail

/// Places of the control socket about exceptions, and about rules in mode `observe`.
enum ExceptionPlace: Hashable, Sendable {
    case list
    case add
    /// A name as it was written.
    case remove(String)
    case observed

    init?(_ steps: [String]) {
        switch (steps.first, steps.dropFirst().first, steps.dropFirst(2).first, steps.count) {
        case ("exceptions", nil, nil, 1): self = .list
        case ("exceptions", "add", nil, 2): self = .add
        case ("exceptions", let domain?, "remove", 3): self = .remove(domain)
        case ("observed", nil, nil, 1): self = .observed
        default: return nil
        }
    }

    /// True where only a POST is taken.
    var isOrder: Bool {
        switch self {
        case .add, .remove: true
        case .list, .observed: false
        }
    }

    func request(_ items: [HTTPRequest.QueryItem]) throws(ControlRefusal) -> ExceptionRequest {
        switch self {
        case .list:
            _ = try ControlParameters(items, [])
            return .list
        case .add:
            let names = ["domain", "allow", "seconds", "reason", "until_fixed"]
            return .add(try ControlParameters(items, names).exceptionOrder())
        case .remove(let domain):
            _ = try ControlParameters(items, [])
            return .remove(try ControlParameters.domainName(domain))
        case .observed:
            return .observed(days: try ControlParameters(items, ["days"]).observedDays())
        }
    }
}

/// What is asked or ordered there.
enum ExceptionRequest: Hashable, Sendable {
    case list
    /// A POST.
    case add(ExceptionOrder)
    /// A POST.
    case remove(DomainName)
    case observed(days: Int)
}

extension ControlParameters {
    fileprivate func exceptionOrder() throws(ControlRefusal) -> ExceptionOrder {
        guard let domain = value("domain") else {
            throw ControlRefusal(
                .badRequest, "no-domain", "an exception is for a domain", "Give domain=, as A-labels")
        }
        guard let allow = value("allow").flatMap(PolicyException.Allowed.init) else {
            throw .bad(
                "bad-choice", value("allow") ?? "", "is nothing that an exception allows",
                "Give allow=encrypted or "
                    + "allow=opportunistic")
        }
        guard let seconds = try seconds("seconds", upTo: ControlLimits.exception) else {
            throw ControlRefusal(
                .badRequest, "no-end", "an exception has an end",
                "Give seconds=, a number from 1 to \(ControlLimits.exception)")
        }
        guard let reason = try reason() else {
            throw ControlRefusal(
                .badRequest, "no-reason", "an exception has a reason, for those who come after you", "Give reason=")
        }
        return ExceptionOrder(
            domain: try Self.domainName(domain), allow: allow, seconds: seconds, reason: reason,
            isUntilFixed: try flag("until_fixed"))
    }

    fileprivate func observedDays() throws(ControlRefusal) -> Int {
        guard let text = value("days") else { return ControlLimits.usualObservedDays }
        guard let days = Int(strictly: text), (1...ControlLimits.observedDays).contains(days) else {
            throw .bad(
                "bad-days", text, "is no number of days", "A number from 1 to \(ControlLimits.observedDays)")
        }
        return days
    }
}
