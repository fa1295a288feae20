public import Mail

extension ControlClient {
    /// What is known of a domain, and what changed; nil where nothing is known. Where its mail goes elsewhere the refusal has the
    /// code ``HistoryView/routedCode``.
    public func history(
        of name: DomainName, before: Int64? = nil, limit: Int
    ) async throws(ControlClientError) -> ControlReply<HistoryView>? {
        var items = [("limit", "\(limit)")]
        if let before { items.append(("before", "\(before)")) }
        do throws(ControlClientError) {
            return try await get("/v1/history/\(name)", items)
        } catch .refused(status: 404, let view) where view.code != HistoryView.routedCode {
            return nil
        } catch {
            throw error
        }
    }

    /// What will be returned within so many seconds; nil: as far as the daemon looks ahead itself.
    public func forecast(within seconds: Int64?) async throws(ControlClientError) -> ControlReply<ForecastView> {
        try await get("/v1/forecast", seconds.map { [("seconds", "\($0)")] } ?? [])
    }
}
