import FlyingFox

extension ControlClient {
    /// For all checks together: each lookup has its own timeout.
    static let doctorPatience: Duration = .seconds(90)

    public func alarms(_ query: AlarmQuery) async throws(ControlClientError) -> ControlReply<AlarmsView> {
        var items = [("limit", "\(query.limit)")]
        if let standing = query.standing { items.append(("standing", standing ? "yes" : "no")) }
        if let before = query.before { items.append(("before", "\(before)")) }
        return try await get("/v1/alarms", items)
    }

    /// nil where no alarm of that number stands.
    public func acknowledgeAlarm(
        _ number: Int64, words: String?
    ) async throws(ControlClientError) -> ControlReply<AlarmView>? {
        let path = "/v1/alarms/\(number)/acknowledge"
        do throws(ControlClientError) {
            return try reply(to: path, try await fetch(path, words.map { [("words", $0)] } ?? [], method: .POST))
        } catch .refused(status: 404, _) {
            return nil
        } catch {
            throw error
        }
    }

    /// Has the daemon check itself.
    public func doctor() async throws(ControlClientError) -> ControlReply<DoctorView> {
        _ = try await status()
        let path = "/v1/doctor"
        return try reply(to: path, try await fetch(path, [], patience: Self.doctorPatience))
    }
}
