extension ControlClient {
    /// The lives that match `key`: a queue id, a Message-ID with or without its angle brackets, or a mail address.
    public func trace(_ key: String, limit: Int) async throws(ControlClientError) -> ControlReply<TracePage> {
        let octets = try await fetch("/v1/trace", [("key", key), ("limit", "\(limit)")])
        guard let page = ControlJSON.decode(TracePage.self, from: octets) else {
            throw .unreadable("the answer to /v1/trace is not what this version of relayctl expects")
        }
        return ControlReply(view: page, json: octets)
    }
}
