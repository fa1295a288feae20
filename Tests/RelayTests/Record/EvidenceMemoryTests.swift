import Mail
import Store
import Testing

@testable import Relay

@Suite struct EvidenceMemoryTests {
    private static func candidate(_ number: UInt32 = 1) throws -> DeliveryPlan.Candidate {
        let host = MXHost.name(try DomainName("mx.d.example"))
        return DeliveryPlan.Candidate(
            host: HostFacts(
                host: host, preference: 10, addresses: AddressFacts(lookup: .found),
                tlsa: TLSAFacts(baseDomain: nil, lookup: .absent, security: .secure)),
            address: .v4(0xC000_0200 + number), port: 25,
            requirement: TLSRequirement(level: .opportunistic, by: nil, serverName: nil, reason: Explanation("test")))
    }

    private static func evidence(
        resumed: Bool = false, subject: String = "CN=mx.d.example", names: [String] = []
    ) -> PeerEvidence {
        .established(
            TLSSessionFacts(
                version: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384", resumed: resumed, verification: .unverified,
                certificate: CertificateFacts(subject: subject, names: names, notAfter: nil)))
    }

    /// Counts how often the certificates are read.
    private final class Chain {
        var reads = 0
        var certificates: [[UInt8]] = [[1], [2]]

        func read() -> [[UInt8]] {
            reads += 1
            return certificates
        }
    }

    @Test(
        "A resumed session counts by the evidence of its full handshake, whichever comes first",
        arguments: [false, true])
    func resumed(_ resumedFirst: Bool) async throws {
        let world = try RecordWorld()
        let (memory, chain, candidate) = (EvidenceMemory(), Chain(), try Self.candidate())
        let keys = [resumedFirst, !resumedFirst, resumedFirst].map { resumed in
            memory.key(
                of: Self.evidence(resumed: resumed), by: candidate, leaf: nil, in: world.trace, at: RecordWorld.now,
                chain: chain.read)
        }
        let key = try #require(keys[0])
        #expect(Set(keys) == [key] && chain.reads == 1 && memory.count == 1)
        let other = memory.key(
            of: Self.evidence(subject: "CN=other"), by: candidate, leaf: nil, in: world.trace, at: RecordWorld.now,
            chain: chain.read)
        #expect(other != nil && other != key && chain.reads == 2)
        let found = try await world.trace.documents([key])[key]
        let document = try #require(found.flatMap { EvidenceDocument(json: $0.bytes) })
        #expect(document.chain.count == 2)
        #expect(try await world.trace.documents(document.chain).count == 2)
    }

    @Test("It is told again after an hour", arguments: [(3_599, 1), (3_600, 2)])
    func hourly(_ seconds: Int64, _ reads: Int) throws {
        let world = try RecordWorld()
        let (memory, chain, candidate) = (EvidenceMemory(), Chain(), try Self.candidate())
        for now in [RecordWorld.now, RecordWorld.now.advanced(by: seconds)] {
            #expect(
                memory.key(
                    of: Self.evidence(), by: candidate, leaf: nil, in: world.trace, at: now, chain: chain.read) != nil)
        }
        #expect(chain.reads == reads)
    }

    @Test(
        "Where the trace has no room the certificates are not read again for ten seconds", arguments: [(9, 1), (10, 2)])
    func refused(_ seconds: Int64, _ reads: Int) async throws {
        let world = try RecordWorld()
        await world.trace.close()
        let (memory, chain, candidate) = (EvidenceMemory(), Chain(), try Self.candidate())
        for now in [RecordWorld.now, RecordWorld.now.advanced(by: seconds)] {
            #expect(
                memory.key(
                    of: Self.evidence(), by: candidate, leaf: nil, in: world.trace, at: now, chain: chain.read) == nil)
        }
        #expect(chain.reads == reads)
    }

    @Test("A document that is too long is not made again, and a certificate that is ends the chain")
    func long() async throws {
        let world = try RecordWorld()
        let (memory, chain, candidate) = (EvidenceMemory(), Chain(), try Self.candidate())
        let names = (0..<4_000).map { "name-of-a-host-\($0).d.example" }
        for _ in 0..<2 {
            #expect(
                memory.key(
                    of: Self.evidence(names: names), by: candidate, leaf: nil, in: world.trace, at: RecordWorld.now,
                    chain: chain.read) == nil)
        }
        #expect(chain.reads == 1)
        chain.certificates = [[1], [UInt8](repeating: 2, count: TraceLimits.document + 1), [3]]
        let key = try #require(
            memory.key(
                of: Self.evidence(), by: candidate, leaf: nil, in: world.trace, at: RecordWorld.now, chain: chain.read))
        let found = try await world.trace.documents([key])[key]
        #expect(found.flatMap { EvidenceDocument(json: $0.bytes) }?.chain.count == 1)
    }

    @Test("What is remembered is bounded by number and by what it weighs")
    func bounds() throws {
        let world = try RecordWorld()
        let names = (0..<100).map { "name-of-a-host-\($0).d.example" }
        let one = Self.evidence(names: names).weight
        for memory in [EvidenceMemory(limit: 10), EvidenceMemory(weightLimit: 10 * one)] {
            for number in 0..<40 {
                _ = memory.key(
                    of: Self.evidence(names: names), by: try Self.candidate(UInt32(number)), leaf: nil, in: world.trace,
                    at: RecordWorld.now, chain: { [] })
            }
            #expect((4...12).contains(memory.count), "\(memory.count)")
        }
    }
}
