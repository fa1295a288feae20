import Testing

@testable import Mail

/// One MX host `mx.example` of `d.example`: what DNS says against what the host must show.
@Suite struct DANETests {
    private static let example = NextHop(.domain(domainName("d.example")))
    private static let good = tlsaText("3 1 1")

    enum Expected: Sendable, Equatable {
        case authenticated(TLSRequirement.Basis, base: String)
        case encrypted(TLSRequirement.Basis, sni: String)
        case opportunistic
        case skipped(Reason.Cause)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let row: String
        let view: DNSView
        let expected: Expected
        let never: [String]
        var testDescription: String { row }

        init(_ row: String, _ view: DNSView, _ expected: Expected, never: [String] = []) {
            (self.row, self.view, self.expected, self.never) = (row, view, expected, never)
        }
    }

    private static let secureMX: DNSView = [
        "d.example MX": .secure("10 mx.example"), "mx.example A": .secure("192.0.2.1"),
    ]
    private static let insecureMX: DNSView = [
        "d.example MX": .insecure("10 mx.example"), "mx.example A": .secure("192.0.2.1"),
    ]
    /// `mx.example` is an alias of `host.example`: both links as said.
    private static func alias(_ link: DNSView.Entry, _ address: DNSView.Entry, _ more: DNSView = [:]) -> DNSView {
        let view: DNSView = [
            "d.example MX": .secure("10 mx.example"), "mx.example CNAME": link, "host.example A": address,
        ]
        return view.merging(more)
    }

    static let cases: [Case] = [
        Case(
            "DANE-03 secure address, no alias: the host itself",
            secureMX.merging(["_25._tcp.mx.example TLSA": .secure(good)]), .authenticated(.dane, base: "mx.example"),
            never: ["mx.example CNAME"]),
        Case(
            "DANE-01 no address at all: no TLSA query",
            ["d.example MX": .secure("10 mx.example"), "_25._tcp.mx.example TLSA": .secure(good)],
            .skipped(.noHostAddress), never: ["_25._tcp.mx.example TLSA"]),
        Case(
            "DANE-02 insecure address: TLSA is not asked for, broken servers or not",
            [
                "d.example MX": .secure("10 mx.example"), "mx.example A": .insecure("192.0.2.1"),
                "_25._tcp.mx.example TLSA": .servfail,
            ],
            .opportunistic, never: ["_25._tcp.mx.example TLSA", "mx.example CNAME"]),
        Case(
            "DANE-04 secure alias: the expanded name first",
            alias(
                .secure("host.example"), .secure("192.0.2.1"),
                [
                    "_25._tcp.host.example TLSA": .secure(good),
                    "_25._tcp.mx.example TLSA": .secure(tlsaText("3 1 1", "cd")),
                ]),
            .authenticated(.dane, base: "host.example"), never: ["_25._tcp.mx.example TLSA"]),
        Case(
            "DANE-04 secure alias: then the original name",
            alias(.secure("host.example"), .secure("192.0.2.1"), ["_25._tcp.mx.example TLSA": .secure(good)]),
            .authenticated(.dane, base: "mx.example")),
        Case(
            "DANE-05, SEC-10 secure alias into an unsigned zone: the original name only",
            alias(
                .secure("host.example"), .insecure("192.0.2.1"),
                [
                    "_25._tcp.mx.example TLSA": .secure(good),
                    "_25._tcp.host.example TLSA": .secure(tlsaText("3 1 1", "cd")),
                ]),
            .authenticated(.dane, base: "mx.example"), never: ["_25._tcp.host.example TLSA"]),
        Case(
            "DANE-06, SEC-09 insecure alias: no DANE, no TLSA query, even to secure addresses",
            alias(
                .insecure("host.example"), .secure("192.0.2.1"),
                ["_25._tcp.mx.example TLSA": .secure(good), "_25._tcp.host.example TLSA": .secure(good)]),
            .opportunistic, never: ["_25._tcp.mx.example TLSA", "_25._tcp.host.example TLSA"]),
        Case(
            "DANE-07 intermediate names are never candidates",
            [
                "d.example MX": .secure("10 mx.example"), "mx.example CNAME": .secure("middle.example"),
                "middle.example CNAME": .secure("host.example"), "host.example A": .secure("192.0.2.1"),
                "_25._tcp.middle.example TLSA": .secure(good),
            ],
            .opportunistic, never: ["_25._tcp.middle.example TLSA"]),
        Case(
            "DANE-09 an alias at the TLSA owner name is followed, the base domain stays",
            secureMX.merging([
                "_25._tcp.mx.example CNAME": .secure("tlsa.x.example"), "tlsa.x.example TLSA": .secure(good),
            ]),
            .authenticated(.dane, base: "mx.example")),
        Case(
            "DANE-09 an insecure link in it unbinds the records",
            secureMX.merging([
                "_25._tcp.mx.example CNAME": .insecure("tlsa.x.example"), "tlsa.x.example TLSA": .secure(good),
            ]),
            .opportunistic),
        Case(
            "DANE-09, SEC-09 a failing link in it fails the lookup",
            secureMX.merging(["_25._tcp.mx.example CNAME": .secure("tlsa.x.example"), "tlsa.x.example TLSA": .servfail]
            ),
            .skipped(.tlsaLookupFailed)),
        Case(
            "DANE-10 insecure TLSA at one candidate: the next candidate",
            alias(
                .secure("host.example"), .secure("192.0.2.1"),
                ["_25._tcp.host.example TLSA": .insecure(good), "_25._tcp.mx.example TLSA": .secure(good)]),
            .authenticated(.dane, base: "mx.example")),
        Case(
            "DANE-10 the first secure RRset wins though none of it is usable",
            alias(
                .secure("host.example"), .secure("192.0.2.1"),
                ["_25._tcp.host.example TLSA": .secure(tlsaText("0 0 1")), "_25._tcp.mx.example TLSA": .secure(good)]),
            .encrypted(.dane, sni: "host.example"), never: ["_25._tcp.mx.example TLSA"]),
        Case(
            "DANE-11 TLSA SERVFAIL: host skipped", secureMX.merging(["_25._tcp.mx.example TLSA": .servfail]),
            .skipped(.tlsaLookupFailed)),
        Case(
            "DANE-11, SEC-05 TLSA bogus: host skipped", secureMX.merging(["_25._tcp.mx.example TLSA": .bogus]),
            .skipped(.tlsaLookupFailed)),
        Case(
            "SEC-05 NOTIMP is a failure like any other",
            secureMX.merging(["_25._tcp.mx.example TLSA": .failing("NOTIMP")]), .skipped(.tlsaLookupFailed)),
        Case(
            "DANE-12 an error at the expanded name is not papered over by the original",
            alias(
                .secure("host.example"), .secure("192.0.2.1"),
                ["_25._tcp.host.example TLSA": .servfail, "_25._tcp.mx.example TLSA": .secure(good)]),
            .skipped(.tlsaLookupFailed), never: ["_25._tcp.mx.example TLSA"]),
        Case(
            "DANE-15, DANE-24 only PKIX usages: TLS, any certificate",
            secureMX.merging(["_25._tcp.mx.example TLSA": .secure(tlsaText("1 1 1"), tlsaText("0 0 1"))]),
            .encrypted(.dane, sni: "mx.example")),
        Case(
            "DANE-25 an unknown matching type beside a good record",
            secureMX.merging(["_25._tcp.mx.example TLSA": .secure(tlsaText("3 1 9"), good)]),
            .authenticated(.dane, base: "mx.example")),
        Case(
            "DANE-26 a digest of 31 octets alone: TLS, any certificate",
            secureMX.merging(["_25._tcp.mx.example TLSA": .secure(tlsaText("3 1 1", count: 31))]),
            .encrypted(.dane, sni: "mx.example")),
        Case(
            "DANE-26 RDATA too short to be TLSA still commits to TLS",
            secureMX.merging(["_25._tcp.mx.example TLSA": .secure("hex:", "hex:0301")]),
            .encrypted(.dane, sni: "mx.example")),
        Case(
            "DANE-16, SEC-04 TLSA NODATA, secure: opportunistic",
            secureMX.merging(["_25._tcp.mx.example TLSA": .none(.secure)]), .opportunistic),
        Case(
            "DANE-16, SEC-04 TLSA NXDOMAIN, insecure: opportunistic",
            secureMX.merging(["_25._tcp.mx.example TLSA": .noSuchName(.insecure)]), .opportunistic),
        Case(
            "DANE-16 insecure TLSA records bind nobody",
            secureMX.merging(["_25._tcp.mx.example TLSA": .insecure(good)]), .opportunistic),
        Case(
            "DANE-19 insecure MX, secure host: host-level DANE",
            insecureMX.merging(["_25._tcp.mx.example TLSA": .secure(good)]),
            .authenticated(.daneHost, base: "mx.example")),
        Case(
            "DANE-19 insecure MX, only unusable records",
            insecureMX.merging(["_25._tcp.mx.example TLSA": .secure(tlsaText("1 1 1"))]),
            .encrypted(.daneHost, sni: "mx.example")),
        Case(
            "DANE-11 insecure MX, TLSA failure: unknown is not absent",
            insecureMX.merging(["_25._tcp.mx.example TLSA": .servfail]), .skipped(.tlsaLookupFailed)),
        Case(
            "DANE-23 implicit MX gets DANE",
            ["d.example A": .secure("192.0.2.1"), "_25._tcp.d.example TLSA": .secure(good)],
            .authenticated(.dane, base: "d.example")),
        Case(
            "SEC-15 A secure, AAAA SERVFAIL: DANE over IPv4",
            secureMX.merging(["mx.example AAAA": .servfail, "_25._tcp.mx.example TLSA": .secure(good)]),
            .authenticated(.dane, base: "mx.example")),
        Case(
            "SEC-15 A bogus, AAAA secure: DANE over IPv6",
            secureMX.merging([
                "mx.example A": .bogus, "mx.example AAAA": .secure("2001:db8::1"),
                "_25._tcp.mx.example TLSA": .secure(good),
            ]),
            .authenticated(.dane, base: "mx.example")),
        Case(
            "SEC-15 one family fails and the other is empty: nothing is known",
            secureMX.merging(["mx.example A": .servfail, "mx.example AAAA": .none(.secure)]), .skipped(.dnsTemporary)),
        Case(
            "SEC-05 both families bogus: dns-bogus",
            secureMX.merging(["mx.example A": .bogus, "mx.example AAAA": .bogus]), .skipped(.dnsBogus)),
        Case(
            "SEC-05 an address set of malformed records is no answer",
            secureMX.merging(["mx.example A": .secure("hex:7f0000")]), .skipped(.dnsTemporary)),
    ]

    @Test("Host facts and requirement", arguments: cases, [false, true])
    func requirement(aCase: Case, reversed: Bool) throws {
        let (found, asked) = searchRoute(Self.example, aCase.view, reversed: reversed)
        let facts = try #require(found)
        let host = try #require(facts.hosts.first)
        let decision = HostDecision.decide(for: host, in: facts, settings: PolicySettings())
        #expect(Self.summary(decision) == aCase.expected)
        for question in aCase.never { #expect(!asked.contains(question), "\(question)") }
        // DANE-01: whatever the order of answers, no TLSA question precedes the addresses.
        if let firstTLSA = asked.firstIndex(where: { $0.hasSuffix(" TLSA") }) {
            #expect(asked.lastIndex { $0.hasSuffix(" A") || $0.hasSuffix(" AAAA") }.map { $0 < firstTLSA } == true)
        }
        if case .skip(let reason, let results) = decision, reason.cause == .tlsaLookupFailed {
            #expect(results == [PolicyResult(.tlsa, .dnssecInvalid, reasonCode: "tlsa-lookup-failed")])
            #expect(!reason.cause.isPermanent, "DANE-18")
        }
        if let requirement = decision.requirement {
            #expect(requirement.reason.source != nil && !requirement.reason.text.isEmpty)
            if requirement.level == .opportunistic {
                #expect(requirement.serverName == domainName("mx.example"), "TLS-04")
            }
        }
    }

    static func summary(_ decision: HostDecision) -> Expected? {
        switch decision {
        case .skip(let reason, _): return .skipped(reason.cause)
        case .use(let requirement):
            switch (requirement.level, requirement.by) {
            case (.authenticated, let by?):
                guard let dane = requirement.dane, requirement.serverName == dane.baseDomain else { return nil }
                return .authenticated(by, base: dane.baseDomain.text)
            case (.encrypted, let by?): return .encrypted(by, sni: requirement.serverName?.text ?? "")
            case (.opportunistic, nil): return requirement.dane == nil ? .opportunistic : nil
            default: return nil
            }
        }
    }

    @Test(
        "SEC-10 the separate CNAME question: its failure makes the host unreachable",
        arguments: [Security.bogus, .failed])
    func failingAlias(kind: Security) throws {
        let facts = try factsWithAlias(Answer(aliasQuestion, .failed("SERVFAIL"), kind))
        #expect(facts.hosts.first?.tlsa.lookup == .failed("CNAME: SERVFAIL"))
        #expect(drained(facts)?.reason.cause == .tlsaLookupFailed)
    }

    @Test("SEC-10 a signed denial of the alias contradicts the address answer: ask again later")
    func vanishedAlias() throws {
        let facts = try factsWithAlias(Answer(aliasQuestion, .noData, .secure))
        #expect(drained(facts)?.reason.cause == .tlsaLookupFailed)
    }

    private let aliasQuestion = Question(domainName("mx.example"), .cname)

    /// The address comes over an insecure alias; the CNAME question is answered as said.
    private func factsWithAlias(_ answer: Answer) throws -> DestinationFacts {
        let view = Self.alias(.secure("host.example"), .insecure("192.0.2.1"))
        var search = RouteSearch(for: Self.example, settings: RouteSettings())
        var open = search.start()
        while let question = open.popLast() {
            open += search.handle(question == answer.question ? answer : view.answer(question))
        }
        return try #require(search.result)
    }

    @Test("DANE-19, DANE-38 dane.insecure_mx off: neither asked nor demanded")
    func insecureMXOff() throws {
        let view = Self.insecureMX.merging(["_25._tcp.mx.example TLSA": .servfail])
        let (found, asked) = searchRoute(Self.example, view, RouteSettings(daneForInsecureMX: false))
        let facts = try #require(found)
        #expect(!asked.contains("_25._tcp.mx.example TLSA"))
        let host = try #require(facts.hosts.first)
        let off = PolicySettings(daneForInsecureMX: false)
        #expect(Self.summary(.decide(for: host, in: facts, settings: off)) == .opportunistic)
        // Facts gathered before the setting changed.
        let old = try #require(searchRoute(Self.example, view).facts)
        let oldHost = try #require(old.hosts.first)
        #expect(Self.summary(.decide(for: oldHost, in: old, settings: off)) == .opportunistic)
    }

    @Test("DANE-13, DANE-11 each host by itself: the failing one is skipped, the clean one used")
    func perHost() throws {
        let view: DNSView = [
            "d.example MX": .secure("10 a.example", "20 b.example", "30 c.example"),
            "a.example A": .secure("192.0.2.1"), "b.example A": .secure("192.0.2.2"),
            "c.example A": .secure("192.0.2.3"),
            "_25._tcp.a.example TLSA": .servfail, "_25._tcp.c.example TLSA": .secure(Self.good),
        ]
        let facts = try #require(searchRoute(Self.example, view).facts)
        let summaries = facts.hosts.map { Self.summary(.decide(for: $0, in: facts, settings: PolicySettings())) }
        #expect(summaries == [.skipped(.tlsaLookupFailed), .opportunistic, .authenticated(.dane, base: "c.example")])
    }

    @Test("Two hosts with one alias target share the TLSA question")
    func sharedTarget() throws {
        let view: DNSView = [
            "d.example MX": .secure("10 a.example", "10 b.example"), "a.example CNAME": .secure("host.example"),
            "b.example CNAME": .secure("host.example"), "host.example A": .secure("192.0.2.1"),
            "_25._tcp.host.example TLSA": .secure(Self.good),
        ]
        let (found, asked) = searchRoute(Self.example, view)
        let facts = try #require(found)
        #expect(asked.count { $0 == "_25._tcp.host.example TLSA" } == 1)
        #expect(facts.hosts.allSatisfy { $0.tlsa.baseDomain == domainName("host.example") })
    }

    @Test("64 TLSA records are kept, the usable ones first, so that length cannot turn authentication into encryption")
    func tlsaLimit() throws {
        for bad in [RecordLimits.tlsa - 1, RecordLimits.tlsa] {
            let records = (0..<bad).map { _ in tlsaText("1 1 1") } + [Self.good]
            let view = Self.secureMX.merging(["_25._tcp.mx.example TLSA": .secure(records)])
            let facts = try #require(searchRoute(Self.example, view).facts)
            let host = try #require(facts.hosts.first)
            #expect(host.tlsa.records.count == RecordLimits.tlsa)
            #expect(
                Self.summary(.decide(for: host, in: facts, settings: PolicySettings()))
                    == .authenticated(.dane, base: "mx.example"))
        }
    }

    @Test("DANE-08 a host whose TLSA name would be too long has none")
    func longName() throws {
        let long = [
            String(repeating: "a", count: 63), String(repeating: "b", count: 63), String(repeating: "c", count: 63),
            String(repeating: "d", count: 58),
        ].joined(separator: ".")
        let view: DNSView = ["d.example MX": .secure("10 \(long)"), "\(long) A": .secure("192.0.2.1")]
        let (found, asked) = searchRoute(Self.example, view)
        let facts = try #require(found)
        #expect(!asked.contains { $0.hasSuffix("TLSA") })
        #expect(facts.hosts.first?.tlsa.lookup == .absent)
    }

    @Test("DANE-20, MX-11 the MX name is kept unexpanded beside its expansion")
    func unexpanded() throws {
        let facts = try #require(
            searchRoute(Self.example, Self.alias(.secure("host.example"), .secure("192.0.2.1"))).facts)
        #expect(facts.hosts.first?.host.description == "mx.example")
        #expect(facts.hosts.first?.addresses.expandedName == domainName("host.example"))
    }

    @Test(
        "DANE-43 the requirement holds only the strongest digests",
        arguments: [([2, 1], [2]), ([1, 2], [1])] as [([UInt8], [UInt8])])
    func agility(order: [UInt8], kept: [UInt8]) throws {
        let view = Self.secureMX.merging([
            "_25._tcp.mx.example TLSA": .secure(Self.good, tlsaText("3 1 2", count: 64))
        ])
        let facts = try #require(searchRoute(Self.example, view).facts)
        let host = try #require(facts.hosts.first)
        let settings = PolicySettings(digestOrder: DigestOrder(order))
        let requirement = HostDecision.decide(for: host, in: facts, settings: settings).requirement
        #expect(requirement?.dane?.records.map(\.matchingType) == kept)
    }

    @Test(
        "Reference identifiers",
        arguments: [
            (
                "DANE-37 secure MX: base, next-hop domain",
                secureMX.merging(["_25._tcp.mx.example TLSA": .secure(good)]),
                ["mx.example", "d.example"]
            ),
            (
                "DANE-37 and the domain's expansion",
                [
                    "d.example CNAME": .secure("e.example"), "e.example MX": .secure("10 mx.example"),
                    "mx.example A": .secure("192.0.2.1"), "_25._tcp.mx.example TLSA": .secure(good),
                ],
                ["mx.example", "d.example", "e.example"]
            ),
            (
                "DANE-37 the base domain is the expanded host",
                alias(.secure("host.example"), .secure("192.0.2.1"), ["_25._tcp.host.example TLSA": .secure(good)]),
                ["host.example", "d.example"]
            ),
            (
                "DANE-38 insecure MX: the base domain alone",
                insecureMX.merging(["_25._tcp.mx.example TLSA": .secure(good)]),
                ["mx.example"]
            ),
            (
                "DANE-39 no MX, base is the expansion: the original name too",
                [
                    "d.example CNAME": .secure("h.example"), "h.example A": .secure("192.0.2.1"),
                    "_25._tcp.h.example TLSA": .secure(good),
                ],
                ["h.example", "d.example"]
            ),
            (
                "DANE-39 no MX, base is the original name: that alone",
                [
                    "d.example CNAME": .secure("h.example"), "h.example A": .secure("192.0.2.1"),
                    "_25._tcp.d.example TLSA": .secure(good),
                ],
                ["d.example"]
            ),
        ] as [(String, DNSView, [String])])
    func referenceIdentifiers(row: String, view: DNSView, names: [String]) throws {
        let facts = try #require(searchRoute(Self.example, view).facts)
        let host = try #require(facts.hosts.first)
        let requirement = HostDecision.decide(for: host, in: facts, settings: PolicySettings()).requirement
        #expect(requirement?.dane?.referenceIdentifiers.map(\.text) == names, "\(row)")
        // DANE-45: SNI is the base domain.
        #expect(requirement?.serverName?.text == names.first)
    }
}
