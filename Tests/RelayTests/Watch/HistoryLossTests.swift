import Mail
import Store
import Synchronization
import Testing

@testable import Relay

/// Whether alarms come to be on disk.
private final class AlarmFolder: Sendable {
    let takes = Mutex(true)
}

/// What history does where the disk fails: nothing that was seen is lost for ever.
@Suite("History and a disk that fails")
struct HistoryLossTests {
    static let start = HistoryTests.start
    private let store = WatchMemory()
    private let alarms = HeardAlarms()
    private let log = EventLog()
    private let disk = AlarmFolder()

    private func history() -> History {
        History(
            store: store, alarms: alarms, log: log.logger, clock: { Self.start },
            alarmsAreWritten: { [disk] in disk.takes.withLock { $0 } })
    }

    /// Of one host whose TLSA set is there or not.
    private func decision(_ hasRecords: Bool = true, hosts: [String] = ["mx.example"]) throws -> SeenDecision {
        let record = TLSARecord(usage: 3, selector: 1, matchingType: 1, data: [UInt8](repeating: 1, count: 32))
        let facts = DestinationFacts(
            nextHop: NextHop(.domain(try DomainName("d.example"))), mx: MXFacts(lookup: .implicit, security: .secure),
            hosts: try hosts.map {
                HostFacts(
                    host: .name(try DomainName($0)), preference: 10,
                    addresses: AddressFacts(lookup: .found, security: .secure),
                    tlsa: TLSAFacts(
                        baseDomain: nil, lookup: hasRecords ? .found : .absent, security: .secure,
                        records: hasRecords ? [record] : []))
            }, timeToLive: 300)
        return SeenDecision(
            time: Self.start, decision: PolicyDecision(PolicyInputs(facts: facts, settings: PolicySettings())))
    }

    @Test("a decision that came while the store could not be read is learned with the next batch, and its alarm raised")
    func reading() async throws {
        await history().learn(from: [], [try decision()])
        let history = history()
        store.state.withLock { $0.failsReading = true }
        await history.learn(from: [], [try decision(false)])
        #expect(alarms.heard.isEmpty && log.events == ["store-failed"])
        store.state.withLock { $0.failsReading = false }
        // Nothing that was told twice: what changed is in memory as the last decision.
        await history.learn(from: [], [])
        #expect(alarms.heard == ["raise tlsa-gone mx.example"])
        #expect(store.state.withLock { $0.changes.map(\.new) } == ["secure: none"])
    }

    @Test("a decision that the store did not take is written with the next batch")
    func writing() async throws {
        let history = history()
        store.state.withLock { $0.fails = true }
        await history.learn(from: [], [try decision()])
        store.state.withLock { $0.fails = false }
        await history.learn(from: [], [])
        #expect(store.state.withLock { $0.facts.keys.sorted() } == ["d.example", "mx.example"])
        await history.learn(from: [], [])
        #expect(store.state.withLock { $0.writes } == 1)
    }

    @Test("a change is not written before the alarm it raises is; what raises none is")
    func alarmFirst() async throws {
        await history().learn(from: [], [try decision()])
        let history = history()
        disk.takes.withLock { $0 = false }
        await history.learn(from: [], [try decision(false), try decision(hosts: ["other.example"])])
        #expect(alarms.heard == ["raise tlsa-gone mx.example"])
        #expect(store.state.withLock { $0.changes.isEmpty })
        #expect(store.state.withLock { $0.facts["mx.example"]?.map(\.value) } != ["secure: none"])
        #expect(store.state.withLock { $0.facts["other.example"]?.count } == 1)
        // A crash here has the next daemon see it once more.
        await self.history().learn(from: [], [try decision(false)])
        #expect(alarms.heard.count == 2)
        disk.takes.withLock { $0 = true }
        await history.learn(from: [], [])
        #expect(alarms.heard.count == 3)
        #expect(store.state.withLock { $0.changes.map(\.new) } == ["secure: none"])
    }

    @Test("what waits for the store is bounded: at the limit all is kept, what comes behind is dropped")
    func bound() throws {
        let seen = SeenReading(reading: FactReading("x", .mx, "v"), time: Self.start, domain: nil)
        var waiting = UnlearnedReadings(limit: 2 * seen.weight)
        waiting.keep([seen, seen])
        #expect(waiting.readings.count == 2)
        waiting.keep([seen])
        #expect(waiting.takeAll().count == 2)
        waiting.keep([seen])
        #expect(waiting.readings.count == 1)
    }

    @Test("a zone that names ever new hosts adds so many facts a day, and no more")
    func newHosts() async throws {
        let history = history()
        for batch in 0..<8 {
            await history.learn(from: [], [try decision(hosts: (0..<50).map { "h\(batch)-\($0).example" })])
        }
        // The MX set is one of them.
        #expect(store.state.withLock { $0.facts.count } == FactAllowance.newOfDay)
    }
}
