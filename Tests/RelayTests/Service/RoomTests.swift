import Mail
import Store
import Synchronization
import Testing

@testable import Relay

/// Why nothing is accepted, and how that ends.
@Suite("Room") struct RoomTests {
    static func room(queueLimit: Int = 1000) -> (Room, Counters) {
        let counters = Counters()
        return (Room(queueLimit: queueLimit, counters: counters), counters)
    }

    @Test("SRV-40 space: none left is short, content in flight counts, and a new measurement ends it")
    func space() {
        let (room, _) = Self.room()
        #expect(room.shortage == nil, "before the first measurement")
        room.update(octets: 1, hasInodes: true)
        #expect(room.shortage == nil && room.now == 1)
        room.update(octets: 0, hasInodes: true)
        #expect(room.shortage == .space && room.now == 0)
        room.update(octets: 100, hasInodes: true)
        room.spend(24)
        #expect(room.shortage == nil && room.now == 4)
        room.spend(1)
        #expect(room.shortage == .space && room.now == 0)
        room.spend(.max)
        #expect(room.shortage == .space && room.now == 0)
        room.update(octets: 100, hasInodes: true)
        #expect(room.shortage == nil && room.now == 100)
    }

    @Test("space that is promised is told as that, with how much; a disk at its floor as full")
    func promised() {
        let (room, _) = Self.room()
        let disk = DiskRoom(free: 80_000_000, journal: 30_000_000, floor: 1_000_000)
        room.update(disk, hasInodes: true)
        #expect(room.now == 49_000_000 && room.promised == 0 && room.isSpacePromised)
        room.spend(12_500_000)
        #expect(room.shortage == .space && room.promised == 49_000_000)
        #expect(
            room.words(of: .space)
                == "of 80.0 MB free on the disk of the store 49.0 MB are promised to mail that is coming in, 30.0 MB are promised to mail "
                + "that is on its way from the journal into the queue, 1.0 MB are kept free by store.minimum_free")
        room.update(disk, hasInodes: true)
        #expect(room.shortage == nil && room.promised == 0)
        room.update(DiskRoom(free: 900_000, journal: 0, floor: 1_000_000), hasInodes: true)
        #expect(room.shortage == .space && !room.isSpacePromised)
        #expect(
            room.words(of: .space).hasSuffix(
                "fuller than store.minimum_free allows (900.0 kB free, the floor is 1.0 MB)"))
        room.update(DiskRoom(free: 9_000_000, journal: 0, floor: 1_000_000), hasInodes: true)
        #expect(!room.isSpacePromised, "a large message alone")
        room.update(octets: 0, hasInodes: true)
        #expect(room.words(of: .space) == IntakeCapacity.Shortage.space.words && room.promised == 0)
    }

    @Test("inodes: too few are short however much space there is")
    func inodes() {
        let (room, _) = Self.room()
        room.update(octets: .max, hasInodes: false)
        #expect(room.shortage == .inodes && room.now == 0)
        room.update(octets: .max, hasInodes: true)
        #expect(room.shortage == nil)
    }

    @Test("the queue: short at the limit, not one before it, and over as soon as one message has left")
    func queue() {
        let (room, counters) = Self.room(queueLimit: 1000)
        room.recount(998, at: 0)
        #expect(room.queued == 998 && room.shortage == nil)
        counters.queueFlow.add(1, ordering: .relaxed)
        #expect(room.queued == 999 && room.shortage == nil)
        counters.queueFlow.add(1, ordering: .relaxed)
        #expect(room.queued == 1000 && room.shortage == .queue && room.now == 0)
        counters.queueFlow.subtract(1, ordering: .relaxed)
        #expect(room.queued == 999 && room.shortage == nil)
    }

    @Test("a count of the store replaces the estimate; what came and went since is added to it")
    func recount() {
        let (room, counters) = Self.room()
        counters.queueFlow.add(40, ordering: .relaxed)
        // Two mails of reports, which nobody counted, are found.
        room.recount(42, at: 40)
        #expect(room.queued == 42)
        counters.queueFlow.add(3, ordering: .relaxed)
        counters.queueFlow.subtract(5, ordering: .relaxed)
        #expect(room.queued == 40)
        // More left than was known to be there: none is the least.
        counters.queueFlow.subtract(100, ordering: .relaxed)
        #expect(room.queued == 0 && room.shortage == nil)
    }

    @Test("a service refuses below the floor of inodes and above the limit of the queue, and says both in words")
    func service() async throws {
        var world = try ServiceWorld()
        world.configuration.store.minimumFree = 1
        world.configuration.store.minimumFreeInodes = .max
        world.configuration.intake.queueLimit = 1
        let service = Service(try await world.parts("silent"))
        await service.measureRoom()
        await service.recountQueue()
        // A file system without inodes has no floor of them.
        let counted = try await service.store.freeSpace().inodes != nil
        #expect(service.room.shortage == (counted ? .inodes : nil))
        #expect(service.tellRoom(before: nil) == service.room.shortage)
        let warnings = await service.status().warnings
        #expect(warnings.contains { $0.contains("store.minimum_free_inodes") } == counted)
        service.room.update(octets: .max, hasInodes: true)
        #expect(service.tellRoom(before: .inodes) == nil)
        #expect(
            world.log.events.filter { $0.hasPrefix("room-") }
                == (counted ? ["room-short", "room-back"] : ["room-back"]))

        service.counters.queueFlow.add(1, ordering: .relaxed)
        #expect(service.room.shortage == .queue)
        await service.recountQueue()
        #expect(service.room.shortage == nil, "the store has none")
        await world.end(service)
    }

    @Test("no floor of inodes is no shortage")
    func noFloor() async throws {
        var world = try ServiceWorld()
        world.configuration.store.minimumFree = 1
        world.configuration.store.minimumFreeInodes = 0
        let service = Service(try await world.parts("silent"))
        await service.measureRoom()
        #expect(service.room.shortage == nil)
        await world.end(service)
    }
}
