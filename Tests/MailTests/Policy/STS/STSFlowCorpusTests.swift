import FoundationEssentials
import Testing

@testable import Mail

/// Flows of discovery and caching that nobody on this project wrote, run through ``STSWorld``.
@Suite struct STSFlowCorpusTests {
    /// Why a flow is none of this machine's.
    private static func reasonToSkip(_ id: String) -> String? {
        switch id {
        case "maddy-mx-mismatch", "maddy-required-but-absent", "stalwart-require-norecord":
            "needs a minimum of the operator's: decided by rule and host policy"
        case "maddy-testing-ok", "maddy-enforce-no-starttls", "maddy-enforce-untrusted", "stalwart-testing-nostarttls":
            "what a host must show under a policy: decided by host policy and verdict"
        case _ where id.hasPrefix("maddy-requiretls"): "REQUIRETLS: decided by host policy and plan"
        case "stalwart-fetch-empty", "stalwart-ok":
            "contested: its id has an underscore, so there is no record at all (STS-05)"
        default: nil
        }
    }

    @Test(
        "Discovery and cache flows of other projects",
        .enabled(if: STSCorpusTests.folder != nil, "WAXWING_CORPUS names no folder"))
    func flows() throws {
        let cases = try STSCorpusTests.cases("mta-sts-flows.json")
        var tally = STSCorpusTests.Tally(name: "mta-sts-flows")
        for json in cases {
            let id = json["id"]?.text ?? ""
            let expected = try #require(json["expected"])
            if let why = Self.reasonToSkip(id) {
                tally.skip(id, why)
            } else if ["maddy-skip-nonmatching", "stalwart-mx-unauthorized"].contains(id) {
                tally.note(id, matches(json, expected))
            } else if id == "mox-db-temperror" {
                let (facts, _) = run(json)
                let isRight = facts?.isUnknown == true && facts?.record == .failed("SERVFAIL")
                tally.note(id, isRight, decided: "mail goes on and is marked unknown where the source defers (EDGE-21)")
            } else {
                let (facts, world) = run(json)
                tally.note(id, Self.isAsExpected(expected, try #require(facts, "\(id)"), world))
            }
        }
        tally.report(of: cases.count)
    }

    /// The facts of the last mail. A cache that a flow begins with was filled a minute ago.
    private func run(_ json: JSONValue) -> (facts: STSFacts?, world: STSWorld) {
        var world = STSWorld()
        var facts: STSFacts?
        for step in json["steps"]?.list ?? [] {
            if case .object(let members) = step, let txt = members["txt"] { world.record = Self.record(txt) }
            if let https = step["https"] {
                world.host = https.text == nil ? .success(Self.text(https)) : .failure(STSWorld.unreachable)
            }
            if let cache = step["cache"] { world.entry = Self.entry(cache, at: world.now.advanced(by: -60)) }
            if let seconds = step["sleep"]?.number { world.wait(Int64(seconds)) }
            if step["refresh"] != nil { world.refresh() }
            if step["get"] != nil { facts = world.mail() }
        }
        return (facts, world)
    }

    private static func isAsExpected(_ expected: JSONValue, _ facts: STSFacts, _ world: STSWorld) -> Bool {
        if let count = expected["https_requests"]?.number, world.fetches != count { return false }
        switch expected["policy"] {
        case .object?:
            guard let policy = expected["policy"], let held = facts.held?.policy else { return false }
            return held.mode.rawValue == policy["mode"]?.text && Int(held.maxAge) == policy["max_age"]?.number
                && held.patterns.map(\.description) == policy["mx"]?.list.compactMap(\.text)
        case .text?:
            // The policy of the cache step; where the record moved on, that shows as a fault or a missing record.
            let isFresh = if case .truth(true)? = expected["fresh"] { true } else { false }
            let isTroubled = facts.fault != nil || world.entry?.recordMissingSince != nil
            return facts.held?.id == "124" && facts.isCached && isTroubled == !isFresh
        default:
            return facts.held == nil
        }
    }

    /// `mx` steps of a policy: which of the hosts may be used at all.
    private func matches(_ json: JSONValue, _ expected: JSONValue) -> Bool {
        let steps = json["steps"]?.list ?? []
        guard let json = steps.lazy.compactMap({ $0["https"] ?? $0["policy"] }).first,
            let patterns = try? (json["mx"]?.list ?? []).compactMap(\.text).map({ try MXPattern($0) }),
            let mx = steps.lazy.compactMap({ $0["mx"] }).first
        else { return false }
        let policy = STSPolicy(mode: .enforce, maxAge: 604_800, patterns: patterns)
        let hosts = mx.text.map { [$0] } ?? mx.list.compactMap { $0.list.last?.text }
        let usable = hosts.filter { policy.pattern(matching: domainName($0)) != nil }
        return usable == [expected["delivered_to"]?.text].compactMap { $0 } && !hosts.isEmpty
    }

    private static func record(_ txt: JSONValue) -> STSRecordFacts {
        switch txt.text {
        case nil: STSRecordFacts(reading: txtAnswer(.noSuchName))
        case "SERVFAIL": STSRecordFacts(reading: txtAnswer(.failed("SERVFAIL"), .failed))
        case let text?: STSRecordFacts(reading: txtAnswer(.records([txtRecord(text)])))
        }
    }

    private static func text(_ policy: JSONValue) -> [UInt8] {
        let lines = (policy["mx"]?.list ?? []).compactMap(\.text).map { "mx: \($0)\n" }.joined()
        return Array(
            "version: STSv1\nmode: \(policy["mode"]?.text ?? "")\nmax_age: \(policy["max_age"]?.number ?? -1)\n\(lines)"
                .utf8)
    }

    private static func entry(_ cache: JSONValue, at time: WallTime) -> STSCacheEntry {
        guard let id = cache["id"]?.text else {
            let failure = STSCacheEntry.Failure(id: "1", at: time, count: 1, fault: STSWorld.unreachable)
            return STSCacheEntry(domain: STSWorld.domain, failure: failure, usedAt: time)
        }
        let held = try? STSCacheEntry.Held(parsing: text(cache), id: id, fetchedAt: time)
        return STSCacheEntry(domain: STSWorld.domain, held: held, usedAt: time)
    }
}
