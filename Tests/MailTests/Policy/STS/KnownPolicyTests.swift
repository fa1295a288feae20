import Mail
import Testing

@Suite("KnownPolicy")
struct KnownPolicyTests {
    static let start = WallTime(seconds: 1_800_000_000)

    let domain: DomainName
    let fault = STSFetchFault(.stsPolicyFetchError, "no connection")

    init() throws { domain = try DomainName("a.example") }

    func known(hasStore: Bool = false) -> KnownPolicy {
        KnownPolicy(domain, settings: STSSettings(), hasStore: hasStore)
    }

    func at(_ seconds: Int64) -> WallTime { Self.start.advanced(by: seconds) }

    func text(_ maxAge: Int = 604_800) -> [UInt8] {
        Array("version: STSv1\nmode: enforce\nmx: mx.a.example\nmax_age: \(maxAge)\n".utf8)
    }

    func entry(_ id: String = "1") throws -> STSCacheEntry {
        let held = try STSCacheEntry.Held(parsing: text(), id: id, fetchedAt: Self.start)
        return STSCacheEntry(domain: domain, held: held, usedAt: Self.start)
    }

    @Test(
        "A TXT answer is used for its TTL, from a second to an hour, and a failed one for 5 seconds",
        arguments: [
            (STSRecordFacts.absent("none"), UInt32(0), Int64(1), "a TTL of 0"),
            (.absent("none"), 1, 1, "the shortest"),
            (.absent("none"), 3600, 3600, "the longest"),
            (.absent("none"), 3601, 3600, "one more"),
            (.failed("SERVFAIL"), 3600, 5, "failed"),
        ])
    func timeToLive(record: STSRecordFacts, seconds: UInt32, kept: Int64, why: String) {
        var known = known()
        #expect(known.currentFacts(at: at(0)) == nil, "nobody was asked")
        _ = known.noteRecord(record, for: seconds, at: at(0))
        #expect(known.currentFacts(at: at(kept - 1)) != nil, "\(why)")
        #expect(known.currentFacts(at: at(kept)) == nil, "\(why)")
        #expect(known.currentFacts(at: at(-1)) == nil, "a clock that was set back")
    }

    @Test("A fetch that our own lack prevented is tried again after a minute, and says nothing about the domain")
    func prevention() {
        var known = known()
        _ = known.noteRecord(.found(id: "1"), for: 3600, at: at(0))
        #expect(known.wantedFetch(at: at(0)) == "1")
        let end = known.notePrevention("no trust anchors", at: at(0))
        #expect(end.facts.fault?.words == "no trust anchors" && end.facts.isUnknown && end.events.isEmpty)
        #expect(end.outcome == .prevented("no trust anchors", keeps: nil))
        #expect(known.wantedFetch(at: at(59)) == nil && known.wantedFetch(at: at(60)) == "1")
        #expect(known.wantedFetch(at: at(-3600)) == "1", "a clock that was set back")
        #expect(known.takeChange() == nil)
    }

    @Test("STS-17 the end of a fetch says the same to mail, operator and log")
    func fetchEnd() throws {
        var known = known()
        known.noteStored(nil)
        _ = known.noteRecord(.found(id: "1"), for: 3600, at: at(0))
        let first = known.noteFetch(.success(text()), for: "1", at: at(0))
        let held = try #require(try entry().held)
        #expect(first.facts.held == held && first.outcome == .fetched(held) && first.events == [.fetched(held)])
        let again = known.noteFetch(.failure(fault), for: "1", at: at(9))
        #expect(again.facts.held == held && again.outcome == .failed(fault, keeps: held))
        #expect(again.events == [.fetchFailed(id: "1", fault, keeps: held)])
    }

    @Test("STS-26 what the store says counts, unless a fetch was quicker")
    func stored() throws {
        var known = known(hasStore: true)
        #expect(known.standingFacts(at: at(0)).isLost, "unread: a policy may be in force")
        known.noteStored(try entry())
        #expect(known.standingFacts(at: at(0)).held?.id == "1")
        known.noteStored(nil)
        #expect(known.standingFacts(at: at(0)).held?.id == "1", "it is read once")
        var quick = self.known(hasStore: true)
        _ = quick.noteRecord(.found(id: "2"), for: 3600, at: at(0))
        _ = quick.noteFetch(.success(text()), for: "2", at: at(0))
        quick.noteStored(try entry())
        #expect(quick.entry?.held?.id == "2")
    }

    @Test("What is damaged in the store holds mail, until a fetch or a record that is certainly absent")
    func damage() {
        var known = known(hasStore: true)
        known.noteDamage()
        _ = known.noteRecord(.failed("SERVFAIL"), for: 0, at: at(0))
        #expect(known.standingFacts(at: at(0)).isLost)
        #expect(known.noteRecord(.absent("no such name"), for: 60, at: at(1)).isRemoved)
        #expect(!known.standingFacts(at: at(1)).isLost)
        #expect(known.takeChange() == .removal && known.takeChange() == nil)
    }

    @Test("A change counts as written once taken, and is due again where it could not be")
    func changes() throws {
        var known = known(hasStore: true)
        known.noteStored(try entry())
        known.noteUse(at: at(STSDiscovery.useResolution - 1))
        #expect(known.takeChange() == nil, "not worth a write")
        let time = at(STSDiscovery.useResolution)
        known.noteUse(at: time)
        #expect(known.takeChange() == .use(time) && known.takeChange() == nil)
        known.giveBack(.use(time))
        #expect(known.takeChange() == .use(time))
        known.forget()
        let removal = known.takeChange()
        #expect(removal == .removal)
        known.giveBack(.removal)
        #expect(known.takeChange() == .removal)
    }
}
