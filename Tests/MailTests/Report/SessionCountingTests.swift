import Testing

@testable import Mail

/// What a verdict's results come to in the report of a day.
struct SessionCountingTests {
    static let ends = SessionEnds(
        sendingAddress: .v4(0xC000_0209), receivingAddress: .v4(0xC000_0201), receivingHELO: "mx1.d.example")

    static func inputs(_ view: DNSView, sts: STSFacts? = nil) throws -> PolicyInputs {
        try Scene(view, sts: sts).decision().inputs
    }

    @Test("RPTC-06 RPTC-19 A success under each kind of policy is one session without details")
    func success() throws {
        let inputs = try Self.inputs(Scene.pinned, sts: Scene.policy(.enforce, "mx.d.example"))
        let host = try #require(inputs.facts.hosts.first)
        let sessions = inputs.sessions(
            [PolicyResult(.tlsa, nil), PolicyResult(.sts, nil), PolicyResult(.noPolicyFound, nil)], at: host,
            between: Self.ends)
        #expect(sessions.map(\.policy.type) == [.tlsa, .sts, .noPolicyFound])
        #expect(sessions.allSatisfy { $0.failures.isEmpty && $0.domain == domainName("d.example") })
        // D2: the base domain for TLSA, else the recipient's.
        #expect(sessions.map(\.policy.domain.text) == ["mx.d.example", "d.example", "d.example"])
        #expect(sessions[0].policy.strings == ["3 1 1 \(String(repeating: "ab", count: 32))"])
        #expect(sessions[1].policy.mxHosts == ["mx.d.example"])
        #expect(sessions[2].policy == ReportedPolicy(.noPolicyFound, domain: domainName("d.example")))
    }

    @Test("RPTC-09 RPTC-10 Two defects under one policy are one session with two details; each policy has its own")
    func details() throws {
        let inputs = try Self.inputs(Scene.pinned)
        let sessions = inputs.sessions(
            [
                PolicyResult(.tlsa, .validationFailure, .tlsaMismatch), PolicyResult(.sts, nil),
                PolicyResult(.tlsa, .certificateExpired),
            ], at: inputs.facts.hosts.first, between: Self.ends)
        #expect(sessions.count == 2 && sessions[0].policy.type == .tlsa && sessions[1].failures.isEmpty)
        #expect(
            sessions[0].failures == [
                FailureDetail(
                    .validationFailure, reasonCode: "tlsa-mismatch", sendingAddress: .v4(0xC000_0209),
                    receivingHost: "mx.d.example", receivingHELO: "mx1.d.example",
                    receivingAddress: .v4(0xC000_0201)),
                FailureDetail(
                    .certificateExpired, sendingAddress: .v4(0xC000_0209), receivingHost: "mx.d.example",
                    receivingHELO: "mx1.d.example", receivingAddress: .v4(0xC000_0201)),
            ])
    }

    @Test("RPTC-10 A success beside a failure of the same policy makes no success of it, in either order")
    func mixed() throws {
        let inputs = try Self.inputs(Scene.plain)
        for results in [
            [PolicyResult(.sts, nil), PolicyResult(.sts, .certificateExpired)],
            [PolicyResult(.sts, .certificateExpired), PolicyResult(.sts, nil)],
        ] {
            let sessions = inputs.sessions(results, at: inputs.facts.hosts.first)
            #expect(sessions.count == 1 && sessions.first?.failures.map(\.type) == [.certificateExpired])
        }
    }

    @Test("RPTC-20 A host that was passed over has a name and no connection")
    func skipped() throws {
        let inputs = try Self.inputs(Scene.plain, sts: Scene.policy(.enforce, "other.example"))
        let session = try #require(
            inputs.sessions([PolicyResult(.sts, .validationFailure, .mxMismatch)], at: inputs.facts.hosts.first).first)
        #expect(
            session.failures == [
                FailureDetail(.validationFailure, reasonCode: "mx-mismatch", receivingHost: "mx.d.example")
            ])
    }

    @Test(
        "RPTC-19 TLSA records that did not validate are nobody's policy, and count under the host's name all the same")
    func unvalidated() throws {
        let inputs = try Self.inputs(Scene.plain.merging(["_25._tcp.mx.d.example TLSA": .bogus]))
        let session = try #require(
            inputs.sessions([PolicyResult(.tlsa, .dnssecInvalid)], at: inputs.facts.hosts.first).first)
        #expect(session.policy.strings.isEmpty && session.policy.domain == domainName("mx.d.example"))
    }

    @Test("RPTF-07 The same TLSA records in another order are the same policy")
    func rotation() throws {
        let records = [
            Scene.record, tlsaText("3 1 1", "cd"), tlsaText("2 0 1", "01"), tlsaText("3 1 2", "ef", count: 64),
        ]
        var policies: Set<ReportedPolicy> = []
        for shift in records.indices {
            let rotated = Array(records[shift...] + records[..<shift])
            let inputs = try Self.inputs(Scene.plain.merging(["_25._tcp.mx.d.example TLSA": .secure(rotated)]))
            let session = try #require(inputs.sessions([PolicyResult(.tlsa, nil)], at: inputs.facts.hosts.first).first)
            policies.insert(session.policy)
        }
        #expect(policies.count == 1)
        #expect(Set(policies.first?.strings ?? []) == Set(records))
    }

    @Test("RPTF-07 D1 An alias: policy-domain is the TLSA base domain")
    func alias() throws {
        let inputs = try Self.inputs([
            "d.example MX": .secure("10 mx.d.example"), "mx.d.example CNAME": .secure("real.example"),
            "real.example A": .secure("192.0.2.1"), "_25._tcp.real.example TLSA": .secure(Scene.record),
        ])
        let session = try #require(inputs.sessions([PolicyResult(.tlsa, nil)], at: inputs.facts.hosts.first).first)
        #expect(session.policy.domain == domainName("real.example") && session.domain == domainName("d.example"))
    }

    @Test("RPTC-15 Without a host: MX records that are bogus count as dnssec-invalid, a lookup that failed as nothing")
    func withoutHost() throws {
        let bogus = try Scene(["d.example MX": .bogus]).decision()
        #expect(bogus.resultsWithoutHost == [PolicyResult(.tlsa, .dnssecInvalid, .mxBogus)])
        let session = try #require(bogus.inputs.sessions(bogus.resultsWithoutHost, at: nil).first)
        #expect(session.policy == ReportedPolicy(.tlsa, domain: domainName("d.example")))
        #expect(session.failures == [FailureDetail(.dnssecInvalid, reasonCode: "mx-dnssec-invalid")])
        #expect(try Scene(["d.example MX": .servfail]).decision().resultsWithoutHost.isEmpty)
        #expect(try Scene(Scene.plain).decision().resultsWithoutHost.isEmpty)
    }

    @Test("RPTC-19 D2 A smarthost's own domain is reported to; an address has nobody to report to")
    func nextHops() throws {
        var scene = Scene(["smart.example A": .secure("192.0.2.1")])
        scene.nextHop = NextHop(.host(domainName("smart.example")), isConfigured: true)
        let inputs = try scene.decision().inputs
        let session = try #require(
            inputs.sessions([PolicyResult(.noPolicyFound, nil)], at: inputs.facts.hosts.first).first)
        #expect(session.domain == domainName("smart.example") && session.policy.domain == session.domain)
        scene.nextHop = NextHop(.address(.v4(0xC000_0201)))
        let literal = try scene.decision().inputs
        #expect(literal.sessions([PolicyResult(.noPolicyFound, nil)], at: literal.facts.hosts.first).isEmpty)
        #expect(inputs.sessions([], at: inputs.facts.hosts.first).isEmpty, "no result, nothing to count")
    }

    // MARK: MTA-STS

    static func held(_ text: String, _ patterns: String...) throws -> STSCacheEntry.Held {
        STSCacheEntry.Held(
            policy: STSPolicy(mode: .enforce, maxAge: 60, patterns: try patterns.map { try MXPattern($0) }),
            text: Array(text.utf8), id: "1", fetchedAt: WallTime(seconds: 0), expiresAt: WallTime(seconds: 60))
    }

    @Test(
        "RPTF-07 RPTF-08 policy-string has a line of the text in each string, errors and all; mx-host the patterns",
        arguments: [
            ("version: STSv1\r\nmode: enforce\r\n", ["version: STSv1", "mode: enforce"], "CRLF"),
            ("version: STSv1\nmode: enforce", ["version: STSv1", "mode: enforce"], "LF, and no end"),
            ("a\r\n\r\n\n\nb\r\n", ["a", "b"], "empty lines"),
            ("a \r\n  b\r\n", ["a ", "  b"], "blanks are theirs"),
            ("mx: a\nmx: b\nmode: enfroce\n", ["mx: a", "mx: b", "mode: enfroce"], "each mx, and a mistake"),
            ("a\rb\n", ["ab"], "a CR within a line is no line's end"),
            ("x\u{1}\"\\\u{202E}y\n", ["x\"\\y"], "RPTF-27 nothing that controls"),
            ("", [], "nothing"),
        ])
    func lines(text: String, expected: [String], why: String) throws {
        let policy = ReportedPolicy(
            sts: try Self.held(text, "*.mx.d.example", "a.example"), of: domainName("d.example"))
        #expect(policy.strings == expected, "\(why)")
        #expect(policy.mxHosts == ["*.mx.d.example", "a.example"] && policy.type == .sts)
    }

    @Test("RPTC-12 RPTC-13 RPTC-20 D3 A failed fetch: under the policy that is held or under none, and no connection")
    func failedFetch() throws {
        let domain = domainName("d.example")
        for type in [ResultType.stsPolicyFetchError, .stsPolicyInvalid, .stsWebPKIInvalid] {
            let fault = STSFetchFault(type, "words of a log")
            let bare = ReportedSession(failedFetch: fault, of: domain, keeping: nil)
            #expect(bare.policy == ReportedPolicy(.sts, domain: domain) && bare.domain == domain)
            #expect(bare.failures == [FailureDetail(type)])
            let held = try Self.held("mode: enforce\n", "a.example")
            let kept = ReportedSession(failedFetch: fault, of: domain, keeping: held)
            #expect(kept.policy == ReportedPolicy(sts: held, of: domain) && kept.failures == bare.failures)
        }
    }
}
