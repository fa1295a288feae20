import Mail
import Net
import Testing

@testable import Relay

@Suite("Probe", .timeLimit(.minutes(10)))
struct ProbeTests {
    private static let nextKey = String(repeating: "ab", count: 32)

    /// What DNS says of a domain with the one host mx.example on loopback.
    private static func policy(
        port: UInt16, address: UInt32 = 0x7F00_0001, tlsa: [String], sts: STSFacts = .notApplicable,
        settings: PolicySettings = PolicySettings()
    ) throws -> LocalPolicy {
        let domain = try DomainName("d.example")
        let name = try DomainName("mx.example")
        let records = try tlsa.map { try TLSARecord(parsing: $0) }
        let host = HostFacts(
            host: .name(name), preference: 10,
            addresses: AddressFacts(lookup: .found, addresses: [.v4(address)], security: .secure),
            tlsa: records.isEmpty
                ? TLSAFacts(baseDomain: nil, lookup: .absent, security: .secure)
                : TLSAFacts(baseDomain: name, lookup: .found, security: .secure, records: records))
        let facts = DestinationFacts(
            nextHop: NextHop(.domain(domain), port: port),
            mx: MXFacts(
                lookup: .records([MXRecord(preference: 10, exchange: .host(.name(name)))]), security: .secure),
            hosts: [host], timeToLive: 60)
        return LocalPolicy(
            domain: domain, route: nil,
            decision: PolicyDecision(PolicyInputs(facts: facts, sts: sts, settings: settings)), tlsrpt: nil)
    }

    private static func enforce(_ mx: String) throws -> STSFacts {
        let text = Array("version: STSv1\nmode: enforce\nmax_age: 604800\nmx: \(mx)\n".utf8)
        let held = try STSCacheEntry.Held(parsing: text, id: "1", fetchedAt: WallTime(seconds: 0))
        return STSFacts(domain: try DomainName("d.example"), record: .found(id: "1"), held: held)
    }

    /// Probes a scripted host; the commands it heard come with the document.
    private func probe(
        _ script: ScriptedHost.Script = .init(), tlsa: [String] = [], sts: STSFacts = .notApplicable,
        settings: PolicySettings = PolicySettings()
    ) async throws -> (document: PolicyDocument, commands: [String]) {
        let loop = try Loop(name: "host")
        try loop.start()
        defer { loop.shutdown() }
        let host = try ScriptedHost(script, on: loop)
        let serving = loop.task { await host.run() }
        var configuration = Configuration()
        configuration.server.hostname = try DomainName("relay.example")
        let policy = try Self.policy(port: host.port, tlsa: tlsa, sts: sts, settings: settings)
        let document = try await Probe(policy, configuration: configuration, step: .seconds(300)) { _, _ in }.run()
        await loop.task { host.close() }.value
        await serving.value
        return (document, host.commands)
    }

    private static let trusting = PolicySettings(trust: .file(ScriptedHost.files.certificate))

    @Test("DANE: the record that matches, the one for a next key, and no MAIL")
    func dane() async throws {
        let (document, commands) = try await probe(
            tlsa: ["3 1 1 \(ScriptedHost.keyDigest)", "3 1 1 \(Self.nextKey)"])
        #expect(commands == ["EHLO", "STARTTLS", "EHLO", "QUIT"])
        let attempt = try #require(document.hosts.first?.attempts?.first)
        #expect(attempt.verdict == "proceed" && attempt.verified == "dane" && attempt.reason == nil)
        #expect(attempt.results == [PolicyDocument.Result(PolicyResult(.tlsa, nil))])
        #expect(attempt.extensions == ["PIPELINING"])
        let tls = try #require(attempt.tls)
        #expect(tls.version == "TLSv1.3" && tls.cipher?.hasPrefix("TLS_") == true && !tls.resumed)
        #expect(tls.matched?.data == ScriptedHost.keyDigest && tls.matched?.depth == 0)
        #expect(tls.unmatched.map(\.data) == [Self.nextKey])
        #expect(tls.certificate?.names == ["mx.example"])
        #expect(tls.chain.count == 1)
        #expect(document.exitCode == 0)
    }

    @Test("a rule wants REQUIRETLS, and the host that proves who it is does not offer it: mail would be returned")
    func requireTLS() async throws {
        var rule = HostRule(labels: ["rule \"d.example\""])
        rule.requireTLS = true
        let settings = PolicySettings(
            rules: RuleTable([Rule(destination: .exactly(try DomainName("d.example")), host: nil, settings: rule)]))
        let (document, commands) = try await probe(tlsa: ["3 1 1 \(ScriptedHost.keyDigest)"], settings: settings)
        #expect(!commands.contains("MAIL"))
        let attempt = try #require(document.hosts.first?.attempts?.first)
        #expect(attempt.verdict == "refuse" && attempt.cause == "requiretls-unsupported" && attempt.verified == nil)
        #expect(attempt.tls?.matched?.data == ScriptedHost.keyDigest)
        #expect(document.permanent && document.exitCode == 2, "\(document.because)")
    }

    @Test("DANE mismatch: refused as a delivery would, with a picture of what did not pass")
    func mismatch() async throws {
        let (document, commands) = try await probe(tlsa: ["3 1 1 \(Self.nextKey)"])
        #expect(!commands.contains("MAIL"))
        let attempt = try #require(document.hosts.first?.attempts?.first)
        #expect(attempt.verdict == "refuse" && attempt.verified == nil && attempt.reason != nil)
        #expect(attempt.resultType == "validation-failure")
        #expect(attempt.results.first?.reasonCode == "tlsa-mismatch")
        #expect(attempt.tls?.certificate?.names == ["mx.example"])
        #expect(attempt.tls?.chain.count == 1)
        #expect(attempt.tls?.matched == nil && attempt.tls?.unmatched.count == 1)
        #expect(document.exitCode == 2)
    }

    @Test("MTA-STS: a certificate that is trusted, and one that is not")
    func webPKI() async throws {
        let trusted = try await probe(sts: try Self.enforce("mx.example"), settings: Self.trusting).document
        let attempt = try #require(trusted.hosts.first?.attempts?.first)
        #expect(attempt.verdict == "proceed" && attempt.verified == "webpki", "\(attempt)")
        #expect(attempt.tls?.webPKI == "trusted")
        #expect(trusted.exitCode == 0)

        let stranger = try await probe(sts: try Self.enforce("mx.example")).document
        let refused = try #require(stranger.hosts.first?.attempts?.first)
        #expect(refused.verdict == "refuse" && refused.resultType == "certificate-not-trusted", "\(refused)")
        #expect(stranger.exitCode == 2)
    }

    @Test("a host that the policy skips is looked at for information, and marked")
    func skipped() async throws {
        let (document, commands) = try await probe(sts: try Self.enforce("other.example"))
        #expect(commands == ["EHLO", "STARTTLS", "EHLO", "QUIT"])
        let attempt = try #require(document.hosts.first?.attempts?.first)
        #expect(attempt.verdict == "skipped" && attempt.verified == nil)
        #expect(attempt.results.first?.reasonCode == "mx-mismatch")
        #expect(attempt.tls?.version == "TLSv1.3")
        #expect(document.exitCode == 2)
    }

    @Test("no STARTTLS: in the clear where nothing demands TLS, refused where something does")
    func clear() async throws {
        let script = ScriptedHost.Script(offersTLS: false)
        let free = try await probe(script)
        #expect(free.commands == ["EHLO", "QUIT"])
        let attempt = try #require(free.document.hosts.first?.attempts?.first)
        #expect(attempt.verdict == "fall-back" && attempt.verified == "none" && attempt.tls == nil)
        #expect(attempt.resultType == "starttls-not-supported")
        #expect(free.document.exitCode == 1)

        let bound = try await probe(script, tlsa: ["3 1 1 \(ScriptedHost.keyDigest)"]).document
        let refused = try #require(bound.hosts.first?.attempts?.first)
        #expect(refused.verdict == "refuse" && refused.resultType == "starttls-not-supported")
        #expect(bound.exitCode == 2)
    }

    @Test("a host that refuses at the greeting, and one that is not there")
    func unreachable() async throws {
        let (document, _) = try await probe(.init(greeting: "554 go away"))
        let attempt = try #require(document.hosts.first?.attempts?.first)
        #expect(attempt.verdict == "unreachable" && attempt.reason?.contains("554 go away") == true)
        #expect(document.exitCode == 2)

        let loop = try Loop(name: "host")
        try loop.start()
        defer { loop.shutdown() }
        let gone = try ScriptedHost(on: loop)
        await loop.task { gone.close() }.value
        // Loopback as well, but no test listens there: the port that is free now may soon be another's on 127.0.0.1.
        let nobody: UInt32 = 0x7F00_00FE
        var configuration = Configuration()
        configuration.server.hostname = try DomainName("relay.example")
        let probe = Probe(
            try Self.policy(port: gone.port, address: nobody, tlsa: []), configuration: configuration,
            step: .seconds(300)
        ) { _, _ in }
        let other = try #require(try await probe.run().hosts.first?.attempts?.first)
        #expect(other.verdict == "unreachable" && other.reason == "cannot connect: ECONNREFUSED (Connection refused)")
    }
}
