import FlyingFox

/// Paths about alarms and the relay's own health.
enum AlarmPlace: Hashable, Sendable {
    case list
    /// A number as it was written.
    case acknowledge(String)
    case doctor

    /// From the steps behind `/v1`; nil where there is nothing.
    init?(_ steps: [String]) {
        if steps == ["alarms"] {
            self = .list
        } else if steps == ["doctor"] {
            self = .doctor
        } else if steps.count == 3, steps[0] == "alarms", steps[2] == "acknowledge" {
            self = .acknowledge(steps[1])
        } else {
            return nil
        }
    }

    var isOrder: Bool {
        if case .acknowledge = self { true } else { false }
    }

    func request(_ items: [HTTPRequest.QueryItem]) throws(ControlRefusal) -> ControlRequest {
        switch self {
        case .list:
            let parameters = try ControlParameters(items, ["standing", "before", "limit"])
            return .alarms(
                AlarmQuery(
                    standing: try parameters.choice("standing"), before: try parameters.alarmNumber("before"),
                    limit: try parameters.limit(upTo: AlarmQuery.limitCeiling, else: AlarmQuery.usualLimit)))
        case .acknowledge(let text):
            let parameters = try ControlParameters(items, ["words"])
            guard let number = Int64(strictly: text), number > 0 else {
                throw .bad("bad-number", text, "is no number of an alarm", "See /v1/alarms")
            }
            return .acknowledgeAlarm(number, words: try parameters.words())
        case .doctor:
            _ = try ControlParameters(items, [])
            return .doctor
        }
    }
}

extension ControlParameters {
    /// `yes` or `no`; nil where it is not given.
    fileprivate func choice(_ name: String) throws(ControlRefusal) -> Bool? {
        switch value(name) {
        case "yes": return true
        case "no": return false
        case nil: return nil
        case let other?: throw .bad("bad-choice", other, "is no value of \(name)", "Write yes or no")
        }
    }

    fileprivate func alarmNumber(_ name: String) throws(ControlRefusal) -> Int64? {
        guard let text = value(name) else { return nil }
        guard let number = Int64(strictly: text), number > 0 else {
            throw .bad("bad-number", text, "is no number of an alarm", "Use next of the page before")
        }
        return number
    }

    /// Words of the operator, with the bounds of a reason.
    fileprivate func words() throws(ControlRefusal) -> String? {
        guard let text = value("words") else { return nil }
        guard let words = ControlReason.read(text) else {
            throw ControlRefusal(
                .badRequest, "bad-words", "the words cannot be taken",
                "1 to \(ControlLimits.reason) octets on one line, without control characters")
        }
        return words
    }
}
