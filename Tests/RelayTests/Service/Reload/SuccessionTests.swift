import Logging
import Mail
import Net
import Store
import TLS
import Testing

@testable import Relay

/// What has a memory of its own hands it on to what takes its place.
@Suite("Succession") struct SuccessionTests {
    @Test("Every list of tables is compared by what it holds, every other key by its spelling")
    func keys() throws {
        let tables = ConfigurationSection.all.flatMap(\.keys).filter { !$0.parts.isEmpty }.map(\.path)
        #expect(Set(tables) == Set(ConfigurationChange.lists.keys))
        let all = Set(ConfigurationSection.all.flatMap(\.keys).map(\.path))
        #expect(Set(ConfigurationChange.lasting.map(\.key)).isSubset(of: all))
        var other = Configuration()
        #expect(ConfigurationChange(from: other, to: other).changed.isEmpty)
        other.intake.listeners = [Configuration.WrittenListener()]
        other.intake.writtenClients = [Configuration.WrittenClient()]
        other.dkim.keys = [Configuration.WrittenKey()]
        other.tlsrpt.overrides = [Configuration.WrittenOverride()]
        other.rules = [Configuration.WrittenRule()]
        other.delivery.port = 26
        other.server.hostname = try DomainName("other.example")
        let change = ConfigurationChange(from: Configuration(), to: other)
        #expect(
            change.changed == [
                "intake.listener", "intake.client", "delivery.port", "dkim.key", "tlsrpt.override", "rule",
            ])
        #expect(change.restartNeeded == ["server.hostname"])
        #expect(change.configuration.server.hostname == nil && change.configuration.delivery.port == 26)
    }

    @Test("The rights of a Unix socket that stays open wait for a restart; those of a new one do not")
    func socketRights() {
        var listener = Configuration.WrittenListener()
        listener.listen = [.unix(path: "/run/a.sock")]
        var (old, new) = (Configuration(), Configuration())
        old.intake.listeners = [listener]
        listener.socketMode = 0o600
        new.intake.listeners = [listener]
        #expect(ConfigurationChange(from: old, to: new).restartNeeded == ["intake.listener[0].socket_mode"])
        listener.listen = [.unix(path: "/run/b.sock")]
        new.intake.listeners = [listener]
        #expect(ConfigurationChange(from: old, to: new).restartNeeded.isEmpty)
    }

    @Test("The intake's counts go on under other limits: at the new limit and one past")
    func gate() {
        var intake = Configuration().intake
        intake.connectionLimit = 3
        let old = IntakeGate(intake, room: Room(queueLimit: 10, counters: Counters()))
        #expect([old.enter(), old.enter()] == [true, true])
        intake.connectionLimit = 2
        let new = IntakeGate(intake, succeeding: old)
        #expect(!new.enter())
        new.leave()
        #expect(new.enter() && !new.enter())
        #expect(new.memory === old.memory && new.room === old.room)
    }

    @Test("A limit of the queue, or of memory, that is changed holds at once")
    func limits() {
        let counters = Counters()
        let room = Room(queueLimit: 10, counters: counters)
        room.recount(5, at: 0)
        #expect(room.shortage == nil)
        room.change(queueLimit: 5)
        #expect(room.shortage == .queue)
        room.change(queueLimit: 6)
        #expect(room.shortage == nil)
        let memory = ContentMemory(limit: 10)
        let share = ContentMemory.Share(of: memory)
        share.hold(5)
        #expect(!memory.isFull)
        memory.change(limit: 5)
        #expect(memory.isFull)
        memory.change(limit: 6)
        #expect(!memory.isFull)
    }

    @Test("A key that was seen is not looked up again because of a reload; another key in its place is")
    func keyWatch() async throws {
        let world = try SigningWorld("s1.d.example", "s2.d.example")
        let old = world.watch()
        #expect(await old.publication(0) == .published)
        // The other way round: indices mean nothing.
        let ring = KeyRing(
            keys: world.ring.keys.reversed(), privateKeys: world.ring.privateKeys.reversed(), unpublished: .otherKey)
        let new = await old.successor(ring: ring, interval: .seconds(3600))
        #expect(await new.publication(1) == .published)
        #expect(world.lookups(0) == 1 && world.lookups(1) == 0)
        let changed = try SigningWorld.key("s1.d.example")
        let other = await new.successor(
            ring: KeyRing(keys: [changed.key], privateKeys: [changed.privateKey], unpublished: .otherKey),
            interval: .seconds(3600))
        #expect(await other.publication(0) != .published)
        #expect(world.lookups(0) == 2)
    }

    @Test("Who guesses names learns nothing from a reload: what is made up for a name stays the same")
    func users() async throws {
        let world = try UsersWorld()
        let old = try Users(path: world.path, log: world.log.logger)
        let new = try Users(path: world.path, succeeding: old, log: world.log.logger)
        let name = Array("nobody".utf8)
        let before = try #require(await old.find(name))
        let after = try #require(await new.find(name))
        #expect(!before.isKnown && before.verifier == after.verifier)
    }

    @Test("A window that was learned keeps what it knows under another limit")
    func window() {
        var window = DestinationWindow(limit: 20)
        #expect(window.width == DestinationWindow.firstWidth)
        window.adopt(DestinationWindow(limit: 1))
        #expect(window.limit == 1 && window.width == 1)
        guard case .go(let ticket) = window.admit(at: WallTime(seconds: 0)) else {
            Issue.record("the first is let go")
            return
        }
        #expect(window.admit(at: WallTime(seconds: 0)) == .full)
        window.adopt(DestinationWindow(limit: 3))
        window.succeeded(ticket)
        #expect(window.limit == 3 && window.inFlight == 0)
    }

    @Test("Every copy of a logger goes by the new level and format")
    func log() throws {
        var configuration = Configuration.Log()
        configuration.format = .journal
        let logger = Logger("relayd", configuration, output: LogOutput(descriptor: -1))
        let copy = logger
        #expect(copy.logLevel == .info)
        configuration.level = .error
        let writer = try #require(logger.handler as? LogWriter)
        writer.adopt(configuration)
        #expect(copy.logLevel == .error && logger.logLevel == .error)
        var own = copy
        own.logLevel = .trace
        #expect(own.logLevel == .trace && logger.logLevel == .error)
    }
}
