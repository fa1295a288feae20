extension ControlClient {
    public func compliance(
        _ query: ComplianceQuery
    ) async throws(ControlClientError) -> ControlReply<CompliancePage> {
        var items = [
            ("since", "\(query.since)"), ("until", "\(query.until)"), ("by", query.side.rawValue),
            ("limit", "\(query.limit)"),
        ]
        if let after = query.after { items.append(("after", after)) }
        return try await get("/v1/compliance", items)
    }

    public func proofs(_ query: ProofQuery) async throws(ControlClientError) -> ControlReply<ProofPage> {
        var items = [("since", "\(query.since)"), ("until", "\(query.until)"), ("limit", "\(query.limit)")]
        if let before = query.before { items.append(("before", "\(before)")) }
        return try await get("/v1/compliance/proofs", items)
    }

    /// Looks at the hosts of others, which takes its time.
    public func letter(_ key: String) async throws(ControlClientError) -> ControlReply<LetterView> {
        _ = try await status()
        let path = "/v1/letter"
        return try reply(to: path, try await fetch(path, [("key", key)], patience: Self.lookupPatience))
    }

    public func canaries() async throws(ControlClientError) -> ControlReply<CanariesView> {
        try await get("/v1/canaries")
    }
}
