import Foundation
import Testing

@testable import Mail

/// The parts of `relayctl policy` and `relayctl probe` that speak of MTA-STS, TLSRPT, rules and what hosts showed.
@Suite("Policy document: MTA-STS, rules, probe") struct PolicyDocumentSTSTests {
    private static let domain = domainName("d.example")

    /// One host per name: insecure DNS and no TLSA, unless the name begins with "dane".
    private static func facts(_ hosts: [String], _ security: Security = .insecure) -> DestinationFacts {
        let rows = hosts.enumerated().map { place, name in
            let record = TLSARecord(
                usage: 3, selector: 1, matchingType: 1, data: [UInt8](repeating: 0xAB, count: 32))
            return HostFacts(
                host: .name(domainName(name)), preference: UInt16(place),
                addresses: AddressFacts(lookup: .found, addresses: [.v4(0xC000_0201)], security: .secure),
                tlsa: name.hasPrefix("dane")
                    ? TLSAFacts(baseDomain: domainName(name), lookup: .found, security: .secure, records: [record])
                    : TLSAFacts(baseDomain: nil, lookup: .absent, security: .secure))
        }
        let records = hosts.enumerated().map {
            MXRecord(preference: UInt16($0.offset), exchange: .host(.name(domainName($0.element))))
        }
        return DestinationFacts(
            nextHop: NextHop(.domain(domain)), mx: MXFacts(lookup: .records(records), security: security), hosts: rows,
            timeToLive: 60)
    }

    private static func held(_ mode: STSPolicy.Mode, _ mx: [String]) throws -> STSCacheEntry.Held {
        let lines = ["version: STSv1", "mode: \(mode.rawValue)", "max_age: 86400"] + mx.map { "mx: \($0)" }
        let text = Array(lines.joined(separator: "\n").utf8)
        return try STSCacheEntry.Held(parsing: text, id: "7", fetchedAt: WallTime(seconds: 1000))
    }

    private static func sts(_ mode: STSPolicy.Mode, _ mx: [String], isCached: Bool = true) throws -> STSFacts {
        STSFacts(domain: domain, record: .found(id: "7"), held: try held(mode, mx), isCached: isCached)
    }

    private static func document(
        _ hosts: [String], _ sts: STSFacts, _ settings: PolicySettings = PolicySettings(),
        security: Security = .insecure, tlsrpt: RecordReading<TLSRPTRecord>? = nil
    ) -> PolicyDocument {
        PolicyDocument(
            PolicyDecision(PolicyInputs(facts: facts(hosts, security), sts: sts, settings: settings)), tlsrpt: tlsrpt)
    }

    private static func uses(dane: HostRule.Use? = nil, sts: HostRule.Use? = nil) -> PolicySettings {
        var rule = HostRule(labels: ["rule \"d.example\""])
        rule.dane = dane
        rule.mtaSTS = sts
        rule.words = "theirs"
        return PolicySettings(
            rules: RuleTable([Rule(destination: .exactly(domain), host: nil, settings: rule)]))
    }

    private static func rule(_ proof: HostRule.Proof, names: [DomainName] = []) -> PolicySettings {
        var rule = HostRule(labels: ["rule \"d.example\""])
        rule.demand = HostRule.Demand(
            level: .authenticated, proofs: [proof], names: names,
            fingerprints: proof == .fingerprint ? [.certificate([UInt8](repeating: 1, count: 32))] : [],
            label: "rule \"d.example\"")
        return PolicySettings(
            rules: RuleTable([Rule(destination: .exactly(domain), host: nil, settings: rule)]))
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let why: String
        let hosts: [String]
        let sts: STSFacts
        var settings = PolicySettings()
        var security = Security.insecure
        let outcome: PolicyDocument.Outcome
        let by: [String?]
        let because: String

        var testDescription: String { why }
    }

    static let cases: [Case] = {
        do {
            let unknown = STSFacts(
                domain: domain, record: .found(id: "7"), fault: STSFetchFault(.stsPolicyFetchError, "no route"),
                isUnknown: true)
            return [
                Case(
                    why: "enforce and listed", hosts: ["mx.example"], sts: try sts(.enforce, ["mx.example"]),
                    outcome: .authenticated, by: ["mta-sts"], because: "in the MTA-STS policy"),
                Case(
                    why: "one listed, one not: the other is skipped", hosts: ["mx.example", "x.example"],
                    sts: try sts(.enforce, ["mx.example"]), outcome: .authenticated, by: ["mta-sts", nil],
                    because: "1 of 2 hosts cannot be used now"),
                Case(
                    why: "none listed", hosts: ["x.example"], sts: try sts(.enforce, ["mx.example"]),
                    outcome: .undeliverable, by: [nil], because: "not in the MTA-STS policy"),
                Case(
                    why: "testing demands nothing", hosts: ["mx.example"], sts: try sts(.testing, ["mx.example"]),
                    outcome: .unauthenticated, by: [nil], because: "no TLSA records"),
                Case(
                    why: "unknown demands nothing", hosts: ["mx.example"], sts: unknown, outcome: .unauthenticated,
                    by: [nil], because: "no TLSA records"),
                Case(
                    why: "DANE host beside STS host", hosts: ["dane.example", "mx.example"],
                    sts: try sts(.enforce, ["mx.example", "dane.example"]), security: .secure, outcome: .authenticated,
                    by: ["dane", "mta-sts"], because: "1 by dane, 1 by mta-sts"),
                Case(
                    why: "D1 dane-host alone is unauthenticated", hosts: ["dane.example"], sts: .notApplicable,
                    outcome: .unauthenticated, by: ["dane-host"], because: "does not prove the way"),
                Case(
                    why: "D1 dane-host under enforce is authenticated by the policy", hosts: ["dane.example"],
                    sts: try sts(.enforce, ["dane.example"]), outcome: .authenticated, by: ["mta-sts"],
                    because: "in the MTA-STS policy"),
                Case(
                    why: "pkix by rule", hosts: ["mx.example"], sts: .notApplicable, settings: rule(.pkix),
                    security: .secure, outcome: .authenticated, by: ["local"], because: "as the operator demands"),
                Case(
                    why: "pkix by rule, for a name that an unsigned MX record gave: anybody's", hosts: ["mx.example"],
                    sts: .notApplicable, settings: rule(.pkix), outcome: .unauthenticated, by: ["local"],
                    because: "rule \"d.example\" demands a trusted certificate for the name of the MX host, and the MX"),
                Case(
                    why: "the same beside DANE for the host", hosts: ["dane.example"], sts: .notApplicable,
                    settings: rule(.pkix), outcome: .unauthenticated, by: ["local"], because: "not secure"),
                Case(
                    why: "pkix by rule, for a name the operator wrote", hosts: ["mx.example"], sts: .notApplicable,
                    settings: rule(.pkix, names: [domain]), outcome: .authenticated, by: ["local"],
                    because: "as the operator demands"),
                Case(
                    why: "the rule switches DANE off", hosts: ["dane.example"], sts: .notApplicable,
                    settings: uses(dane: .off), security: .secure, outcome: .unauthenticated, by: [nil],
                    because: "rule \"d.example\" (theirs) has the host's DNSSEC-secure TLSA records ignored"),
                Case(
                    why: "the rule observes DANE", hosts: ["dane.example"], sts: .notApplicable,
                    settings: uses(dane: .observe), security: .secure, outcome: .unauthenticated, by: [nil],
                    because: "only observed"),
                Case(
                    why: "the rule switches MTA-STS off", hosts: ["mx.example"], sts: try sts(.enforce, ["mx.example"]),
                    settings: uses(sts: .off), outcome: .unauthenticated, by: [nil],
                    because: "has the MTA-STS policy of d.example (mode enforce) ignored"),
                Case(
                    why: "the rule observes MTA-STS", hosts: ["mx.example"], sts: try sts(.enforce, ["mx.example"]),
                    settings: uses(sts: .observe), outcome: .unauthenticated, by: [nil], because: "only observed"),
                Case(
                    why: "observing changes nothing of a test", hosts: ["mx.example"],
                    sts: try sts(.testing, ["mx.example"]), settings: uses(sts: .observe), outcome: .unauthenticated,
                    by: [nil], because: "no TLSA records"),
                Case(
                    why: "fingerprint by rule", hosts: ["mx.example"], sts: .notApplicable,
                    settings: rule(.fingerprint), outcome: .authenticated, by: ["local"],
                    because: "as the operator demands"),
                Case(
                    why: "a rule that demands DANE where there is none", hosts: ["mx.example"], sts: .notApplicable,
                    settings: rule(.dane), outcome: .undeliverable, by: [nil], because: "demands authentication by dane"
                ),
            ]
        } catch {
            return []
        }
    }()

    @Test("outcome, by and because follow from every source", arguments: cases)
    func outcomes(row: Case) throws {
        let document = Self.document(row.hosts, row.sts, row.settings, security: row.security)
        #expect(document.outcome == row.outcome)
        #expect(document.hosts.map { $0.requirement?.by } == row.by)
        #expect(document.because.contains(row.because), "\(document.because)")
        #expect(document.hosts.allSatisfy { !$0.reasons.isEmpty })
        #expect(document.hosts.allSatisfy { ($0.requirement == nil) == ($0.skipped != nil) })
        #expect(try JSONDecoder().decode(PolicyDocument.self, from: document.json()) == document)
    }

    @Test("the table of cases is not empty")
    func tableIsThere() { #expect(Self.cases.count == 19) }

    @Test("a rule with level none")
    func levelNone() {
        var rule = HostRule(labels: ["rule \"d.example\""])
        rule.demand = .init(level: .none, label: "rule \"d.example\"")
        let settings = PolicySettings(
            rules: RuleTable([Rule(destination: .exactly(Self.domain), host: nil, settings: rule)]))
        let document = Self.document(["mx.example"], .notApplicable, settings)
        #expect(document.because == "rule \"d.example\" wants TLS not even tried")
        #expect(document.hosts[0].settings == [.init(key: "level", value: "none", rule: "rule \"d.example\"")])
    }

    private static func json(_ document: PolicyDocument, _ key: String) throws -> String {
        let text = String(decoding: try document.json(), as: UTF8.self)
        let start = try #require(text.range(of: "\"\(key)\":"))
        return String(text[start.upperBound...])
    }

    @Test("keys of mta_sts, and of tlsrpt")
    func keys() throws {
        let record = TLSRPTRecord.read([Array("v=TLSRPTv1; rua=mailto:a@b.example,https://c.example/x".utf8)])
        let document = Self.document(
            ["mx.example"], try Self.sts(.enforce, ["mx.example", "*.d.example"]), tlsrpt: record)
        #expect(
            try Self.json(document, "mta_sts").hasPrefix(
                """
                {"domain":"d.example","error":null,"lookup":"found","policy":{"expires_at":87400,"fetched_at":1000,"id":"7",\
                "max_age":86400,"mode":"enforce","mx":["mx.example","*.d.example"],"source":"cached"},"record":{"id":"7"}},
                """))
        #expect(
            try Self.json(document, "tlsrpt")
                == "{\"error\":null,\"lookup\":\"found\",\"rua\":[\"mailto:a@b.example\",\"https://c.example/x\"]}}")
        #expect(try Self.json(document, "hosts").contains("\"sts_match\":true"))
        let none = Self.document(["mx.example"], .notApplicable, tlsrpt: RecordReading.none(why: "no TXT record"))
        #expect(try Self.json(none, "mta_sts").hasPrefix("null,"))
        #expect(try Self.json(none, "tlsrpt") == "{\"error\":\"no TXT record\",\"lookup\":\"absent\",\"rua\":[]}}")
        let failed = Self.document(["mx.example"], .notApplicable, tlsrpt: RecordReading.failed(why: "SERVFAIL"))
        #expect(
            try Self.json(failed, "tlsrpt")
                == "{\"error\":\"the TXT lookup failed: SERVFAIL\",\"lookup\":\"failed\",\"rua\":[]}}")
        #expect(try Self.json(none, "hosts").contains("\"sts_match\":null"))
        #expect(try !Self.json(none, "hosts").contains("attempts"))
    }

    @Test(
        "why there is no record or policy",
        arguments: [
            (STSRecordFacts.absent("2 records"), nil as STSFetchFault?, false, "absent", "2 records"),
            (.failed("SERVFAIL"), nil, true, "failed", "the TXT lookup failed: SERVFAIL"),
            (.notQueried, nil, true, "not-queried", "the TXT lookup did not end in time"),
            (.found(id: "7"), STSFetchFault(.stsPolicyFetchError, "404"), true, "found", "404"),
        ])
    func errors(record: STSRecordFacts, fault: STSFetchFault?, isUnknown: Bool, lookup: String, error: String) {
        let facts = STSFacts(domain: Self.domain, record: record, fault: fault, isUnknown: isUnknown)
        let document = Self.document(["mx.example"], facts)
        #expect(document.mtaSTS?.lookup == lookup)
        #expect(document.mtaSTS?.error == error)
        #expect(document.mtaSTS?.policy == nil)
        #expect(document.stsUnknown == isUnknown)
    }

    @Test("MX-17 a route shows where mail goes, and by which rule")
    func route() throws {
        let route = Route(
            nextHop: NextHop(.domain(Self.domain), port: 587, isConfigured: true), label: "rule \"a.example\"")
        let decision = PolicyDecision(
            PolicyInputs(facts: Self.facts(["mx.example"]), settings: PolicySettings()))
        let document = PolicyDocument(decision, domain: domainName("a.example"), route: route)
        #expect(document.domain == "a.example")
        #expect(
            try Self.json(document, "route").hasPrefix(
                "{\"next_hop\":\"d.example:587\",\"rule\":\"rule \\\"a.example\\\"\"}"))
    }

    typealias Attempt = PolicyDocument.Attempt

    @Test(
        "exit code of a probe, by what was shown",
        arguments: [
            ("all proved", [[Attempt(address: "a", verdict: "proceed", verified: "dane")]], 0),
            (
                "an address that cannot be reached does not count beside one that can",
                [
                    [
                        Attempt(address: "a", verdict: "unreachable"),
                        Attempt(address: "b", verdict: "proceed", verified: "webpki"),
                    ]
                ],
                0
            ),
            ("D1 dane-host is no proof", [[Attempt(address: "a", verdict: "proceed", verified: "dane-host")]], 1),
            ("encrypted", [[Attempt(address: "a", verdict: "proceed", verified: "encrypted")]], 1),
            ("in the clear", [[Attempt(address: "a", verdict: "fall-back", verified: "none")]], 1),
            (
                "one host proved, the other refused",
                [
                    [Attempt(address: "a", verdict: "proceed", verified: "dane")],
                    [Attempt(address: "b", verdict: "refuse")],
                ],
                1
            ),
            (
                "one address of two refused",
                [
                    [
                        Attempt(address: "a", verdict: "proceed", verified: "dane"),
                        Attempt(address: "b", verdict: "refuse"),
                    ]
                ],
                1
            ),
            (
                "one host proved, the other silent",
                [
                    [Attempt(address: "a", verdict: "proceed", verified: "dane")],
                    [Attempt(address: "b", verdict: "unreachable")],
                ],
                1
            ),
            ("refused", [[Attempt(address: "a", verdict: "refuse", reason: "no STARTTLS")]], 2),
            ("silent", [[Attempt(address: "a", verdict: "unreachable", reason: "refused")]], 2),
            ("good TLS, and no session behind it", [[Attempt(address: "a", verdict: "proceed")]], 2),
            ("nothing was tried", [[]], 2),
        ] as [(String, [[Attempt]], Int32)])
    func probe(why: String, attempts: [[Attempt]], code: Int32) {
        var document = Self.document(attempts.indices.map { "mx\($0).example" }, .notApplicable)
        for (place, found) in attempts.enumerated() { document.hosts[place].attempts = found }
        document.judgeByAttempts()
        #expect(document.exitCode == code, "\(why): \(document.because)")
    }

    @Test("a host that took no connection counts by what it must show")
    func silent() throws {
        let down = Attempt(address: "b", verdict: "unreachable")
        var document = Self.document(["dane.example", "dane2.example"], .notApplicable, security: .secure)
        document.hosts[0].attempts = [Attempt(address: "a", verdict: "proceed", verified: "dane")]
        document.hosts[1].attempts = [down]
        document.judgeByAttempts()
        #expect(document.exitCode == 0 && document.because.contains("dane2.example took no connection"))

        document = Self.document(["dane.example", "mx.example"], .notApplicable, security: .secure)
        document.hosts[0].attempts = [Attempt(address: "a", verdict: "proceed", verified: "dane")]
        document.hosts[1].attempts = [down]
        document.judgeByAttempts()
        #expect(
            document.exitCode == 1
                && document.because == "mx.example took no connection, and may be used without a proof")
    }

    @Test("a proof of a name that an unsigned MX record gave is none of the domain")
    func nameAlone() {
        var document = Self.document(["mx.example"], .notApplicable, Self.rule(.pkix))
        document.hosts[0].attempts = [Attempt(address: "a", verdict: "proceed", verified: "webpki")]
        document.judgeByAttempts()
        #expect(document.exitCode == 1 && document.because == "mx.example did not prove to be the domain's own")
    }

    @Test("REQUIRETLS that no host offers returns mail at once, a refusal that may be mended does not")
    func permanentRefusal() {
        for (causes, isPermanent) in [
            (["requiretls-unsupported"], true), (["requiretls-unsupported", "dane-mismatch"], false),
            (["dane-mismatch"], false),
        ] {
            var document = Self.document(causes.indices.map { "mx\($0).example" }, .notApplicable)
            for (place, cause) in causes.enumerated() {
                document.hosts[place].attempts = [
                    Attempt(address: "a", verdict: "refuse", cause: cause, reason: "no REQUIRETLS."),
                    // An address that cannot be reached does not count beside one that answered (D10).
                    Attempt(address: "b", verdict: "unreachable", cause: "connect-failed", reason: "no route"),
                ]
            }
            document.judgeByAttempts()
            #expect(document.permanent == isPermanent && document.exitCode == 2, "\(causes)")
            #expect(document.because == "no host that was tried can be used: no REQUIRETLS")
        }
    }

    @Test("a skipped host is shown and does not count in a probe")
    func skipped() throws {
        var document = Self.document(["mx.example", "x.example"], try Self.sts(.enforce, ["mx.example"]))
        document.hosts[0].attempts = [Attempt(address: "a", verdict: "proceed", verified: "webpki")]
        document.hosts[1].attempts = [Attempt(address: "b", verdict: "skipped")]
        document.judgeByAttempts()
        #expect(document.exitCode == 0)
    }

    @Test("keys of attempts")
    func attemptKeys() throws {
        var document = Self.document(["mx.example"], .notApplicable)
        let certificate = PolicyDocument.Certificate(
            CertificateFacts(subject: "CN = mx", names: ["mx.example"], notBefore: nil, notAfter: WallTime(seconds: 9)))
        let record = TLSARecord(usage: 3, selector: 1, matchingType: 1, data: [0, 255])
        let tls = PolicyDocument.TLS(
            version: "TLSv1.3", cipher: "X", group: "X25519", certificate: certificate, chain: [certificate],
            matched: PolicyDocument.MatchedRecord(record, depth: 0),
            unmatched: [.init(TLSARecord(usage: 3, selector: 1, matchingType: 1, data: [0xAA]))], webPKI: "trusted")
        document.hosts[0].attempts = [
            Attempt(
                address: "192.0.2.1", tls: tls, verdict: "proceed", verified: "dane",
                results: [PolicyDocument.Result(PolicyResult(.tlsa, nil))], extensions: ["REQUIRETLS"], milliseconds: 3),
            Attempt(
                address: "192.0.2.2", verdict: "refuse", cause: "starttls-missing",
                resultType: "starttls-not-supported",
                reason: "no STARTTLS"),
        ]
        let leaf = """
            {"certificate_digest":null,"issuer":null,"names":["mx.example"],"not_after":9,"not_before":null,\
            "public_key_digest":null,"subject":"CN = mx"}
            """
        #expect(
            try Self.json(document, "attempts").hasPrefix(
                """
                [{"address":"192.0.2.1","cause":null,"extensions":["REQUIRETLS"],"milliseconds":3,"reason":null,"result_type":null,\
                "results":[{"policy":"tlsa","reason_code":null,"result_type":null}],"tls":{"certificate":\(leaf),\
                "chain":[\(leaf)],"cipher":"X","group":"X25519","matched":{"data":"00ff","depth":0,"matching_type":1,\
                "selector":1,"usage":3},"resumed":false,"unmatched":[{"data":"aa","matching_type":1,"selector":1,"usage":3}],"version":"TLSv1.3","webpki":"trusted"},\
                "verdict":"proceed","verified":"dane"},{"address":"192.0.2.2","cause":"starttls-missing","extensions":[],"milliseconds":0,\
                "reason":"no STARTTLS","result_type":"starttls-not-supported","results":[],"tls":null,"verdict":"refuse",\
                "verified":null}],
                """))
        #expect(try JSONDecoder().decode(PolicyDocument.self, from: document.json()) == document)
    }
}
