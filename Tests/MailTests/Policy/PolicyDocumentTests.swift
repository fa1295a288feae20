import FoundationEssentials
import Testing

@testable import Mail

@Suite struct PolicyDocumentTests {
    private static let example = NextHop(.domain(domainName("d.example")))
    private static let hex = String(repeating: "ab", count: 32)

    private func document(_ view: DNSView, _ hop: NextHop = example, _ routes: RouteSettings = RouteSettings()) throws
        -> PolicyDocument
    {
        PolicyDocument(try #require(searchRoute(hop, view, routes).facts), settings: PolicySettings())
    }

    @Test("Every key of the contract, null where there is nothing, in one order")
    func golden() throws {
        let view: DNSView = [
            "d.example MX": .secure("10 mx.example", "20 down.example"), "mx.example A": .secure("192.0.2.1"),
            "_25._tcp.mx.example TLSA": .secure(tlsaText("3 1 1"), "3 1 1 abcd"), "down.example A": .servfail,
            "down.example AAAA": .servfail,
        ]
        let document = try document(view)
        let address = "\(IPAddress.v4(0xC000_0201))"
        let failure = "the address lookup for down.example failed: A: SERVFAIL, AAAA: SERVFAIL"
        let expected = """
            {"because":"every host that may be used must match its DNSSEC-secure TLSA records; 1 of 2 hosts cannot be used now",\
            "domain":"d.example","exception":null,"hosts":[\
            {"address_security":"secure","addresses":["\(address)"],"host":"mx.example","preference":10,\
            "reasons":[{"source":"RFC 7672 §2.2","text":"\(Explanation.secureTLSA.text)"},\
            {"source":null,"text":"MTA-STS does not apply: the next hop is no domain, or sts.enabled is off"}],\
            "requirement":{"by":"dane","cleartext_allowed":false,"demands":[["dane"]],"level":"authenticated","proves_domain":true,\
            "reason":"\(Explanation.secureTLSA.text)","source":"RFC 7672 §2.2"},"rule":null,"settings":[],"shadows":[],"skipped":null,"sts_match":null,\
            "tlsa":{"base_domain":"mx.example","lookup":"found","records":[\
            {"data":"\(Self.hex)","matching_type":1,"selector":1,"usable":true,"usage":3,"why_unusable":null},\
            {"data":"abcd","matching_type":1,"selector":1,"usable":false,"usage":3,"why_unusable":"digest of 2 octets where 32 are due"}\
            ],"security":"secure"}},\
            {"address_security":"failed","addresses":[],"host":"down.example","preference":20,\
            "reasons":[{"source":null,"text":"\(failure)"}],"requirement":null,"rule":null,"settings":[],"shadows":[],\
            "skipped":{"cause":"dns-temp","detail":"\(failure)"},"sts_match":null,\
            "tlsa":{"base_domain":null,"lookup":"not-queried","records":[],"security":null}}],\
            "mta_sts":null,\
            "mx":{"error":null,"implicit":false,"lookup":"found","null":false,"records":[{"host":"mx.example","preference":10},\
            {"host":"down.example","preference":20}],"security":"secure"},\
            "outcome":"authenticated","permanent":false,"port":25,"route":null,"sts_unknown":false,"tlsrpt":null}
            """
        let json = try document.json()
        #expect(String(decoding: json, as: UTF8.self) == expected)
        #expect(try JSONDecoder().decode(PolicyDocument.self, from: json) == document)
    }

    private static let plain: DNSView = ["mx.example A": .secure("192.0.2.1")]
    private static let pinned: DNSView = plain.merging(["_25._tcp.mx.example TLSA": .secure(tlsaText("3 1 1"))])

    @Test(
        "Outcome and exit code",
        arguments: [
            ("secure MX and usable TLSA", pinned.merging(["d.example MX": .secure("10 mx.example")]), .authenticated),
            (
                "D1 insecure MX: dane-host counts as unauthenticated",
                pinned.merging(["d.example MX": .insecure("10 mx.example")]), .unauthenticated
            ),
            ("no TLSA", plain.merging(["d.example MX": .secure("10 mx.example")]), .unauthenticated),
            (
                "only unusable records",
                plain.merging([
                    "d.example MX": .secure("10 mx.example"), "_25._tcp.mx.example TLSA": .secure(tlsaText("1 1 1")),
                ]),
                .unauthenticated
            ),
            (
                "one host with, one without",
                pinned.merging([
                    "d.example MX": .secure("10 mx.example", "20 n.example"), "n.example A": .secure("192.0.2.2"),
                ]),
                .unauthenticated
            ),
            (
                "a skipped host does not count",
                pinned.merging([
                    "d.example MX": .secure("10 mx.example", "20 n.example"), "n.example A": .secure("192.0.2.2"),
                    "_25._tcp.n.example TLSA": .servfail,
                ]),
                .authenticated
            ),
            (
                "TLSA lookup failed at the only host",
                plain.merging(["d.example MX": .secure("10 mx.example"), "_25._tcp.mx.example TLSA": .servfail]),
                .undeliverable
            ),
            ("MX failed", ["d.example MX": .servfail], .undeliverable),
            ("MX bogus", ["d.example MX": .bogus], .undeliverable),
            ("null MX", ["d.example MX": .secure("0 .")], .undeliverable),
            ("no such domain", ["d.example MX": .noSuchName(.secure)], .undeliverable),
            ("no host has an address", ["d.example MX": .secure("10 mx.example")], .undeliverable),
        ] as [(String, DNSView, PolicyDocument.Outcome)])
    func outcome(row: String, view: DNSView, outcome: PolicyDocument.Outcome) throws {
        let document = try document(view)
        #expect(document.outcome == outcome, "\(row)")
        #expect(!document.because.isEmpty)
        let codes: [PolicyDocument.Outcome: Int32] = [.authenticated: 0, .unauthenticated: 1, .undeliverable: 2]
        #expect(document.exitCode == codes[outcome])
    }

    @Test(
        "Mail is returned at once where the cause will not go away, and waits elsewhere",
        arguments: [
            ("null MX", ["d.example MX": .secure("0 .")], true),
            ("no such domain", ["d.example MX": .noSuchName(.secure)], true),
            ("no host has an address", ["d.example MX": .secure("10 mx.example")], true),
            ("only ourselves", ["d.example MX": .secure("10 us.example")], true),
            ("MX failed", ["d.example MX": .servfail], false),
            (
                "one host without address, one that may have one",
                [
                    "d.example MX": .secure("10 mx.example", "20 n.example"), "n.example A": .servfail,
                    "n.example AAAA": .servfail,
                ], false
            ),
            ("deliverable", plain.merging(["d.example MX": .secure("10 mx.example")]), false),
        ] as [(String, DNSView, Bool)])
    func permanence(row: String, view: DNSView, isPermanent: Bool) throws {
        let document = try document(view, Self.example, RouteSettings(ourNames: [domainName("us.example")]))
        #expect(document.permanent == isPermanent, "\(row): \(document.because)")
        #expect(!isPermanent || !document.because.contains(" now"), "\(row): \(document.because)")
    }

    @Test("The MX object")
    func mx() throws {
        let failed = try document(["d.example MX": .bogus]).mx
        #expect(
            failed
                == .init(
                    lookup: "failed", security: "bogus", implicit: false, null: false, records: [],
                    error: "signature expired"))
        let null = try document(["d.example MX": .insecure("0 .")]).mx
        #expect(
            null == .init(lookup: "null", security: "insecure", implicit: false, null: true, records: [], error: nil))
        let implicit = try document(["d.example A": .secure("192.0.2.1")]).mx
        #expect(
            implicit
                == .init(lookup: "implicit", security: "secure", implicit: true, null: false, records: [], error: nil))
        let fixed = try document(Self.pinned, NextHop(.host(domainName("mx.example")), isConfigured: true))
        #expect(
            fixed.mx
                == .init(lookup: "not-queried", security: nil, implicit: false, null: false, records: [], error: nil))
        #expect(fixed.outcome == .authenticated && fixed.domain == "mx.example")
    }

    @Test("A failed TLSA lookup is shown as the strongest requirement, never as cleartext")
    func failedLookup() throws {
        let view = Self.plain.merging(["d.example MX": .secure("10 mx.example"), "_25._tcp.mx.example TLSA": .servfail])
        let host = try #require(try document(view).hosts.first)
        #expect(host.tlsa.lookup == "failed" && host.tlsa.security == "failed")
        #expect(host.requirement?.level == "authenticated" && host.requirement?.cleartextAllowed == false)
        #expect(host.skipped?.cause == "tlsa-lookup-failed")
    }

    @Test("MX-10 the document shows what a plan does")
    func sameDecisions() throws {
        let view = Self.pinned.merging(["d.example MX": .insecure("10 mx.example", "20 n.example")])
        let facts = try #require(searchRoute(Self.example, view).facts)
        let document = PolicyDocument(facts, settings: PolicySettings())
        var dice = SplitMix(seed: 1)
        var plan = DeliveryPlan(facts: facts, settings: PolicySettings(), limits: PlanLimits(), using: &dice)
        var levels: [String?] = []
        while let step = plan.next() {
            if case .connect(let candidate) = step {
                levels.append(candidate.requirement.by?.rawValue)
            } else {
                levels.append(nil)
            }
        }
        #expect(document.hosts.map { $0.requirement?.by } == levels)
    }
}
