import Mail
import Net
import Store
import Synchronization
import Testing

@testable import Relay

/// What exceptions do over time.
@Suite("Exceptions over time")
struct ExceptionBookTests {
    /// A clock, a store, alarms and a log that a test looks into.
    final class World: Sendable {
        let store: ExceptionMemory
        let log = EventLog()
        let alarms = HeardAlarms()
        let book: ExceptionBook
        let uptime: Uptime

        init(store: ExceptionMemory = ExceptionMemory()) {
            self.store = store
            let clock = Clock()
            self.clock = clock
            let uptime = Uptime()
            self.uptime = uptime
            book = ExceptionBook(store: store, log: log.logger, table: Exceptions { uptime.now }) { clock.now }
            book.raiseAlarms(through: alarms)
        }

        let clock: Clock

        func add(_ allow: PolicyException.Allowed = .encrypted, seconds: Int64 = 100, untilFixed: Bool = false)
            async throws
        {
            _ = try await book.add(
                ExceptionBookTests.domain, allow: allow, seconds: seconds, reason: "why", isUntilFixed: untilFixed)
        }

        var active: PolicyException.Allowed? {
            book.table.exception(for: ExceptionBookTests.domain, at: clock.now)?.allow
        }

        func see(_ refusal: Reason.Cause?, host: String = "mx1.d.example") async throws {
            await book.learn(from: [try sighting(refusal, host: host)], [])
        }

        func sighting(_ refusal: Reason.Cause?, host: String) throws -> HostSighting {
            HostSighting(
                time: clock.now, domain: ExceptionBookTests.domain, host: .name(try DomainName(host)),
                address: .v4(1), port: 25, contact: .greeted,
                requirement: TLSRequirement(level: .encrypted, by: .local, serverName: nil, reason: Explanation("")),
                verified: .encrypted,
                shadows: [ShadowFinding(kind: .withoutException, refusal: refusal.map { Reason($0, "words") })])
        }
    }

    final class Clock: Sendable {
        private let seconds = Mutex<Int64>(1_800_000_000)
        var now: WallTime { WallTime(seconds: seconds.withLock { $0 }) }
        func pass(_ more: Int64) { seconds.withLock { $0 += more } }
    }

    /// A clock that nobody sets.
    final class Uptime: Sendable {
        private let seconds = Mutex<Int64>(0)
        var now: Deadline { Deadline(nanoseconds: 0).advanced(by: .seconds(seconds.withLock { $0 })) }
        func pass(_ more: Int64) { seconds.withLock { $0 += more } }
    }

    static let domain = name("d.example")

    static func name(_ text: String) -> DomainName {
        guard let name = try? DomainName(text) else { return name("bad-name-in-test.invalid") }
        return name
    }

    @Test("A look that found nobody who would do is answered by the first host that does")
    func refusedLook() async throws {
        let world = World()
        try await world.add(untilFixed: true)
        await world.book.noteTrueVerdict(Self.domain, refusal: Reason(.daneMismatch, "no record matches"))
        #expect(world.active == .encrypted)
        world.clock.pass(1)
        try await world.see(.daneMismatch)
        #expect(world.active == .encrypted, "a host that was met fails it still")
        world.clock.pass(1)
        try await world.see(nil)
        #expect(world.active == nil, "mended: it ends without another look")
    }

    @Test("it holds until the second before its end, and its row goes with an event")
    func expiry() async throws {
        let world = World()
        try await world.add(seconds: 100)
        world.clock.pass(99)
        #expect(world.active == .encrypted)
        await world.book.endOver()
        #expect(await world.store.kept.count == 1)
        world.clock.pass(1)
        #expect(world.active == nil, "whether the row is removed or not")
        await world.book.endOver()
        #expect(await world.store.kept.isEmpty && world.book.table.all.isEmpty)
        #expect(world.log.events == ["exception-added", "exception-ended"])
    }

    @Test("a restart finds them as they were, those that are over among them, until they are removed")
    func restart() async throws {
        let world = World()
        try await world.add(.opportunistic)
        let next = World(store: world.store)
        try await next.book.load()
        #expect(next.active == .opportunistic)
        next.clock.pass(100)
        let last = World(store: world.store)
        last.clock.pass(100)
        try await last.book.load()
        #expect(last.active == nil && last.book.table.all.count == 1)
        await last.book.endOver()
        #expect(last.log.events == ["exception-ended"])
    }

    @Test("a damaged one lowers nothing and is told; it can be removed")
    func damaged() async throws {
        let world = World(store: ExceptionMemory(damaged: ["the exception for d.example is damaged"]))
        try await world.book.load()
        #expect(world.active == nil && world.log.events == ["exception-damaged"])
        #expect(try await world.book.remove(Self.domain) == nil)
        #expect(await world.store.removals == 1)
    }

    @Test("a store that cannot be read stops the start; one that cannot be kept does not hold")
    func broken() async throws {
        let world = World()
        await world.store.setBroken(true)
        await #expect(throws: StoreError.self) { try await world.book.load() }
        await #expect(throws: StoreError.self) { try await world.add() }
        #expect(world.active == nil && world.log.events.isEmpty)
        await world.store.setBroken(false)
        try await world.add()
        await world.store.setBroken(true)
        await #expect(throws: StoreError.self) { _ = try await world.book.remove(Self.domain) }
        #expect(world.active == nil, "it is on disk still, and lowers nothing")
        await #expect(throws: StoreError.self) { _ = try await world.book.remove(Self.domain) }
        await world.book.endOver()
        await world.book.endOver()
        #expect(world.log.events == ["exception-added", "exception-ended", "exception-store-failed"], "said once")
        #expect(await world.store.kept.count == 1)
        await world.store.setBroken(false)
        await world.book.endOver()
        #expect(await world.store.kept.isEmpty)
        #expect(world.log.events.count == 3)
    }

    @Test("what the disk did not let go of takes no later one with it, and a second order removes it")
    func leftOver() async throws {
        let world = World()
        try await world.add()
        await world.store.setBroken(true)
        world.clock.pass(100)
        await world.book.endOver()
        #expect(world.active == nil && world.log.events.last == "exception-store-failed")
        await world.store.setBroken(false)
        try await world.add(.opportunistic)
        await world.book.endOver()
        #expect(world.active == .opportunistic)
        #expect(await world.store.kept.count == 1)
        await world.store.setBroken(true)
        await #expect(throws: StoreError.self) { _ = try await world.book.remove(Self.domain) }
        await world.store.setBroken(false)
        #expect(try await world.book.remove(Self.domain)?.allow == .opportunistic)
        #expect(try await world.book.remove(Self.domain) == nil)
        #expect(await world.store.kept.isEmpty)
    }

    @Test("a clock that is set back lengthens none, after a restart neither")
    func setBack() async throws {
        let world = World()
        try await world.add(seconds: 100)
        world.clock.pass(60)
        world.uptime.pass(60)
        let next = World(store: world.store)
        next.clock.pass(60)
        try await next.book.load()
        for (world, left) in [(world, Int64(40)), (next, 40)] {
            world.clock.pass(-60)
            world.uptime.pass(left - 1)
            #expect(world.active == .encrypted)
            world.uptime.pass(1)
            #expect(world.active == nil)
            await world.book.endOver()
            #expect(world.log.events.last == "exception-ended")
        }
    }

    @Test("a second takes the place of the first, and what was seen under that one says nothing of it")
    func replaced() async throws {
        let world = World()
        try await world.add()
        try await world.see(nil)
        #expect(world.alarms.standing == ["exception-unneeded d.example"])
        try await world.add(.opportunistic, seconds: 200)
        #expect(world.active == .opportunistic && world.alarms.standing.isEmpty)
        world.clock.pass(100)
        await world.book.endOver()
        #expect(world.active == .opportunistic)
    }

    @Test("it is not needed once a host would do and none refused since, and needed again when one does")
    func unneeded() async throws {
        let world = World()
        try await world.add(seconds: 1_000_000)
        try await world.see(.daneMismatch, host: "mx1.d.example")
        try await world.see(nil, host: "mx2.d.example")
        #expect(world.alarms.standing.isEmpty, "mx1 would refuse still")
        try await world.see(nil, host: "mx1.d.example")
        #expect(world.alarms.standing == ["exception-unneeded d.example"])
        #expect(world.active == .encrypted, "only announced")
        try await world.see(.daneMismatch, host: "mx2.d.example")
        #expect(world.alarms.standing.isEmpty)
        #expect(world.log.events == ["exception-added", "exception-unneeded", "exception-needed"])
        // A host that was not met for a day says nothing any more.
        world.clock.pass(Exceptions.lately)
        try await world.see(nil, host: "mx1.d.example")
        #expect(world.alarms.standing == ["exception-unneeded d.example"])
    }

    @Test("a host is forgotten after a day, and not a second before")
    func lately() async throws {
        for (seconds, isUnneeded) in [(Exceptions.lately - 1, false), (Exceptions.lately, true)] {
            let world = World()
            try await world.add(seconds: 1_000_000)
            try await world.see(.daneMismatch, host: "mx1.d.example")
            world.clock.pass(seconds)
            try await world.see(nil, host: "mx2.d.example")
            #expect(world.alarms.standing.isEmpty != isUnneeded, "\(seconds) seconds")
        }
    }

    @Test("hosts are remembered to a bound")
    func bound() async throws {
        let world = World()
        try await world.add(seconds: 1_000_000)
        try await world.see(.daneMismatch, host: "first.d.example")
        for number in 0..<Exceptions.hostLimit {
            #expect(world.alarms.standing.isEmpty, "host \(number)")
            world.clock.pass(1)
            try await world.see(nil, host: "mx\(number).d.example")
        }
        #expect(!world.alarms.standing.isEmpty, "the first one has made room")
    }

    @Test("--until-fixed: it goes when the true policy is met, by mail or by a look without mail")
    func untilFixed() async throws {
        let world = World()
        try await world.add(untilFixed: true)
        try await world.see(.daneMismatch)
        #expect(world.active == .encrypted)
        try await world.see(nil)
        #expect(world.active == nil && world.alarms.standing.isEmpty)
        #expect(await world.store.kept.isEmpty)
        #expect(world.log.events == ["exception-added", "exception-unneeded", "exception-ended"])
        let quiet = World()
        try await quiet.add(untilFixed: true)
        await quiet.book.noteTrueVerdict(Self.domain, refusal: Reason(.daneMismatch, "words"))
        #expect(quiet.active == .encrypted)
        await quiet.book.noteTrueVerdict(Self.domain, refusal: nil)
        #expect(quiet.active == nil)
    }

    @Test("--until-fixed while the disk takes nothing: it ends at once, and its row as soon as that may be")
    func fixedLater() async throws {
        let world = World()
        try await world.add(untilFixed: true)
        await world.store.setBroken(true)
        try await world.see(nil)
        #expect(world.active == nil && world.log.events.last == "exception-store-failed")
        await world.store.setBroken(false)
        await world.book.endOver()
        #expect(await world.store.kept.isEmpty)
    }

    @Test("a domain that is its own MX: a look and the host are told apart")
    func ownHost() async throws {
        let world = World()
        try await world.add(untilFixed: true)
        // The host fails; a look that other hosts passed does not hide that.
        try await world.see(.daneMismatch, host: Self.domain.text)
        await world.book.noteTrueVerdict(Self.domain, refusal: nil)
        #expect(world.active == .encrypted)
        // Another host that would do answers a look, and not for this host.
        world.clock.pass(1)
        try await world.see(nil, host: "mx2.d.example")
        #expect(world.active == .encrypted, "the host that is named like the domain fails still")
        try await world.see(nil, host: Self.domain.text)
        #expect(world.active == nil)
    }

    @Test("changes come one after the other: an old one's end takes no new one with it")
    func turns() async throws {
        let world = World()
        try await world.add(seconds: 1)
        world.clock.pass(1)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<20 {
                group.addTask { await world.book.endOver() }
                group.addTask { try? await world.add(seconds: 1000) }
            }
        }
        #expect(world.active == .encrypted)
        #expect(
            await world.store.kept == world.book.table.all.reduce(into: [:]) { $0[$1.exception.domain] = $1.exception })
    }

    @Test("what was seen after an exception was over is nobody's")
    func late() async throws {
        let world = World()
        try await world.add(seconds: 10)
        world.clock.pass(10)
        try await world.see(nil)
        #expect(world.alarms.standing.isEmpty)
    }

    @Test("rules in mode observe are counted by rule, destination and cause, and wait for a disk that fails")
    func observed() async throws {
        let store = ExceptionMemory()
        let metrics = Metrics(listeners: [])
        let tally = ObservedTally(store: store, counter: metrics.observed, log: EventLog().logger)
        let world = World()
        var refused = try world.sighting(nil, host: "mx1.d.example")
        refused.shadows = [
            ShadowFinding(kind: .withObservedRules, refusal: Reason(.daneRequired, "w"), rule: "rule \"d.example\"")
        ]
        var gone = refused
        gone.shadows = [ShadowFinding(kind: .withObservedRules, refusal: nil, rule: "rule \"d.example\"")]
        await store.setBroken(true)
        await tally.learn(from: [refused, refused], [])
        await store.setBroken(false)
        await tally.learn(from: [refused, gone], [])
        let view = ObservedView(days: 7, await store.counts, isCut: false)
        let row = try #require(view.observed.first)
        #expect(view.observed.count == 1 && row.wouldRefuse == 3 && row.wentThrough == 1)
        #expect(row.causes.first?.cause == "dane-required" && row.destination == "d.example")
        #expect(metrics.observed.value(.refuse) == 3 && metrics.observed.value(.go) == 1)
    }
}
