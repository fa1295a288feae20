import FlyingFox

extension ControlClient {
    /// One page of what the configuration would change.
    public func simulate(_ query: SimulationQuery) async throws(ControlClientError) -> ControlReply<SimulationPage> {
        var items = [("file", query.file), ("days", "\(query.days)"), ("limit", "\(query.limit)")]
        if let after = query.after { items.append(("after", after)) }
        let path = "/v1/simulate"
        return try reply(
            to: path,
            try await fetch(
                path, items, method: .POST, body: Array(query.configuration.utf8), patience: Self.lookupPatience))
    }
}
