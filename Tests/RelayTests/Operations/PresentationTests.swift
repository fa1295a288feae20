import Foundation
import Mail
import Testing

@testable import Relay

@Suite("What people read")
struct PresentationTests {
    let plain = TextStyle(width: 100, isColoured: false)
    let now = WallTime(seconds: 1_000_000)

    @Test(
        "distances in time",
        arguments: [
            (0, "now"), (45, "in 45s"), (119, "in 119s"), (240, "in 4m"), (-7200, "2h ago"), (9000, "in 2h30m"),
            (273_600, "in 3d4h"), (-86_400, "1d ago"), (.max, "far away"), (.min, "far away"),
        ] as [(Int64, String)])
    func distances(seconds: Int64, expected: String) {
        let time = WallTime(seconds: seconds == .max || seconds == .min ? seconds : now.seconds + seconds)
        #expect(Humane.distance(to: time, from: now) == expected)
    }

    @Test(
        "sizes",
        arguments: [
            (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (14_233, "14.2 kB"), (999_999, "999.9 kB"),
            (35_000_000, "35.0 MB"), (20_500_000_000, "20.5 GB"), (3_000_000_000_000, "3.0 TB"),
        ] as [(Int64, String)])
    func sizes(octets: Int64, expected: String) {
        #expect(Humane.size(octets) == expected)
    }

    @Test("queue list")
    func queueList() {
        var second = OneMessage.message
        second.sender = ""
        second.recipients.append(
            RecipientView(address: "longer-name@example.com", destination: "example.com", state: "queued", attempts: 0))
        let text = QueueText.list([OneMessage.message, second], isComplete: false, now: now, style: plain)
        #expect(
            text == """
                ID                    AGE    SIZE     SENDER         RECIPIENT                STATE                       NEXT
                0123456789bcdfghjklm  2h46m  14.2 kB  a@example.org  b@example.net            deferred: starttls-missing  in 4m
                0123456789bcdfghjklm  2h46m  14.2 kB  <>             b@example.net            deferred: starttls-missing  in 4m
                                                                     longer-name@example.com  queued                      -
                2 messages, 3 recipients, and there are more (--limit, --all)

                """)
        #expect(QueueText.list([], isComplete: true, now: now, style: plain) == "The queue holds no such mail.\n")
        #expect(
            QueueText.list([], isComplete: true, isNarrowed: false, now: now, style: plain) == "The queue is empty.\n")
    }

    @Test("one message; what a stranger wrote cannot steer the terminal")
    func message() {
        var message = OneMessage.message
        message.recipients[0].lastReply = "454 4.7.0 TLS\u{1B}[2J not available\r\nnow"
        #expect(
            QueueText.message(message, now: now, style: plain) == """
                0123456789bcdfghjklm
                  sender    a@example.org
                  size      14.2 kB
                  received  2h46m ago
                  expires   in 4d21h

                b@example.net
                  state     deferred after 2 attempts
                  via       example.net
                  next      in 4m
                  reason    starttls-missing: no STARTTLS
                  host      mx.example.net
                  reply     454 4.7.0 TLS\\u{1b}[2J not available\\r\\nnow

                """)
    }

    @Test("a next hop of the operator's")
    func nextHop() {
        var message = OneMessage.message
        message.recipients[0].destination = "via:[mx.example.net]:587"
        #expect(QueueText.message(message, now: now, style: plain).contains("  via       [mx.example.net]:587\n"))
    }

    @Test("status")
    func status() {
        #expect(
            StatusText.render(OneMessage.status, style: plain) == """
                relayd        1, up 1d2h, pid 7
                hostname      relay.example
                listening on  127.0.0.1:2525
                queue         1 message, 1 recipient waiting
                store         /q, 20.5 GB free of 80.0 GB; mail is refused below 1.0 GB
                intake        1 connection; 12 accepted, 3 refused since start
                delivery      2 connections; 11 delivered, 4 deferred, 0 bounced since start
                destinations  1 active, 1 backed off
                resolver      running, validates DNSSEC, libunbound 1.17.1 (faults of this version are known:
                              relayctl doctor says more)
                warning: libunbound 1.17.1 is known to be unsafe.

                """)
    }

    @Test("what rests behind a crash is counted beside what is in quarantine")
    func resting() {
        var status = OneMessage.status
        (status.store.quarantined, status.store.resting) = (2, 3)
        let text = StatusText.render(status, style: TextStyle(width: 1000, isColoured: false))
        #expect(text.contains("1 recipient waiting, 2 quarantined, 3 resting after a crash\n"), "\(text)")
    }

    @Test("a store that does not answer has no queue of nought, for people and for programs")
    func silentStore() {
        var status = OneMessage.status
        status.store = StoreView(
            directory: "/q", messages: nil, recipients: nil, quarantined: nil, freeBytes: nil, floor: 1_000_000_000)
        let text = StatusText.render(status, style: TextStyle(width: 1000, isColoured: false))
        #expect(text.contains("\nqueue         not known: the store does not answer\n"), "\(text)")
        #expect(
            text.contains("\nstore         /q, what is free is not known; mail is refused below 1.0 GB\n"), "\(text)")
        let json = ControlJSON.encode(status.store).map { String(decoding: $0, as: UTF8.self) }
        #expect(json == #"{"directory":"/q","floor":1000000000}"#)
    }

    @Test("space that is promised stands beside what is free")
    func promisedSpace() {
        var status = OneMessage.status
        status.store = StoreView(
            directory: "/q", messages: 0, recipients: 0, quarantined: 0, freeBytes: 50_000_000, floor: 1_000_000,
            totalBytes: 100_000_000, promisedBytes: 49_000_000, journalBytes: 30_000_000)
        let text = StatusText.render(status, style: TextStyle(width: 1000, isColoured: false))
        #expect(
            text.contains(
                "/q, 50.0 MB free of 100.0 MB (49.0 MB of it promised to mail that is coming in, 30.0 MB more to mail in the journal); "
                    + "mail is refused below 1.0 MB\n"), "\(text)")
    }

    @Test(
        "how the resolver is",
        arguments: [
            (true, "passes", nil, nil, "running, validates DNSSEC, lib"),
            (
                nil, "no-answer", 80_000, "cannot tell whether it validates: SERVFAIL",
                "running, FAILS since 1970-01-01T22:13:20Z (3h48m ago): names are not answered, mail waits; relayctl "
                    + "doctor says more, lib; cannot tell whether it validates: SERVFAIL"
            ),
            (
                false, "does-not-validate", 93_641, nil,
                "running, DOES NOT VALIDATE since 1970-01-02T02:00:41Z (60s ago): DANE is without effect; relayctl "
                    + "doctor says more, lib"
            ),
            (nil, "off", nil, nil, "running, not tested (dns.self_test_secure is empty), lib"),
            (nil, "waiting", nil, nil, "running, not tested yet, lib"),
            // An older relayd.
            (nil, nil, nil, nil, "running, not tested yet, lib"),
        ] as [(Bool?, String?, Int64?, String?, String)])
    func resolver(validates: Bool?, selfTest: String?, since: Int64?, detail: String?, words: String) {
        var status = OneMessage.status
        status.resolver = ResolverView(
            state: "running", validates: validates, selfTest: selfTest, failingSince: since, detail: detail,
            library: "lib", unsafe: false)
        let text = StatusText.render(status, style: TextStyle(width: 1000, isColoured: false))
        #expect(text.contains("resolver      \(words)\n"), "\(text)")
    }
}
