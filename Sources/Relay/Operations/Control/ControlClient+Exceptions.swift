public import Mail

/// Exceptions and observed rules.
extension ControlClient {
    public func exceptions() async throws(ControlClientError) -> ControlReply<ExceptionsView> {
        try await get("/v1/exceptions")
    }

    public func addException(
        _ order: ExceptionOrder
    ) async throws(ControlClientError) -> ControlReply<ExceptionAdditionView> {
        var items = [
            ("domain", order.domain.text), ("allow", order.allow.rawValue), ("seconds", "\(order.seconds)"),
            ("reason", order.reason),
        ]
        if order.isUntilFixed { items.append(("until_fixed", "yes")) }
        return try await post("/v1/exceptions/add", items)
    }

    /// nil where the domain has none.
    public func removeException(
        of domain: DomainName
    ) async throws(ControlClientError) -> ControlReply<ExceptionView>? {
        do throws(ControlClientError) {
            return try await post("/v1/exceptions/\(domain)/remove")
        } catch {
            if case .refused(_, let fault) = error, fault.code == "no-such-exception" { return nil }
            throw error
        }
    }

    public func observed(days: Int) async throws(ControlClientError) -> ControlReply<ObservedView> {
        try await get("/v1/observed", [("days", "\(days)")])
    }
}
