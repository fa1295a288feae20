import FoundationEssentials
import Testing

@testable import Mail

/// Decision cases that nobody on this project wrote, where `WAXWING_CORPUS` names the folder that holds them.
@Suite struct CorpusTests {
    static let folder = ProcessInfo.processInfo.environment["WAXWING_CORPUS"]

    @Test("Decision cases of other projects", .enabled(if: folder != nil, "WAXWING_CORPUS names no folder"))
    func decisions() throws {
        let path = "\(Self.folder ?? "")/dane-cases.json"
        let file = try #require(FileManager.default.contents(atPath: path), "cannot read \(path)")
        let cases = try #require(try JSONDecoder().decode(JSONValue.self, from: file)["decision_cases"]).list
        var tally = CorpusTally("dane decisions")
        for json in cases {
            let id = json["id"]?.text ?? ""
            let difference = Self.differences[id]
            let isRight: Bool
            if let why = Self.notOurs[id] {
                tally.skip(id, why)
                continue
            } else if id.hasPrefix("mox-gather") {
                isRight = try gather(json)
            } else if id.hasPrefix("mox-names") {
                let expected = json["expected"]?["reference_identifiers"]?.list.compactMap(\.text)
                isRight = try names(json) == difference?.names ?? expected
            } else if let domain = json["dns"]?.list.first?["query"]?.text {
                isRight = try CorpusDestinations.isAsExpected(domain, json, isDifferent: difference != nil)
            } else if id.hasPrefix("exim-4801") {
                isRight = try demandsDNSSEC(json)
            } else if id == "tlspol-GetDanePolicyRejectsIncompleteResults" {
                isRight = Self.isUndecidedWithoutTLSA()
            } else {
                let aCase = try #require(CorpusCase(json), "\(id)")
                isRight = try isAsExpected(aCase, json, difference)
            }
            tally.note(id, isRight, differing: difference?.words)
        }
        tally.report(of: cases.count)
    }

    /// Chain cases in which no chain is shown: what is left of them is decided before any certificate.
    @Test("Chain cases without a chain", .enabled(if: folder != nil, "WAXWING_CORPUS names no folder"))
    func chainless() throws {
        let path = "\(Self.folder ?? "")/dane-cases.json"
        let file = try #require(FileManager.default.contents(atPath: path), "cannot read \(path)")
        let cases = try #require(try JSONDecoder().decode(JSONValue.self, from: file)["chain_cases"]).list
            .filter { $0["chain_pem"]?.list.isEmpty == true }
        var tally = CorpusTally("dane chain cases without a chain")
        for json in cases {
            let records = (json["tlsa"]?.list ?? []).map { record in
                let fields = ["usage", "selector", "mtype"].compactMap { record[$0]?.number }.map(String.init)
                return fields.joined(separator: " ") + " " + (record["data"]?.text ?? "")
            }
            var view: DNSView = ["maddy.test A": .secure("192.0.2.1")]
            if !records.isEmpty { view["_25._tcp.maddy.test TLSA"] = .secure(records) }
            let facts = try #require(searchRoute(NextHop(.host(domainName("maddy.test"))), view).facts)
            let host = try #require(facts.hosts.first)
            let decision = HostDecision.decide(for: host, in: facts, settings: PolicySettings())
            let isTLS = if case .truth(true)? = json["tls_established"] { true } else { false }
            let verdict = decision.requirement.map {
                TLSVerdict.compare(
                    $0, isTLS ? TLSVerdictTests.session(.unverified) : .startTLSNotOffered, fallback: .never,
                    attempt: AttemptState(number: 1))
            }
            let isRefused = if case .refuse? = verdict { true } else { false }
            let isDANE = decision.requirement?.level != .opportunistic
            switch json["smtp_profile"]?["expected"]?.text {
            case "no-dane": tally.note(json["id"]?.text ?? "", !isDANE && !isRefused)
            case "refused": tally.note(json["id"]?.text ?? "", isDANE && isRefused)
            default: tally.note(json["id"]?.text ?? "", false)
            }
        }
        tally.report(of: cases.count)
    }

    /// What is no decision, and where it is tested.
    private static let notOurs = [
        "tlspol-NegativeResponseTTLUsesSoaMinimum": "the TTL of a denial is made by libunbound, and is read from it",
        "tlspol-CheckTlsaRecordsLimitsConcurrentLookups": "lookups at a time are bounded in the resolver: LookupsTests",
    ]

    /// Where our answer is not that of the case's source.
    struct Difference {
        let words: String
        /// The reference identifiers that are right.
        var names: [String]?

        static let delayed = Difference(words: "mandatory DANE delays where Exim fails at once (DANE-21)")
        static let nameless = Difference(
            words: "no such domain is said by the MX lookup, for good (RFC 5321 §5.1, MX-03); the source looks on")
        static let endless = Difference(words: "an alias chain without end is a failed lookup: later (MX-15)")
    }

    private static let differences: [String: Difference] = [
        "maddy-CNAMEd_1": Difference(
            words: "behind an insecure address the alias itself is the one candidate (RFC 7672 §2.2.2, DANE-05)"),
        "mox-names-3": Difference(
            words: "the unexpanded MX name is no reference identifier (RFC 7672 §3.2.2, DANE-37)",
            names: ["baseexpanded.example", "nexthop.example", "nexthopexpanded.example"]),
        "mox-names-5": Difference(
            words: "behind an insecure MX the base domain is the only one (RFC 7672 §3.2.2, DANE-38)",
            names: ["base.example"]),
        "exim-5840-t9": .delayed, "exim-5840-t12": .delayed, "exim-5840-t16": .delayed, "exim-5840-t18": .delayed,
        "exim-5802-t3@mxdaneinsecchain": .delayed, "exim-5802-t7@mxdaneinsecchain": .delayed,
        "stalwart-e2e-2": Difference(
            words: "records of which none is usable are no validation-failure (RFC 8460 §4.3.2.1, RPTC-15)"),
        "mox-dest-absent": .nameless, "mox-dest-danglingcname": .nameless,
        "mox-dest-cnamelimit1": .endless, "mox-dest-cnameloop": .endless,
    ]

    private func isAsExpected(_ aCase: CorpusCase, _ json: JSONValue, _ difference: Difference?) throws -> Bool {
        let (found, asked) = searchRoute(aCase.nextHop, aCase.view, aCase.settings)
        let facts = try #require(found, "\(aCase.id)")
        let decision = PolicyDecision(PolicyInputs(facts: facts, settings: aCase.policy))
        let requirements = decision.hosts.compactMap(\.decision.requirement)
        let tlsaAsked = asked.contains { $0.hasSuffix(" TLSA") }
        let isMisnamed = (json["dns"]?.list ?? []).contains { $0["data"]?.text?.contains("name mismatch") == true }
        let outcomes = requirements.map { requirement in
            TLSVerdict.compare(
                requirement, aCase.evidence(requirement, isMisnamed: isMisnamed), fallback: .afterRetry,
                attempt: AttemptState(number: 1))
        }
        let verdicts = outcomes.map(TLSVerdictTests.summary)
        let isRefused = verdicts.allSatisfy { if case .refuse = $0 { true } else { false } }
        let isDelayed = isRefused && drained(facts, settings: aCase.policy)?.isPermanent != true
        let isOpportunistic = requirements.allSatisfy { $0.level == .opportunistic }
        let expected = aCase.expected
        let action =
            expected["action"]?.text ?? expected["result"]?.text ?? expected["error"]?.text ?? expected["class"]?.text
        var holds: [Bool] = []
        switch (action, expected["channel"]?.text) {
        case ("deliver", "dane-verified"?) where difference != nil:
            holds.append(verdicts == [.proceed(.encrypted, nil)] && isOpportunistic)
        case ("deliver", "dane-verified"?), ("verified", _):
            holds.append(verdicts.contains(.proceed(.dane, nil)) || verdicts.contains(.proceed(.daneHost, nil)))
        case ("deliver", "cleartext (peer is opportunistic)"?):
            holds.append(verdicts == [.clear(.inThisConnection, .startTLSNotSupported)])
        case ("deliver", _):
            holds.append(verdicts == [.proceed(.encrypted, nil)])
        case ("defer", _), ("refuse", _), ("refuse/defer", _), ("error (temporary)", _), ("fail", _):
            holds.append(isDelayed)
        case ("no-dane", _):
            holds.append(isOpportunistic)
        case ("dane-only", _), ("dane (per host)", _):
            holds.append(requirements.map(\.level) == [.authenticated] && requirements.allSatisfy { $0.by == .dane })
        case ("no-records", _):
            holds.append(facts.hosts.first?.tlsa.lookup == .absent)
        case ("insecure", _):
            holds.append(requirements.map(\.level) == [.opportunistic])
        case ("ok", _):
            holds.append(facts.hosts.first?.addresses.security == .secure)
        case ("not-secure", _):
            holds.append(isOpportunistic && !tlsaAsked)
        case (nil, _):
            if let unique = expected["unique_hosts"]?.number { holds.append(facts.hosts.count == unique) }
            if aCase.id == "mox-dest-insecure-cname" { holds.append(facts.mx.security != .secure) }
        default:
            holds.append(false)
        }
        if let base = expected["tlsa_base"]?.text {
            holds.append(requirements.contains { $0.dane?.baseDomain.text.hasPrefix(base) == true })
        }
        if case .truth(let isSent)? = expected["tlsa_query_sent"] { holds.append(tlsaAsked == isSent) }
        if let sni = expected["sni"]?.text { holds.append(requirements.contains { $0.serverName?.text == sni }) }
        if expected["follow_up_queries"]?.number == 0 { holds.append(asked.count == 1) }
        if expected["tlsa_queries"]?.number == 0 { holds.append(!tlsaAsked) }
        if expected["tcp_connections"]?.number == 0 || expected["remote_connections"]?.number == 0 {
            holds.append(requirements.isEmpty)
        }
        if case .object(let queries)? = expected["tlsa_queries"] {
            for (host, count) in queries {
                holds.append(asked.count { $0 == "_25._tcp.\(host) TLSA" } == count.number)
            }
        }
        if let report = expected["tlsrpt"] {
            holds.append(isReported(report, decision, outcomes, isDifferent: difference != nil))
        }
        if let other = try otherRequirement(aCase) {
            // INT-06: an open connection is taken for an equal requirement only.
            holds.append(!requirements.isEmpty && !requirements.contains(other))
        }
        return !holds.isEmpty && !holds.contains(false)
    }

    private func isReported(
        _ report: JSONValue, _ decision: PolicyDecision, _ verdicts: [TLSVerdict], isDifferent: Bool
    ) -> Bool {
        var results = verdicts.flatMap(\.results)
        for host in decision.hosts {
            if case .skip(_, let skipped) = host.decision { results += skipped }
        }
        // A destination without hosts has the result of its own lookup.
        if let type = decision.inputs.facts.obstacle?.cause.resultType { results.append(PolicyResult(.tlsa, type)) }
        guard let type = report["result-type"]?.text else { return results == [PolicyResult(.tlsa, nil)] }
        let isThere = results.contains { $0.policy == .tlsa && $0.failure?.rawValue == type }
        let isSkipped = verdicts.isEmpty && !results.isEmpty
        return isDifferent ? isSkipped && !isThere : isThere
    }

    /// What the connection that a case speaks of was opened for.
    private func otherRequirement(_ aCase: CorpusCase) throws -> TLSRequirement? {
        var (view, mode) = (aCase.view, "off")
        switch aCase.server {
        case "an unauthenticated connection to the same host is open for another message",
            _ where aCase.server.hasPrefix("previous message to the same host was non-DANE"):
            break
        case "previous message to the same host was DANE":
            view["domain.test.ex MX"] = .secure("10 dane512ee.test.ex")
            mode = "required"
        default:
            return nil
        }
        let facts = try #require(searchRoute(aCase.nextHop, view, aCase.settings).facts)
        let settings = PolicySettings(daneForInsecureMX: false, rules: CorpusCase.rules(mode))
        let host = try #require(facts.hosts.first)
        let requirement = HostDecision.decide(for: host, in: facts, settings: settings).requirement
        #expect(requirement != nil, "\(aCase.id)")
        return requirement
    }

    /// Exim can demand DNSSEC of MX and address; the rule of ours that demands as much is mandatory DANE, where there are
    /// TLSA records for it.
    private func demandsDNSSEC(_ json: JSONValue) throws -> Bool {
        let secure = (json["dns"]?.list ?? []).filter { $0["status"]?.text == "secure" }.compactMap { $0["type"]?.text }
        let view: DNSView = [
            "domain.test.ex MX": secure.contains("MX") ? .secure("10 mx.test.ex") : .insecure("10 mx.test.ex"),
            "mx.test.ex A": secure.contains("A") ? .secure("192.0.2.1") : .insecure("192.0.2.1"),
            "_25._tcp.mx.test.ex TLSA": .secure(tlsaText("3 1 1")),
        ]
        let facts = try #require(searchRoute(NextHop(.domain(domainName("domain.test.ex"))), view).facts)
        let failure = drained(facts, settings: PolicySettings(rules: CorpusCase.rules("required")))
        return json["expected"]?["action"]?.text == "route" ? failure == nil : failure?.isPermanent == false
    }

    /// As long as the TLSA answer of one host is out there are no facts, and so no decision.
    private static func isUndecidedWithoutTLSA() -> Bool {
        let view: DNSView = [
            "d.example MX": .secure("10 a.d.example", "20 b.d.example"), "a.d.example A": .secure("192.0.2.1"),
            "b.d.example A": .secure("192.0.2.2"), "_25._tcp.a.d.example TLSA": .secure(tlsaText("3 1 1")),
        ]
        var search = RouteSearch(for: NextHop(.domain(domainName("d.example"))), settings: RouteSettings())
        var open = search.start()
        var held: Question?
        while let question = open.popLast() {
            if "\(question.name)" == "_25._tcp.b.d.example" {
                held = question
            } else {
                open += search.handle(view.answer(question))
            }
        }
        guard let held, search.result == nil else { return false }
        // No answer at all is a failed one, and then a host that is skipped.
        _ = search.handle(Answer(held, .failed("timeout"), .failed))
        guard let facts = search.result, let host = facts.hosts.last else { return false }
        return HostDecision.decide(for: host, in: facts, settings: PolicySettings()).requirement == nil
    }

    /// TLSA lookups alone: the zone all these cases share, the host's alias as the note says.
    private func gather(_ json: JSONValue) throws -> Bool {
        let note = json["note"]?.text ?? ""
        func word(after label: String) throws -> String {
            let start = try #require(note.firstRange(of: label)).upperBound
            return String(note[start...].prefix { $0 != "," && $0 != ";" && $0 != " " })
        }
        let host = try word(after: "input: host=")
        let expanded = try word(after: "CNAME-expanded host=")
        let isAuthentic = try word(after: "expansion authentic=") == "true"
        let lists = ["list0": tlsaText("3 1 1", "00"), "list1": tlsaText("3 0 1", "11")]
        var view: DNSView = [
            "_25._tcp.host0.example TLSA": .secure(lists["list0"] ?? ""),
            "_25._tcp.host1.example TLSA": .secure(lists["list1"] ?? ""),
            "_25._tcp.inauthentic.example TLSA": .insecure(tlsaText("3 0 1")),
            "_25._tcp.cname.example CNAME": .secure("_25._tcp.host1.example"),
            "_25._tcp.cnameloop.example CNAME": .secure("_25._tcp.cnameloop2.example"),
            "_25._tcp.cnameloop2.example CNAME": .secure("_25._tcp.cnameloop.example"),
            "_25._tcp.cname-to-inauthentic.example CNAME": .secure("_25._tcp.cnameinauthentic.example"),
            "_25._tcp.cnameinauthentic.example CNAME": .insecure("_25._tcp.host1.example"),
            "_25._tcp.danglingcname.example CNAME": .secure("_25._tcp.absent.example"),
            "_25._tcp.temperror-cname.example TLSA": .servfail,
            "\(expanded) A": isAuthentic || host == expanded ? .secure("192.0.2.1") : .insecure("192.0.2.1"),
        ]
        if host != expanded { view["\(host) CNAME"] = .secure(expanded) }
        let facts = try #require(searchRoute(NextHop(.host(domainName(host))), view).facts)
        let tlsa = try #require(facts.hosts.first).tlsa
        let expected = try #require(json["expected"])
        if case .text? = expected["error"] { return drained(facts)?.reason.cause == .tlsaLookupFailed }
        let isRequired = if case .truth(true)? = expected["dane_required"] { true } else { false }
        guard isRequired else { return tlsa.lookup != .found || tlsa.security != .secure }
        return tlsa.lookup == .found && tlsa.security == .secure
            && tlsa.records.map(\.description) == [lists[expected["records"]?.text ?? ""]]
            && tlsa.baseDomain?.text == expected["tlsa_base"]?.text
    }

    /// The reference identifiers of the one host.
    private func names(_ json: JSONValue) throws -> [String]? {
        let note = json["note"]?.text ?? ""
        let haveMX = note.contains("have MX=true")
        let isSecure = note.contains("next-hop expansion authentic=true")
        let isExpanded = note.contains("TLSA base expansion authentic=true")
        var view: DNSView = [
            "_25._tcp.base.example TLSA": .secure(tlsaText("2 0 1")), "base.example A": .secure("192.0.2.1"),
        ]
        if isExpanded {
            view = [
                "base.example CNAME": .secure("baseexpanded.example"), "baseexpanded.example A": .secure("192.0.2.1"),
                "_25._tcp.baseexpanded.example TLSA": .secure(tlsaText("2 0 1")),
            ]
        }
        if haveMX {
            let expanded = "nexthopexpanded.example"
            view["nexthop.example CNAME"] = isSecure ? .secure(expanded) : .insecure(expanded)
            view["nexthopexpanded.example MX"] = .secure("10 base.example")
        }
        let hop = haveMX ? NextHop(.domain(domainName("nexthop.example"))) : NextHop(.host(domainName("base.example")))
        let facts = try #require(searchRoute(hop, view).facts)
        let host = try #require(facts.hosts.first)
        let requirement = HostDecision.decide(for: host, in: facts, settings: PolicySettings()).requirement
        return requirement?.dane?.referenceIdentifiers.map(\.text)
    }
}
