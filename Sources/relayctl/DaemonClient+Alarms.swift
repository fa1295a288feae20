import Relay

extension DaemonClient {
    func alarms(_ query: AlarmQuery) async throws(Failure) -> ControlReply<AlarmsView> {
        try await ask { client throws(ControlClientError) in try await client.alarms(query) }
    }

    func acknowledgeAlarm(_ number: Int64, words: String?) async throws(Failure) -> ControlReply<AlarmView>? {
        try await ask { client throws(ControlClientError) in
            try await client.acknowledgeAlarm(number, words: words)
        }
    }

    func doctor() async throws(Failure) -> ControlReply<DoctorView> {
        try await ask { client throws(ControlClientError) in try await client.doctor() }
    }
}
