public import Mail

extension SQLiteStore {
    public func reroute(
        _ destination: @escaping @Sendable (_ domain: MailDomain, _ old: String) -> String
    ) async throws(StoreError) -> Int {
        0
    }
}
