extension ControlClient {
    /// Why the messages that match `key` are where they are.
    public func explain(_ key: String, limit: Int) async throws(ControlClientError) -> ControlReply<ExplainAnswer> {
        let octets = try await fetch("/v1/explain", [("key", key), ("limit", "\(limit)")])
        guard let answer = ExplainAnswer(json: octets) else {
            throw .unreadable("the answer to /v1/explain is not what this version of relayctl expects")
        }
        return ControlReply(view: answer, json: octets)
    }

    /// The same of the newest match, with what a ticket needs besides.
    public func bundle(_ key: String) async throws(ControlClientError) -> BundleAnswer {
        let octets = try await fetch("/v1/bundle", [("key", key)])
        guard let answer = BundleAnswer(json: octets) else {
            throw .unreadable("the answer to /v1/bundle is not what this version of relayctl expects")
        }
        return answer
    }
}
