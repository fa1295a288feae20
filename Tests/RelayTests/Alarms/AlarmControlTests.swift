import Mail
import Testing

@testable import Relay

@Suite("Alarms on the control socket, and for people")
struct AlarmControlTests {
    static func request(_ line: String) throws -> ControlRequest {
        try ControlRequest.parse(Array("\(line) HTTP/1.1\r\n\r\n".utf8))
    }

    @Test(
        "requests",
        arguments: [
            ("GET /v1/alarms", .alarms(AlarmQuery())),
            ("GET /v1/alarms?standing=yes", .alarms(AlarmQuery(standing: true))),
            (
                "GET /v1/alarms?standing=no&before=9&limit=1000",
                .alarms(AlarmQuery(standing: false, before: 9, limit: 1000))
            ),
            ("POST /v1/alarms/3/acknowledge", .acknowledgeAlarm(3, words: nil)),
            ("POST /v1/alarms/3/acknowledge?words=seen%20it", .acknowledgeAlarm(3, words: "seen it")),
            ("GET /v1/doctor", .doctor),
        ] as [(String, ControlRequest)])
    func requests(line: String, request: ControlRequest) throws {
        #expect(try Self.request(line) == request)
    }

    @Test(
        "what is wrong is refused",
        arguments: [
            "GET /v1/alarms?standing=maybe", "GET /v1/alarms?limit=1001", "GET /v1/alarms?before=0", "POST /v1/alarms",
            "GET /v1/alarms/3/acknowledge", "POST /v1/alarms/x/acknowledge", "POST /v1/alarms/0/acknowledge",
            "POST /v1/alarms/3/acknowledge?words=a%0Ab", "POST /v1/doctor", "GET /v1/doctor?x=1", "GET /v1/alarms/3",
        ])
    func refused(line: String) {
        #expect(throws: ControlRefusal.self) { try Self.request(line) }
    }

    @Test("the list for people: what stands, what is acknowledged, and what strangers wrote made harmless")
    func text() {
        let alarm = OperatorAlarm(
            number: 3, kind: .tlsaGone, subject: "mx.example", words: "gone\u{1B}[31m", raisedAt: WallTime(seconds: 0),
            seenAt: WallTime(seconds: 60))
        var view = AlarmsView(alarms: [AlarmView(alarm)], standing: 1, unacknowledged: 1)
        let style = TextStyle(width: 120, isColoured: false)
        let text = AlarmText.list(view, now: WallTime(seconds: 120), style: style)
        #expect(text.contains("3  tlsa-gone  mx.example  2m ago  60s ago  standing  gone"), "\(text)")
        #expect(!text.contains("\u{1B}") && text.contains("relayctl alarms ack"))
        view.alarms[0].clearedAt = 90
        view.alarms[0].clearing = "back"
        #expect(
            AlarmText.history(view, now: WallTime(seconds: 120), style: style).contains("cleared after 90s")
        )
        #expect(
            AlarmText.list(
                AlarmsView(alarms: [], standing: 0, unacknowledged: 0), now: WallTime(seconds: 0), style: style
            )
            .hasPrefix("No alarm stands"))
    }

    @Test("the doctor says the cure, and how bad it is at worst")
    func doctor() {
        let view = DoctorView(checks: [
            DoctorCheckView("clock", .ok, "agrees"), DoctorCheckView("port-25", .fault, "blocked", cure: "open it"),
        ])
        let text = DoctorText.render(view, style: TextStyle(width: 100, isColoured: false))
        #expect(
            view.worst == .fault && text.contains("cure: open it")
                && text.hasSuffix("1 fault, 0 warnings on this side.\n"))
        #expect(DoctorView(checks: [DoctorCheckView("a", .unknown, "w")]).worst == .ok)
        #expect(DoctorView(checks: [DoctorCheckView("a", .warning, "w")]).worst == .warning)
    }

    @Test("detectors tell the book: raised by sightings, cleared by sightings")
    func watch() {
        let clock = SetClock()
        let told = EventLog()
        let book = AlarmBook(
            store: AlarmMemory(), faults: LocalFaults(), metrics: Metrics(), log: told.logger, clock: { clock.now })
        let watch = AlarmWatch(
            port: 25, thresholds: AlarmThresholds(port25Hosts: 2), alarms: book, clock: { clock.now })
        func sighting(_ number: UInt32, _ contact: HostSighting.Contact) -> HostSighting {
            HostSighting(
                time: clock.now, domain: nil, host: .address(.v4(number << 8)), address: .v4(number << 8), port: 25,
                contact: contact,
                requirement: TLSRequirement(
                    level: .opportunistic, by: nil, serverName: nil, reason: Explanation("test")),
                refusal: Reason(.connectFailed, "refused"))
        }
        watch.learn(from: [sighting(1, .unreachable), sighting(2, .unreachable)])
        #expect(book.standing.map(\.kind) == [.portBlocked])
        watch.learn(from: [sighting(3, .silent)])
        #expect(book.standing.isEmpty && told.events == ["alarm-raised", "alarm-cleared"])
    }
}
