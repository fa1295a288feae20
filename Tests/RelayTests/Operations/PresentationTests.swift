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

    @Test("status")
    func status() {
        #expect(
            StatusText.render(OneMessage.status, style: plain) == """
                relayd        1, up 1d2h, pid 7
                hostname      relay.example
                listening on  127.0.0.1:2525
                queue         1 message, 1 recipient waiting
                store         /q, 20.5 GB free (floor 1.0 GB)
                intake        1 connection; 12 accepted, 3 refused since start
                delivery      2 connections; 11 delivered, 4 deferred, 0 bounced since start
                destinations  1 active, 1 backed off
                resolver      running, validates DNSSEC, libunbound 1.17.1 (known to be unsafe: upgrade it)
                warning: libunbound 1.17.1 is known to be unsafe.

                """)
    }

    static let policyJSON = """
        {"domain":"example.org","mx":{"security":"secure","implicit":false,"null":false,"error":null,
        "records":[{"preference":10,"host":"mx1.example.org"},{"preference":20,"host":"mx2.example.org"}]},
        "mta_sts":null,"tlsrpt":null,"outcome":"authenticated",
        "because":"every host that may be used must match its DNSSEC-secure TLSA records; 1 of 2 hosts cannot be used now",
        "hosts":[{"host":"mx1.example.org","preference":10,"addresses":["192.0.2.1","2001:db8::1"],
        "address_security":"secure","sts_match":null,"skipped":null,
        "tlsa":{"base_domain":"mx1.example.org","lookup":"found","security":"secure","records":[
        {"usage":3,"selector":1,"matching_type":1,"data":"0011","usable":true,"why_unusable":null},
        {"usage":1,"selector":0,"matching_type":1,"data":"22","usable":false,"why_unusable":"usage 1 is not used in SMTP"}]},
        "requirement":{"level":"authenticated","by":"dane","cleartext_allowed":false,"reason":"TLSA records are published"}},
        {"host":"mx2.example.org","preference":20,"addresses":["192.0.2.2"],"address_security":"secure","sts_match":null,
        "tlsa":{"base_domain":"mx2.example.org","lookup":"failed","security":"failed","records":[]},"requirement":null,
        "skipped":{"cause":"tlsa-lookup-failed","detail":"SERVFAIL for _25._tcp.mx2.example.org"}}]}
        """

    @Test("policy: verdict, MX, hosts, reasons, what to do")
    func policy() throws {
        let document = try JSONDecoder().decode(PolicyDocument.self, from: Foundation.Data(Self.policyJSON.utf8))
        #expect(
            PolicyText.render(document, style: plain) == """
                example.org: mail goes only over TLS, and only to servers that prove who they are.
                Because every host that may be used must match its DNSSEC-secure TLSA records; 1 of 2 hosts cannot
                be used now.

                MX    10 mx1.example.org, 20 mx2.example.org; DNSSEC: secure

                PREF  HOST             ADDRESSES              TLSA                    REQUIREMENT
                10    mx1.example.org  192.0.2.1 +1 (secure)  1 of 2 usable (secure)  authenticated by dane
                20    mx2.example.org  192.0.2.2 (secure)     failed                  skipped: tlsa-lookup-failed

                mx1.example.org
                  at    192.0.2.1, 2001:db8::1
                  TLSA  3 1 1 0011 at mx1.example.org, usable
                  TLSA  1 0 1 22 at mx1.example.org, unusable: usage 1 is not used in SMTP
                  why   TLSA records are published (RFC 7672 §2.2)

                mx2.example.org
                  why   SERVFAIL for _25._tcp.mx2.example.org (RFC 7672 §2.1.2)

                What to do: nothing at once: the other hosts take the mail. Tell the domain's postmaster of the
                            skipped ones.

                """)
    }

    @Test("the verdict is coloured only where colour is wanted")
    func colour() throws {
        let document = try JSONDecoder().decode(PolicyDocument.self, from: Foundation.Data(Self.policyJSON.utf8))
        #expect(!PolicyText.render(document, style: plain).contains("\u{1B}"))
        let coloured = PolicyText.render(document, style: TextStyle(width: 100, isColoured: true))
        #expect(coloured.hasPrefix("\u{1B}[32mexample.org: "))
    }

    @Test("null MX, bogus DNS and DANE behind an insecure MX each get their own advice")
    func advice() throws {
        let wide = TextStyle(width: 1000, isColoured: false)
        var document = try JSONDecoder().decode(PolicyDocument.self, from: Foundation.Data(Self.policyJSON.utf8))
        document.hosts[0].requirement?.by = "dane-host"
        document.outcome = .unauthenticated
        #expect(PolicyText.render(document, style: wide).contains("the domain's own zone is not signed"))
        document.outcome = .undeliverable
        #expect(PolicyText.render(document, style: wide).contains("looking up the TLSA records fails"))
        document.hosts = []
        document.mx.security = "bogus"
        #expect(PolicyText.render(document, style: wide).contains("signatures do not validate"))
        document.mx.null = true
        #expect(PolicyText.render(document, style: wide).contains("this domain takes no mail"))
    }
}
