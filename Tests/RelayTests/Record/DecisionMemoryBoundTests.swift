import Mail
import Store
import Synchronization
import Testing

@testable import Relay

/// Keeps what it is told.
private final class Listener: SightingReader {
    let heard = Mutex<(sightings: Int, decisions: Int)>((0, 0))

    func learn(from sightings: [HostSighting], _ decisions: [SeenDecision]) async {
        heard.withLock { $0 = ($0.sightings + sightings.count, $0.decisions + decisions.count) }
    }

    var decisions: Int { heard.withLock { $0.decisions } }
}

/// What a stranger's zone can make of the memory of decisions, and what a trace that is full can.
@Suite struct DecisionMemoryBoundTests {
    private let sightings: Sightings
    private let listener = Listener()

    init() {
        sightings = Sightings(readers: [listener])
    }

    /// So many addresses that its document is too long.
    private static func long(_ domain: String = "d.example", from first: UInt32 = 1) throws -> PolicyDecision {
        let decision = try RecordWorld.decision(of: domain, addresses: Array(first..<first + 4_000))
        #expect(DecisionDocument(decision).json(upTo: TraceLimits.document) == nil)
        return decision
    }

    @Test("What is remembered is bounded by what it weighs")
    func weight() throws {
        let one = try Self.long().inputs.weight
        let memory = DecisionMemory(limit: 1_000, weightLimit: 10 * one, sightings: sightings)
        for number in 0..<40 {
            _ = memory.key(of: try Self.long("d\(number).example"), in: nil, at: RecordWorld.now)
        }
        #expect((4...12).contains(memory.count), "\(memory.count)")
    }

    @Test("A decision whose document is too long is heard of when it changes, and only then")
    func long() async throws {
        let world = try RecordWorld()
        let memory = DecisionMemory(sightings: sightings)
        for seconds in 0..<3 {
            let now = RecordWorld.now.advanced(by: Int64(seconds))
            #expect(memory.key(of: try Self.long(), in: world.trace, at: now) == nil)
        }
        #expect(memory.key(of: try Self.long(from: 2), in: world.trace, at: RecordWorld.now) == nil)
        await sightings.handOver()
        #expect(listener.decisions == 2)
    }

    @Test(
        "What the trace had no room for is made again after ten seconds, not before",
        arguments: [(9, false), (10, true)])
    func refused(_ seconds: Int64, _ isMade: Bool) async throws {
        let full = try RecordWorld()
        let world = try RecordWorld()
        await full.trace.close()
        let memory = DecisionMemory(sightings: sightings)
        let decision = try RecordWorld.decision(of: "d.example")
        #expect(memory.key(of: decision, in: full.trace, at: RecordWorld.now) == nil)
        let later = RecordWorld.now.advanced(by: seconds)
        #expect((memory.key(of: decision, in: world.trace, at: later) != nil) == isMade)
        await sightings.handOver()
        #expect(listener.decisions == 1, "nothing changed")
    }

    @Test("Who learns from decisions hears each again after an hour", arguments: [(3_599, 1), (3_600, 2)])
    func hourly(_ seconds: Int64, _ count: Int) async throws {
        let world = try RecordWorld()
        let memory = DecisionMemory(sightings: sightings)
        let decision = try RecordWorld.decision(of: "d.example")
        for trace in [world.trace, nil] {
            let demand: MessageDemand = trace == nil ? .requireTLS : .ordinary
            let decision = trace == nil ? try RecordWorld.decision(of: "d.example", demand: demand) : decision
            _ = memory.key(of: decision, in: trace, at: RecordWorld.now)
            _ = memory.key(of: decision, in: trace, at: RecordWorld.now.advanced(by: seconds))
        }
        await sightings.handOver()
        #expect(listener.decisions == 2 * count)
    }

    @Test(
        "Decisions that wait are bounded by what they weigh: at the limit all are kept, the next is counted and dropped"
    )
    func waiting() async throws {
        let decision = SeenDecision(time: RecordWorld.now, decision: try Self.long())
        let sightings = Sightings(readers: [listener], weightLimit: 2 * decision.decision.weight)
        for _ in 0..<3 { sightings.note(decision) }
        #expect(sightings.dropped == 1)
        await sightings.handOver()
        #expect(listener.decisions == 2)
        sightings.note(decision)
        #expect(sightings.dropped == 1, "there is room again")
    }
}
