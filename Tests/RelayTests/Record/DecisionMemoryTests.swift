import Foundation
import Mail
import Store
import Synchronization
import Testing

@testable import Relay

/// Facts and a trace of their own.
struct RecordWorld: ~Copyable {
    let path: String
    let trace: TraceStore
    static let now = WallTime(seconds: 1_800_000_000)

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("records-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        trace = try TraceStore.open(
            directory: path, limits: TraceLimits(keep: 86_400, octets: 1 << 30), now: Self.now)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    static func name(_ text: String) throws -> DomainName { try DomainName(text) }

    /// - Parameter turn: how far the answers are rotated.
    static func decision(
        of domain: String, turn: Int = 0, timeToLive: UInt32 = 300, isCached: Bool = true,
        demand: MessageDemand = .ordinary, security: Security = .secure, addresses: [UInt32] = [1, 2, 3]
    ) throws -> PolicyDecision {
        func rotated<Value>(_ values: [Value]) -> [Value] {
            let place = turn % max(values.count, 1)
            return Array(values[place...] + values[..<place])
        }
        let records = [
            TLSARecord(usage: 3, selector: 1, matchingType: 1, data: [UInt8](repeating: 1, count: 32)),
            TLSARecord(usage: 2, selector: 0, matchingType: 1, data: [UInt8](repeating: 2, count: 32)),
        ]
        let hosts = try ["mx1", "mx2"].map { try name("\($0).\(domain)") }
        let nextHop = NextHop(.domain(try name(domain)))
        let facts = DestinationFacts(
            nextHop: nextHop,
            mx: MXFacts(
                lookup: .records(rotated(hosts.map { MXRecord(preference: 10, exchange: .host(.name($0))) })),
                security: security),
            hosts: rotated(
                hosts.map { host in
                    HostFacts(
                        host: .name(host), preference: 10,
                        addresses: AddressFacts(
                            lookup: .found, addresses: rotated(addresses.map { IPAddress.v4(0xC000_0200 + $0) }),
                            security: .secure),
                        tlsa: TLSAFacts(
                            baseDomain: host, lookup: .found, security: .secure, records: rotated(records)))
                }), timeToLive: timeToLive)
        let sts = STSFacts(
            domain: try name(domain), record: .found(id: "1"),
            held: STSCacheEntry.Held(
                policy: STSPolicy(
                    mode: .enforce, maxAge: 604_800,
                    patterns: [MXPattern(name: try name(domain), isWildcard: true)]), text: [], id: "1",
                fetchedAt: now.advanced(by: -7200), expiresAt: now.advanced(by: 600_000)), isCached: isCached)
        return PolicyDecision(
            PolicyInputs(facts: facts, sts: sts, demand: demand, settings: PolicySettings()))
    }
}

/// Counts what it is told.
private final class Learner: SightingReader {
    let decisions = Mutex<[PolicyDecision]>([])
    func learn(from sightings: [HostSighting], _ decisions: [SeenDecision]) async {
        self.decisions.withLock { $0 += decisions.map(\.decision) }
    }
}

@Suite struct DecisionMemoryTests {
    @Test("What decides nothing makes no new document", arguments: 0..<6)
    func canonical(turn: Int) throws {
        let first = DecisionDocument(try RecordWorld.decision(of: "d.example")).json(upTo: .max)
        let other = DecisionDocument(
            try RecordWorld.decision(
                of: "d.example", turn: turn, timeToLive: UInt32(turn), isCached: turn.isMultiple(of: 2))
        ).json(upTo: .max)
        #expect(first != nil)
        #expect(first == other)
    }

    @Test("What decides something makes one")
    func different() throws {
        let documents = try [
            RecordWorld.decision(of: "d.example"), RecordWorld.decision(of: "e.example"),
            RecordWorld.decision(of: "d.example", demand: .requireTLS),
            RecordWorld.decision(of: "d.example", security: .insecure),
            RecordWorld.decision(of: "d.example", addresses: [1, 2]),
        ].map { DecisionDocument($0).json(upTo: .max) }
        #expect(Set(documents).count == documents.count)
    }

    @Test("A document is read as it was written")
    func roundTrip() throws {
        let document = DecisionDocument(try RecordWorld.decision(of: "d.example", demand: .requireTLS))
        let json = try #require(document.json(upTo: TraceLimits.document))
        #expect(DecisionDocument(json: json) == document)
        #expect(document.json(upTo: json.count) == json)
        #expect(document.json(upTo: 10) == nil)
        #expect(DecisionDocument(json: Array("{}".utf8)) == nil)
    }

    @Test("The same decision is told once, and again after an hour; learners hear of what is new")
    func memory() async throws {
        let world = try RecordWorld()
        let sightings = Sightings()
        let learner = Learner()
        sightings.add(learner)
        let memory = DecisionMemory(sightings: sightings)
        let decision = try RecordWorld.decision(of: "d.example")
        let key = try #require(memory.key(of: decision, in: world.trace, at: RecordWorld.now))
        #expect(memory.key(of: decision, in: world.trace, at: RecordWorld.now) == key)
        let turned = try RecordWorld.decision(of: "d.example", turn: 1)
        #expect(memory.key(of: turned, in: world.trace, at: RecordWorld.now) == key)
        let changed = try RecordWorld.decision(of: "d.example", addresses: [9])
        let second = try #require(memory.key(of: changed, in: world.trace, at: RecordWorld.now))
        #expect(second != key)
        await sightings.handOver()
        #expect(learner.decisions.withLock { $0.count } == 2)
        let found = try await world.trace.documents([key, second])
        #expect(found.count == 2)
        #expect(found[key]?.isWhole == true)
        #expect(found[key].flatMap { DecisionDocument(json: $0.bytes) } == DecisionDocument(decision))
        let later = RecordWorld.now.advanced(by: 2 * 86_400)
        #expect(memory.key(of: changed, in: world.trace, at: later) == second)
        #expect(try await world.trace.documents([second])[second]?.usedAt == later)
        await world.trace.close()
        // Nothing may refer to what was not taken.
        #expect(memory.key(of: decision, in: world.trace, at: later) == nil)
    }

    @Test("Without a trace there is no key, and learners hear all the same")
    func withoutTrace() async throws {
        let sightings = Sightings()
        let learner = Learner()
        sightings.add(learner)
        let memory = DecisionMemory(sightings: sightings)
        let decision = try RecordWorld.decision(of: "d.example")
        for _ in 0..<2 { #expect(memory.key(of: decision, in: nil, at: RecordWorld.now) == nil) }
        await sightings.handOver()
        #expect(learner.decisions.withLock { $0.count } == 1)
    }

    @Test("The memory holds so many and no more", arguments: [0, 1])
    func limit(excess: Int) throws {
        let memory = DecisionMemory(limit: 8, sightings: Sightings())
        for number in 0..<8 + excess {
            _ = memory.key(of: try RecordWorld.decision(of: "d\(number).example"), in: nil, at: RecordWorld.now)
        }
        #expect(memory.count <= 8)
        #expect(memory.count > 0)
    }

    @Test("A changed octet makes a document another one")
    func damaged() throws {
        let bytes = Array("{}".utf8)
        let key = try #require(TraceDocument.key(of: bytes))
        #expect(key.utf8.count == DocumentKey.length)
        #expect(TraceDocument(.decision, key: key, bytes: bytes, usedAt: RecordWorld.now).isWhole)
        #expect(!TraceDocument(.decision, key: key, bytes: bytes + [0], usedAt: RecordWorld.now).isWhole)
    }
}
