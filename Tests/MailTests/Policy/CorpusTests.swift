import FoundationEssentials
import Testing

@testable import Mail

/// Decision cases that nobody on this project wrote, where `WAXWING_CORPUS` names the folder that holds them.
@Suite struct CorpusTests {
    static let folder = ProcessInfo.processInfo.environment["WAXWING_CORPUS"]

    struct Tally {
        var run = 0
        var skipped: [String: [String]] = [:]
        mutating func skip(_ id: String, _ why: String) { skipped[why, default: []].append(id) }
    }

    @Test("Decision cases of other projects", .enabled(if: folder != nil, "WAXWING_CORPUS names no folder"))
    func decisions() throws {
        let path = "\(Self.folder ?? "")/dane-cases.json"
        let file = try #require(FileManager.default.contents(atPath: path), "cannot read \(path)")
        let cases = try #require(try JSONDecoder().decode(JSONValue.self, from: file)["decision_cases"]).list
        var tally = Tally()
        for json in cases {
            let id = json["id"]?.text ?? ""
            if let why = Self.reasonToSkip(id, json) {
                tally.skip(id, why)
            } else if id.hasPrefix("mox-gather") {
                try gather(id, json)
                tally.run += 1
            } else if id.hasPrefix("mox-names") {
                try names(id, json)
                tally.run += 1
            } else if id == "mox-dest-literal" {
                #expect(searchRoute(NextHop(.literal(.v4(0x0A00_0001))), [:]).asked.isEmpty, "\(id)")
                tally.run += 1
            } else if let aCase = CorpusCase(json) {
                try check(aCase, json)
                tally.run += 1
            } else {
                tally.skip(id, "UNKNOWN FORM")
            }
        }
        print("corpus: \(cases.count) decision cases, \(tally.run) run")
        for (why, ids) in tally.skipped.sorted(by: { $0.key < $1.key }) {
            print("corpus: \(ids.count) skipped, \(why): \(ids.joined(separator: " "))")
        }
        #expect(tally.skipped["UNKNOWN FORM"] == nil)
        #expect(tally.run + tally.skipped.values.map(\.count).reduce(0, +) == cases.count)
    }

    private static func reasonToSkip(_ id: String, _ json: JSONValue) -> String? {
        let expected = json["expected"]
        let statuses = (json["dns"]?.list ?? []).compactMap { $0["status"]?.text }
        let isDelivered = expected?["action"]?.text == "deliver"
        let fails = statuses.contains { ["servfail", "bogus"].contains($0) }
        switch json["dane_policy"]?.text {
        case "off", "dnssec required for MX and address": return "needs rules per destination (DANE-21, DANE-22)"
        case "required" where !isDelivered && !fails: return "needs mandatory DANE (DANE-21)"
        default: break
        }
        switch id {
        case "maddy-CNAMEd_1":
            return "contested: an insecure address leaves only the original name as candidate (DANE-05)"
        case "mox-names-3":
            return "contested: adds the unexpanded MX name, which RFC 7672 §3.2.2 does not list (DANE-37)"
        case "mox-names-5": return "contested: the next-hop domain behind an insecure MX is no reference (DANE-38)"
        case "tlspol-NegativeResponseTTLUsesSoaMinimum": return "the resolver's affair: TTL of negative answers"
        case "tlspol-CheckTlsaRecordsLimitsConcurrentLookups": return "the shell's affair: lookups at a time"
        case "tlspol-GetDanePolicyRejectsIncompleteResults": return "a state that cannot be expressed here"
        default: break
        }
        if id.hasPrefix("mox-dest-"), id != "mox-dest-literal", id != "mox-dest-insecure-cname" {
            return "the zone is not in the case"
        }
        return nil
    }

    private func check(_ aCase: CorpusCase, _ json: JSONValue) throws {
        let (found, asked) = searchRoute(aCase.nextHop, aCase.view, aCase.settings)
        let facts = try #require(found, "\(aCase.id)")
        let settings = PolicySettings(daneForInsecureMX: aCase.settings.daneForInsecureMX)
        let decisions = facts.hosts.map { HostDecision.decide(for: $0, in: facts, settings: settings) }
        let requirements = decisions.compactMap(\.requirement)
        let tlsaAsked = asked.contains { $0.hasSuffix(" TLSA") }
        let isMisnamed = (json["dns"]?.list ?? []).contains { $0["data"]?.text?.contains("name mismatch") == true }
        let verdicts = requirements.map { requirement in
            TLSVerdictTests.summary(
                TLSVerdict.compare(
                    requirement, aCase.evidence(requirement, isMisnamed: isMisnamed), fallback: .afterRetry,
                    attempt: AttemptState(number: 1)))
        }
        let comment: Comment = "\(aCase.id): \(verdicts), \(decisions)"
        let isRefused = verdicts.allSatisfy { if case .refuse = $0 { true } else { false } }
        let expected = aCase.expected
        let action =
            expected["action"]?.text ?? expected["result"]?.text ?? expected["error"]?.text ?? expected["class"]?.text
        switch (action, expected["channel"]?.text) {
        case ("deliver", "dane-verified"?), ("verified", _):
            #expect(verdicts.contains(.proceed(.dane, nil)) || verdicts.contains(.proceed(.daneHost, nil)), comment)
        case ("deliver", "cleartext (peer is opportunistic)"?):
            #expect(verdicts == [.clear(.inThisConnection, .startTLSNotSupported)], comment)
        case ("deliver", _):
            #expect(verdicts == [.proceed(.encrypted, nil)], comment)
        case ("defer", _), ("refuse", _), ("refuse/defer", _), ("error (temporary)", _), ("fail", _):
            #expect(isRefused, comment)
            #expect(drained(facts)?.isPermanent != true, comment)
        case ("no-dane", _):
            #expect(requirements.allSatisfy { $0.level == .opportunistic }, comment)
        case ("dane-only", _), ("dane (per host)", _):
            #expect(requirements.map(\.level) == [.authenticated], comment)
            #expect(requirements.allSatisfy { $0.by == .dane }, comment)
        case ("no-records", _):
            #expect(facts.hosts.first?.tlsa.lookup == .absent, comment)
        case ("insecure", _):
            #expect(requirements.map(\.level) == [.opportunistic], comment)
        case ("ok", _): #expect(facts.hosts.first?.addresses.security == .secure, comment)
        case ("not-secure", _): #expect(requirements.allSatisfy { $0.level == .opportunistic } && !tlsaAsked, comment)
        case (nil, _):
            if let unique = expected["unique_hosts"]?.number { #expect(facts.hosts.count == unique, comment) }
            if aCase.id == "mox-dest-insecure-cname" { #expect(facts.mx.security != .secure, comment) }
        default:
            Issue.record("\(aCase.id): unknown expectation \(action ?? "")")
        }
        if let base = expected["tlsa_base"]?.text {
            #expect(requirements.contains { $0.dane?.baseDomain.text.hasPrefix(base) == true }, comment)
        }
        if case .truth(let isSent)? = expected["tlsa_query_sent"] { #expect(tlsaAsked == isSent, comment) }
        if let sni = expected["sni"]?.text { #expect(requirements.contains { $0.serverName?.text == sni }, comment) }
        if expected["follow_up_queries"]?.number == 0 { #expect(asked.count == 1, comment) }
        if expected["tlsa_queries"]?.number == 0 { #expect(!tlsaAsked, comment) }
        if case .object(let queries)? = expected["tlsa_queries"] {
            for (host, count) in queries {
                #expect(asked.count { $0 == "_25._tcp.\(host) TLSA" } == count.number, comment)
            }
        }
    }

    /// TLSA lookups alone: the zone all these cases share, the host's alias as the note says.
    private func gather(_ id: String, _ json: JSONValue) throws {
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
        if case .text? = expected["error"] {
            #expect(drained(facts)?.reason.cause == .tlsaLookupFailed, "\(id)")
            return
        }
        let isRequired = if case .truth(true)? = expected["dane_required"] { true } else { false }
        #expect((tlsa.lookup == .found && tlsa.security == .secure) == isRequired, "\(id): \(tlsa)")
        if isRequired {
            #expect(tlsa.records.map(\.description) == [lists[expected["records"]?.text ?? ""]], "\(id)")
            #expect(tlsa.baseDomain?.text == expected["tlsa_base"]?.text, "\(id)")
        }
    }

    private func names(_ id: String, _ json: JSONValue) throws {
        let note = json["note"]?.text ?? ""
        let haveMX = note.contains("have MX=true")
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
            view["nexthop.example CNAME"] = .secure("nexthopexpanded.example")
            view["nexthopexpanded.example MX"] = .secure("10 base.example")
        }
        let hop = haveMX ? NextHop(.domain(domainName("nexthop.example"))) : NextHop(.host(domainName("base.example")))
        let facts = try #require(searchRoute(hop, view).facts)
        let host = try #require(facts.hosts.first)
        let requirement = HostDecision.decide(for: host, in: facts, settings: PolicySettings()).requirement
        let expected = json["expected"]?["reference_identifiers"]?.list.compactMap(\.text)
        #expect(requirement?.dane?.referenceIdentifiers.map(\.text) == expected, "\(id)")
    }
}
