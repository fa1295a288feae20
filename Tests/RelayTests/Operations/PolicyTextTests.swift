import Foundation
import Mail
import Testing

@testable import Relay

@Suite("What people read of a policy")
struct PolicyTextTests {
    private let plain = TextStyle(width: 80, isColoured: false)
    private let wide = TextStyle(width: 1000, isColoured: false)
    private let now = WallTime(seconds: 1_000_000)

    static let json = """
        {"domain":"example.org","route":null,"port":25,"sts_unknown":false,
        "mx":{"lookup":"found","security":"secure","implicit":false,"null":false,"error":null,
        "records":[{"preference":10,"host":"mx1.example.org"},{"preference":20,"host":"mx2.example.org"}]},
        "mta_sts":{"domain":"example.org","lookup":"found","record":{"id":"8"},"error":"the server answered 503",
        "policy":{"mode":"enforce","mx":["mx1.example.org","mx2.example.org"],"max_age":604800,"id":"7",
        "fetched_at":992800,"expires_at":1597600,"source":"cached"}},
        "tlsrpt":{"lookup":"found","rua":["mailto:tls@example.org"],"error":null},"outcome":"authenticated","permanent":false,
        "because":"every host that may be used must match its DNSSEC-secure TLSA records; 1 of 2 hosts cannot be used now",
        "hosts":[{"host":"mx1.example.org","preference":10,"addresses":["192.0.2.1","2001:db8::1"],
        "address_security":"secure","sts_match":true,"skipped":null,"rule":null,"settings":[],"shadows":[],
        "reasons":[{"text":"TLSA records are published","source":"RFC 7672 §2.2"},
        {"text":"the list is kept","source":"RFC 8461 §2"}],
        "tlsa":{"base_domain":"mx1.example.org","lookup":"found","security":"secure","records":[
        {"usage":3,"selector":1,"matching_type":1,"data":"0011","usable":true,"why_unusable":null},
        {"usage":1,"selector":0,"matching_type":1,"data":"22","usable":false,"why_unusable":"usage 1 is not used in SMTP"}]},
        "requirement":{"level":"authenticated","by":"dane","cleartext_allowed":false,"reason":"TLSA records are published",
        "source":"RFC 7672 §2.2","demands":[["dane"]],"proves_domain":true}},
        {"host":"mx2.example.org","preference":20,"addresses":["192.0.2.2"],"address_security":"secure","sts_match":true,
        "tlsa":{"base_domain":"mx2.example.org","lookup":"failed","security":"failed","records":[]},"requirement":null,
        "rule":"rule \\"example.org\\"","settings":[],"shadows":[],"reasons":[{"text":"SERVFAIL for _25._tcp.mx2.example.org","source":"RFC 7672 §2.1.2"}],
        "skipped":{"cause":"tlsa-lookup-failed","detail":"SERVFAIL for _25._tcp.mx2.example.org"}}]}
        """

    private func document() throws -> PolicyDocument {
        try JSONDecoder().decode(PolicyDocument.self, from: Foundation.Data(Self.json.utf8))
    }

    @Test("what was found, what it means for each host, why, and what to do")
    func policy() throws {
        let text = PolicyText.render(try document(), now: now, style: plain)
        #expect(
            text == """
                example.org: mail goes only over TLS, and only to servers that prove who they
                are.
                Because every host that may be used must match its DNSSEC-secure TLSA records; 1
                of 2 hosts cannot be used now.

                MX       10 mx1.example.org, 20 mx2.example.org; DNSSEC: secure
                MTA-STS  mode enforce, id 7, cached, fetched 2h ago, expires in 6d22h (max_age
                         7d)
                MTA-STS  mx mx1.example.org, mx2.example.org
                MTA-STS  the TXT record names another id, 8
                MTA-STS  but: the server answered 503
                TLSRPT   reports go to mailto:tls@example.org

                mx1.example.org (preference 10)
                  at       192.0.2.1, 2001:db8::1; DNSSEC: secure
                  TLSA     3 1 1 0011 at mx1.example.org, usable, DNSSEC: secure
                  TLSA     1 0 1 22 at mx1.example.org, unusable: usage 1 is not used in SMTP,
                           DNSSEC: secure
                  MTA-STS  in the policy's list
                  mail     goes only over TLS, and only if the server proves who it is: dane
                  why      TLSA records are published (RFC 7672 §2.2)
                           the list is kept (RFC 8461 §2)

                mx2.example.org (preference 20)
                  at       192.0.2.2; DNSSEC: secure
                  TLSA     unknown: the lookup failed
                  MTA-STS  in the policy's list
                  rule     rule "example.org"
                  mail     does not go here now: tlsa-lookup-failed
                  why      SERVFAIL for _25._tcp.mx2.example.org (RFC 7672 §2.1.2)

                What to do: nothing at once: the other hosts take the mail. Tell the domain's
                            postmaster of the skipped ones.

                """)
    }

    @Test("an overview of several hosts, where it fits the page")
    func overview() throws {
        let text = PolicyText.render(try document(), now: now, style: TextStyle(width: 100, isColoured: false))
        #expect(
            text.contains(
                """

                PREF  HOST             TLSA                    MTA-STS  REQUIREMENT
                10    mx1.example.org  1 of 2 usable (secure)  listed   authenticated by dane
                20    mx2.example.org  failed                  listed   skipped: tlsa-lookup-failed


                """))
    }

    @Test("a domain that does not exist gets one sentence and no \"now\"")
    func noSuchDomain() throws {
        var document = try document()
        document.domain = "exmaple.org"
        document.hosts = []
        document.mtaSTS = nil
        document.tlsrpt = nil
        document.outcome = .undeliverable
        document.because = "there is no domain exmaple.org"
        document.mx.lookup = "no-such-domain"
        document.mx.records = []
        document.mx.error = "no such domain"
        #expect(
            PolicyText.render(document, now: now, style: wide) == """
                exmaple.org: there is no such domain (NXDOMAIN), so nothing can be delivered.

                What to do: check the spelling. Mail to this domain is returned to its sender.

                """)
    }

    @Test(
        "null MX, bogus, unreachable DNS, unknown, testing, dane-host and a rule too strict: a sentence and advice for each",
        arguments: [
            (
                "null",
                { @Sendable (it: inout PolicyDocument) in
                    it.mx.null = true; it.mx.lookup = "null"; it.outcome = .undeliverable; it.hosts = []
                },
                "example.org: the domain takes no mail.", "the mail is returned"
            ),
            (
                "bogus",
                { @Sendable (it: inout PolicyDocument) in
                    it.mx.security = "bogus"; it.mx.lookup = "failed"; it.outcome = .undeliverable; it.hosts = []
                },
                "its DNSSEC signatures do not validate.", "signatures do not validate. Mail stays queued"
            ),
            (
                "failed",
                { @Sendable (it: inout PolicyDocument) in
                    it.mx.security = "failed"; it.mx.lookup = "failed"; it.outcome = .undeliverable; it.hosts = []
                },
                "the domain cannot be looked up.", "relayctl status"
            ),
            (
                "unknown",
                { @Sendable (it: inout PolicyDocument) in
                    it.outcome = .unauthenticated; it.stsUnknown = true
                    it.hosts[0].requirement?.cleartextAllowed = true
                }, "it may go in clear", "RFC 8461 §3.3"
            ),
            (
                "testing",
                { @Sendable (it: inout PolicyDocument) in
                    it.outcome = .unauthenticated; it.mtaSTS?.policy?.mode = "testing"
                    it.hosts[0].requirement?.cleartextAllowed = true
                }, "it may go in clear", "enforce"
            ),
            (
                "dane-host",
                { @Sendable (it: inout PolicyDocument) in
                    it.outcome = .unauthenticated; it.hosts[0].requirement?.by = "dane-host"
                }, "mail goes only over TLS, but",
                "the domain's own zone is not signed"
            ),
            (
                "TLSA failed", { @Sendable (it: inout PolicyDocument) in it.outcome = .undeliverable },
                "nothing can be delivered now", "TLSA records fails"
            ),
            (
                "not listed",
                { @Sendable (it: inout PolicyDocument) in
                    it.outcome = .undeliverable; it.hosts[1].skipped?.cause = "sts-mx-mismatch"
                },
                "nothing can be delivered now", "lists none of its MX hosts"
            ),
            (
                "too strict",
                { @Sendable (it: inout PolicyDocument) in
                    it.outcome = .undeliverable; it.hosts[1].skipped?.cause = "dane-required"
                },
                "nothing can be delivered now", "see tls.minimum_level"
            ),
            (
                "only ourselves: returned at once",
                { @Sendable (it: inout PolicyDocument) in
                    it.outcome = .undeliverable; it.permanent = true; it.hosts[1].skipped?.cause = "loop"
                },
                "mail is returned to its sender at once", "next_hop"
            ),
            (
                "no address: returned at once",
                { @Sendable (it: inout PolicyDocument) in
                    it.outcome = .undeliverable; it.permanent = true; it.hosts[1].skipped?.cause = "no-host-address"
                },
                "mail is returned to its sender at once", "no waiting mends that"
            ),
            (
                "REQUIRETLS by rule, and nobody vouches for the host",
                { @Sendable (it: inout PolicyDocument) in
                    it.outcome = .undeliverable; it.permanent = true;
                    it.hosts[1].skipped?.cause = "requiretls-unvalidated"
                    it.hosts[1].settings = [.init(key: "requiretls", value: "true", rule: "rule \"r\" (ours)")]
                },
                "mail is returned to its sender at once", "see rule \"r\" (ours): it has mail go only where"
            ),
            (
                "too strict, by a rule with a name",
                { @Sendable (it: inout PolicyDocument) in
                    it.outcome = .undeliverable; it.hosts[1].skipped?.cause = "dane-required"
                    it.hosts[1].settings = [.init(key: "level", value: "authenticated", rule: "rule \"r\"")]
                },
                "nothing can be delivered now", "see rule \"r\": it asks for more"
            ),
            (
                "DANE switched off by rule",
                { @Sendable (it: inout PolicyDocument) in
                    it.outcome = .unauthenticated; it.hosts[0].requirement?.provesDomain = false
                    it.hosts[0].settings = [.init(key: "dane", value: "off", rule: "rule \"r\"")]
                },
                "mail goes only over TLS, but", "see rule \"r\": the domain offers DANE"
            ),
            (
                "MTA-STS observed by rule",
                { @Sendable (it: inout PolicyDocument) in
                    it.outcome = .unauthenticated; it.hosts[0].requirement?.provesDomain = false
                    it.hosts[0].settings = [.init(key: "mta_sts", value: "observe", rule: "rule \"r\"")]
                },
                "mail goes only over TLS, but", "see rule \"r\": the domain has an MTA-STS policy in mode enforce"
            ),
            (
                "pkix without names",
                { @Sendable (it: inout PolicyDocument) in
                    it.outcome = .unauthenticated; it.hosts[0].requirement?.provesDomain = false
                    it.hosts[0].requirement?.by = "local"
                    it.hosts[0].settings = [.init(key: "level", value: "authenticated", rule: "rule \"r\"")]
                },
                "mail goes only over TLS, but", "add names = [\"example.org\"] to rule \"r\""
            ),
            (
                "a smarthost by its address",
                { @Sendable (it: inout PolicyDocument) in
                    it.outcome = .unauthenticated; it.mtaSTS = nil; it.hosts.removeLast()
                    it.route = .init(nextHop: "[192.0.2.1]:587", rule: "rule \"*\"")
                    it.hosts[0].requirement?.provesDomain = false
                },
                "mail goes only over TLS, but",
                "the way to [192.0.2.1]:587 (rule \"*\") is in your own hands. Neither DANE nor MTA-STS"
            ),
            (
                "a smarthost by its address, authenticated without a name",
                { @Sendable (it: inout PolicyDocument) in
                    it.outcome = .unauthenticated; it.mtaSTS = nil; it.hosts.removeLast()
                    it.route = .init(nextHop: "[2001:db8::1]", rule: "rule \"*\"")
                    it.hosts[0].requirement?.provesDomain = false
                    it.hosts[0].requirement?.by = "local"
                    it.hosts[0].settings = [.init(key: "level", value: "authenticated", rule: "rule \"r\"")]
                },
                "mail goes only over TLS, but",
                "add names = [\"…\"] to rule \"r\", with the name that the server's certificate"
            ),
            (
                "cached only", { @Sendable (it: inout PolicyDocument) in it.hosts.removeLast() },
                "mail goes only over TLS", "could be a downgrade"
            ),
        ] as [(String, @Sendable (inout PolicyDocument) -> Void, String, String)])
    func sentences(why: String, change: @Sendable (inout PolicyDocument) -> Void, verdict: String, advice: String)
        throws
    {
        var document = try document()
        change(&document)
        let text = PolicyText.render(document, now: now, style: wide)
        let first = try #require(text.split(separator: "\n").first)
        let last = try #require(text.split(separator: "\n").last)
        #expect(first.contains(verdict), "\(why): \(first)")
        #expect(last.contains(advice), "\(why): \(last)")
    }

    @Test("TLSA records of another port are elsewhere")
    func port() throws {
        var document = try document()
        document.port = 26
        let found = PolicyText.render(document, now: now, style: wide)
        #expect(found.contains("TLSA     3 1 1 0011 at _26._tcp.mx1.example.org, usable"))
        #expect(found.contains("TLSA     unknown: the lookup at _26._tcp.mx2.example.org failed\n"))
        document.hosts[0].tlsa.lookup = "absent"
        let absent = PolicyText.render(document, now: now, style: wide)
        #expect(absent.contains("TLSA     none at _26._tcp.mx1.example.org\n"))
    }

    @Test("a lookup that failed is not a record that is absent")
    func unknown() throws {
        var document = try document()
        document.mtaSTS?.lookup = "failed"
        document.mtaSTS?.record = nil
        document.mtaSTS?.policy = nil
        document.mtaSTS?.error = "the TXT lookup failed: SERVFAIL"
        document.tlsrpt?.lookup = "failed"
        document.tlsrpt?.rua = []
        document.tlsrpt?.error = "the TXT lookup failed: SERVFAIL"
        let failed = PolicyText.render(document, now: now, style: wide)
        #expect(failed.contains("MTA-STS  unknown: the TXT lookup failed: SERVFAIL\n"))
        #expect(failed.contains("TLSRPT   unknown: the TXT lookup failed: SERVFAIL\n"))
        document.mtaSTS?.lookup = "absent"
        document.mtaSTS?.error = "no TXT record"
        document.tlsrpt?.lookup = "absent"
        document.tlsrpt?.error = "no TXT record"
        let absent = PolicyText.render(document, now: now, style: wide)
        #expect(absent.contains("MTA-STS  none: no TXT record\n"))
        #expect(absent.contains("TLSRPT   no reports: no TXT record\n"))
    }

    @Test(
        "a refusal for the operator's own demand: the rule first",
        arguments: [
            ("fingerprint-mismatch", "local", "check rule \"r\" first: its fingerprints"),
            ("certificate-invalid", "local", "check rule \"r\" first: its names"),
            ("starttls-missing", "local", "check rule \"r\" first: it demands more"),
            ("certificate-invalid", "mta-sts", "tell the domain's postmaster"),
            ("requiretls-unsupported", "dane", "see rule \"r\": it wants REQUIRETLS of every host"),
        ])
    func refusedByRule(cause: String, by: String, advice: String) throws {
        var document = try document()
        document.hosts.removeLast()
        document.hosts[0].requirement?.by = by
        document.hosts[0].settings = ["level", "requiretls"].map { .init(key: $0, value: "x", rule: "rule \"r\"") }
        document.hosts[0].attempts = [
            PolicyDocument.Attempt(address: "192.0.2.1", verdict: "refuse", cause: cause, reason: "It does not do.")
        ]
        document.judgeByAttempts()
        let text = PolicyText.render(document, now: now, style: wide)
        #expect(text.split(separator: "\n").last?.contains(advice) == true, "\(text)")
        #expect(!text.contains(".."))
        #expect(text.contains("returned to its sender at once") == (cause == "requiretls-unsupported"))
    }

    @Test("the headline of a probe says where mail would go in the clear")
    func inTheClear() throws {
        var document = try document()
        document.hosts[1].skipped = nil
        document.hosts[0].attempts = [
            PolicyDocument.Attempt(address: "192.0.2.1", verdict: "proceed", verified: "dane")
        ]
        document.hosts[1].attempts = [
            PolicyDocument.Attempt(
                address: "192.0.2.2", verdict: "fall-back", reason: "STARTTLS is not offered", verified: "none")
        ]
        document.judgeByAttempts()
        let text = PolicyText.render(document, now: now, style: wide)
        #expect(text.hasPrefix("example.org: mail would go in the clear at 1 of 2 servers.\n"))
        #expect(text.contains("Because mail would go in the clear to mx2.example.org: STARTTLS is not offered.\n"))
    }

    @Test("what an address showed in a probe")
    func attempt() throws {
        var document = try document()
        document.hosts.removeLast()
        let leaf = PolicyDocument.Certificate(
            CertificateFacts(
                subject: "CN = mx1.example.org", names: ["mx1.example.org"], notAfter: WallTime(seconds: 1_864_000),
                issuer: "CN = Test CA"))
        let record = TLSARecord(usage: 3, selector: 1, matchingType: 1, data: [0, 0x11])
        document.hosts[0].attempts = [
            PolicyDocument.Attempt(
                address: "192.0.2.1",
                tls: PolicyDocument.TLS(
                    version: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384", group: "X25519", certificate: leaf,
                    chain: [leaf, leaf], matched: PolicyDocument.MatchedRecord(record, depth: 0),
                    unmatched: [.init(TLSARecord(usage: 3, selector: 1, matchingType: 1, data: [0x22]))],
                    webPKI: "trusted"),
                verdict: "proceed", verified: "dane", results: [PolicyDocument.Result(PolicyResult(.tlsa, nil))],
                extensions: ["PIPELINING", "REQUIRETLS"], milliseconds: 134),
            PolicyDocument.Attempt(
                address: "2001:db8::1", verdict: "unreachable", reason: "cannot connect: \u{1B}[2JConnection refused"),
        ]
        document.judgeByAttempts()
        let text = PolicyText.render(document, now: now, style: plain)
        #expect(text.hasPrefix("example.org: every server that took a connection has proved who it is, over TLS.\n"))
        #expect(
            text.contains(
                """
                  [192.0.2.1]
                    verdict      proceed, verified: dane (134 ms)
                    TLS          TLSv1.3, TLS_AES_256_GCM_SHA384, X25519
                    certificate  CN = mx1.example.org
                    names        mx1.example.org
                    issuer       CN = Test CA
                    valid until  1970-01-22T13:46:40Z (ENDS in 10d)
                    chain 1      CN = mx1.example.org
                    TLSA         3 1 1 0011 matches the leaf
                    TLSA         3 1 1 22 matches nothing that was presented: a next key, or one
                                 that is gone
                    public trust trusted
                    counts as    tlsa: success (RFC 8460 §4.3)
                    offers       PIPELINING, REQUIRETLS
                  [2001:db8::1]
                    verdict      unreachable (0 ms)
                    reason       cannot connect: \\u{1b}[2JConnection refused
                """), "\(text)")
    }

    @Test(
        "what to do after a probe",
        arguments: [
            ("all refused", ["refuse"], "tell the domain's postmaster. Mail does not go there"),
            ("none answered", ["unreachable", "unreachable"], "many networks forbid it"),
            ("one did not answer", ["proceed", "unreachable"], "1 of 2 addresses gave no answer"),
            ("all well", ["proceed"], "nothing."),
        ])
    func probeAdvice(why: String, verdicts: [String], advice: String) throws {
        var document = try document()
        document.hosts.removeLast()
        document.mtaSTS = nil
        document.hosts[0].attempts = verdicts.map {
            PolicyDocument.Attempt(address: "192.0.2.1", verdict: $0, verified: $0 == "proceed" ? "dane" : nil)
        }
        document.judgeByAttempts()
        let last = PolicyText.render(document, now: now, style: wide).split(separator: "\n").last ?? ""
        #expect(last.contains(advice), "\(why): \(last)")
    }

    @Test("the verdict is coloured only where colour is wanted")
    func colour() throws {
        #expect(!PolicyText.render(try document(), now: now, style: plain).contains("\u{1B}"))
        let coloured = PolicyText.render(try document(), now: now, style: TextStyle(width: 100, isColoured: true))
        #expect(coloured.hasPrefix("\u{1B}[32mexample.org: "))
    }
}
