import Mail
import Net
import Testing

@testable import Relay

/// Whether our keys are published (DKIM-23).
@Suite("KeyWatch", .timeLimit(.minutes(10)))
struct KeyWatchTests {
    let world: SigningWorld
    let watch: KeyWatch

    init() throws {
        world = try SigningWorld("s1.d.example")
        watch = world.watch()
    }

    private static let revoked = Array("v=DKIM1; k=ed25519; p=".utf8)
    private static let weak = Array("v=DKIM1; k=ed25519; h=sha1; p=".utf8)

    @Test("DKIM-23 A record that is its own: the key signs, one event is logged for nobody")
    func published() async {
        #expect(await watch.publication(0) == .published)
        #expect(world.log.events.isEmpty)
        #expect(await watch.allPublished([0]) && world.lookups(0) == 1)
    }

    struct Fault: CustomTestStringConvertible, Sendable {
        let make: @Sendable (SigningWorld) -> DKIMKeyLookup
        let words: String
        let testDescription: String
    }

    @Test(
        "DKIM-22 DKIM-23 A record that is missing, another's, withdrawn or doubled: the key does not sign",
        arguments: [
            Fault(
                make: { _ in .absent("no such name") }, words: "is not published: no such name",
                testDescription: "missing"),
            Fault(
                make: { _ in
                    .records([Array("v=DKIM1; k=ed25519; p=\(String(repeating: "A", count: 43))=".utf8)])
                }, words: "holds another key", testDescription: "another key"),
            Fault(
                make: { _ in .records([revoked]) }, words: "is revoked (p= is empty)", testDescription: "revoked"),
            Fault(
                make: { .records([$0.record(0), $0.record(0)]) }, words: "has 2 TXT records, and one is right",
                testDescription: "two records"),
            Fault(make: { _ in .records([]) }, words: "has 0 TXT records, and one is right", testDescription: "none"),
            Fault(
                make: { _ in .records([Array("v=DKIM1; k=ed25519".utf8)]) }, words: "cannot be read: ",
                testDescription: "malformed"),
            Fault(
                make: { _ in .records([Array("v=DKIM1; k=rsa; p=MII=".utf8)]) }, words: "holds another key",
                testDescription: "another kind"),
            Fault(
                make: { .records([$0.record(0, services: ["tlsrpt"])]) }, words: "is not for this use (s=tlsrpt)",
                testDescription: "for reports alone"),
            Fault(
                make: { .records([$0.record(0, hashes: ["sha1"])]) }, words: "does not allow SHA-256 (h=sha1)",
                testDescription: "for another hash"),
        ])
    func unfit(_ fault: Fault) async {
        world.set(0, fault.make(world))
        let publication = await watch.publication(0)
        guard case .unfit(let words) = publication else {
            Issue.record("\(publication)")
            return
        }
        #expect(words.hasPrefix(fault.words), "\(words)")
        #expect(world.log.events == ["dkim-key-unpublished"])
    }

    @Test(
        "RPTF-19 The services of a record, by what the key is for",
        arguments: [
            ([], true, true), (["*"], true, true), (["email"], true, false), (["tlsrpt"], false, true),
            (["email", "tlsrpt"], true, true), (["other"], false, false),
        ] as [([String], Bool, Bool)])
    func services(services: [String], forMail: Bool, forReports: Bool) async throws {
        let world = try SigningWorld("s1.d.example", "r1.d.example reports")
        for index in 0...1 { world.set(index, .records([world.record(index, services: services)])) }
        let watch = world.watch()
        #expect((await watch.publication(0) == .published) == forMail)
        #expect((await watch.publication(1) == .published) == forReports)
    }

    @Test("DKIM-23 SERVFAIL before it was seen: unknown, and asked again soon")
    func failedBefore() async {
        world.set(0, .failed("SERVFAIL"))
        #expect(await watch.publication(0) == .unknown("cannot be looked up: SERVFAIL"))
        world.publish(0)
        world.advance(by: KeyWatch.retry - 1)
        #expect(await watch.publication(0) != .published && world.lookups(0) == 1)
        world.advance(by: 1)
        #expect(await watch.publication(0) == .published && world.lookups(0) == 2)
        #expect(world.log.events == ["dkim-key-unpublished", "dkim-key-published"])
    }

    @Test("DKIM-23 SERVFAIL after it was seen says nothing against it, however long; a denial does")
    func failedAfter() async {
        #expect(await watch.publication(0) == .published)
        world.set(0, .failed("SERVFAIL"))
        for _ in 0..<3 {
            world.advance(by: 3600)
            #expect(await watch.publication(0) == .published)
        }
        #expect(world.lookups(0) == 4 && world.log.events.isEmpty)
        world.set(0, .absent("no such name"))
        world.advance(by: 3600)
        #expect(await watch.publication(0).obstacle == "is not published: no such name")
        // From here on it was not seen: a failure does not make it good again.
        world.set(0, .failed("SERVFAIL"))
        world.advance(by: KeyWatch.retry)
        #expect(await watch.publication(0) == .unknown("cannot be looked up: SERVFAIL"))
    }

    @Test("DKIM-23 The interval of a key that is good, and the shorter one of a key that is not")
    func interval() async {
        _ = await watch.publication(0)
        world.advance(by: 3599)
        _ = await watch.publication(0)
        #expect(world.lookups(0) == 1)
        world.advance(by: 1)
        world.set(0, .absent("gone"))
        #expect(await watch.publication(0) != .published && world.lookups(0) == 2)
        world.advance(by: KeyWatch.retry - 1)
        _ = await watch.publication(0)
        #expect(world.lookups(0) == 2)
        world.advance(by: 1)
        _ = await watch.publication(0)
        #expect(world.lookups(0) == 3)
        // A clock that was set back: looked up anew.
        world.advance(by: -1_000_000)
        _ = await watch.publication(0)
        #expect(world.lookups(0) == 4)
    }

    @Test("DKIM-23 An interval below that holds for keys that are not good as well")
    func shortInterval() async {
        let watch = world.watch(every: .seconds(KeyWatch.retry - 1))
        world.set(0, .absent("gone"))
        _ = await watch.publication(0)
        world.advance(by: KeyWatch.retry - 1)
        _ = await watch.publication(0)
        #expect(world.lookups(0) == 2)
    }

    @Test("Many callers at once are one lookup, and all get its answer")
    func together() async {
        let (gate, began) = (Latch<Bool>(), Latch<Bool>())
        world.hold(gate, began: began)
        let watch = watch
        let found = await withTaskGroup(of: DKIMPublication.self) { group in
            for _ in 0..<100 { group.addTask { await watch.publication(0) } }
            _ = await began.wait()
            gate.open(true)
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(found.count == 100 && found.allSatisfy { $0 == .published } && world.lookups(0) == 1)
    }

    @Test("Each key is looked up by itself: one that never answers holds no other")
    func apart() async throws {
        let world = try SigningWorld("s1.d.example", "s2.d.example")
        let watch = world.watch()
        let (gate, began) = (Latch<Bool>(), Latch<Bool>())
        world.hold(gate, began: began)
        async let slow = watch.publication(0)
        _ = await began.wait()
        world.hold(Latch(), began: Latch())
        let open = Latch<Bool>()
        open.open(true)
        world.hold(open, began: Latch())
        #expect(await watch.publication(1) == .published)
        gate.open(true)
        #expect(await slow == .published)
    }

    @Test("An event for each change, and not for each lookup")
    func events() async {
        world.set(0, .absent("gone"))
        for _ in 0..<5 {
            _ = await watch.publication(0)
            world.advance(by: KeyWatch.retry)
        }
        #expect(world.lookups(0) == 5 && world.log.events == ["dkim-key-unpublished"])
        world.publish(0)
        for _ in 0..<5 {
            _ = await watch.publication(0)
            world.advance(by: 3600)
        }
        #expect(world.log.events == ["dkim-key-unpublished", "dkim-key-published"])
        world.set(0, .absent("gone again"))
        _ = await watch.publication(0)
        #expect(world.log.events == ["dkim-key-unpublished", "dkim-key-published", "dkim-key-unpublished"])
    }
}
