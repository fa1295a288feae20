import FlyingFox
import Mail

extension ControlParameters {
    func history(of name: String) throws(ControlRefusal) -> ControlRequest {
        let domain = try Self.domainName(name)
        let limit = try limit(upTo: ControlLimits.changes, else: ControlLimits.usualChanges)
        guard let text = value("before") else { return .history(domain, before: nil, limit: limit) }
        guard let before = Int64(strictly: text), before > 0 else {
            throw .bad("bad-number", text, "is no number of a change", "See next in the page before")
        }
        return .history(domain, before: before, limit: limit)
    }

    func forecast() throws(ControlRefusal) -> ControlRequest {
        .forecast(seconds: try seconds("seconds", upTo: ControlLimits.forecast))
    }
}

extension ControlSource {
    static func history(_ view: HistoryView?, _ name: DomainName) -> ControlAnswer {
        if let view { return .found(view) }
        return .refused(
            .notFound, "nothing-known", "nothing is known of \(name)",
            "No mail has gone there since history is kept: /v1/policy/\(name) looks now")
    }
}
