import Mail
import Net
import Store
import Synchronization
import Testing

@testable import Relay

/// A clock that a test sets.
final class SetClock: Sendable {
    private let seconds: Mutex<Int64>

    init(_ seconds: Int64 = 1_795_000_000) { self.seconds = Mutex(seconds) }

    func advance(by seconds: Int64) { self.seconds.withLock { $0 += seconds } }
    var now: WallTime { WallTime(seconds: seconds.withLock { $0 }) }
}

@Suite("The book of alarms")
struct AlarmBookTests {
    let clock = SetClock()
    let log = EventLog()
    let faults = LocalFaults()
    let metrics = Metrics()

    func book(_ store: AlarmMemory = AlarmMemory(), _ terms: AlarmBook.Terms = AlarmBook.Terms()) -> AlarmBook {
        AlarmBook(
            store: store, terms: terms, faults: faults, metrics: metrics, log: log.logger,
            clock: { [clock] in clock.now })
    }

    @Test("an alarm is raised once, told once, written, and cleared with how long it stood")
    func life() async throws {
        let store = AlarmMemory()
        let book = book(store)
        book.raise(.portBlocked, of: "", "first")
        clock.advance(by: 59)
        book.raise(.portBlocked, of: "", "second")
        #expect(log.events == ["alarm-raised"] && metrics.alarmsRaised.value(.portBlocked) == 1)
        #expect(faults.suspect(of: .connectFailed) == .portBlocked && faults.suspect(of: .remoteReply) == nil)
        #expect(await book.disk.write(book))
        #expect(await store.kept.map(\.words) == ["second"] && book.standing.first?.number == 1)
        clock.advance(by: 41)
        book.clear(.portBlocked, of: "", because: "gone")
        book.clear(.portBlocked, of: "", because: "again")
        #expect(log.events == ["alarm-raised", "alarm-cleared"])
        #expect(await book.disk.write(book))
        let kept = try #require(await store.kept.first)
        #expect(kept.clearing == "gone" && kept.stood(at: clock.now) == 100 && book.standing.isEmpty)
        #expect(faults.suspect(of: .connectFailed) == nil)
    }

    @Test(
        "a clock that was set and is believed changes nothing of how long an alarm stood",
        arguments: [2_592_000, -86_400])
    func clockIsSet(step: Int64) async throws {
        let store = AlarmMemory()
        let book = book(store)
        book.raise(.clockStepped, of: "", "w")
        book.raise(.tlsaGone, of: "mx.example", "w")
        #expect(await book.disk.write(book))
        clock.advance(by: 600)
        // From here on the book's clock is the new one.
        clock.advance(by: step)
        book.move(by: step)
        book.clear(.clockStepped, of: "", because: "it is believed")
        #expect(await book.disk.write(book))
        let kept = await store.kept
        #expect(kept.map { $0.stood(at: clock.now) } == [600, 600] && kept[0].clearedAt == clock.now)
        // It is not told anew for it either.
        book.sweep()
        #expect(log.events == ["alarm-raised", "alarm-raised", "alarm-cleared"])
    }

    @Test("when it was seen is written once a minute", arguments: [(59, 1), (60, 2)])
    func seen(seconds: Int64, writes: Int) async {
        let store = AlarmMemory()
        let book = book(store)
        book.raise(.clockOff, of: "", "w")
        await book.disk.write(book)
        clock.advance(by: seconds)
        book.raise(.clockOff, of: "", "w")
        await book.disk.write(book)
        #expect(await store.writes == writes && book.standing.first?.seenAt == clock.now)
    }

    @Test("one that comes and goes is one alarm, and is told anew when its quiet time is over")
    func flapping() async {
        let store = AlarmMemory()
        let book = book(store)
        for _ in 0..<5 {
            book.raise(.clockOff, of: "", "w")
            book.clear(.clockOff, of: "", because: "c")
            clock.advance(by: 60)
            await book.disk.write(book)
        }
        #expect(log.events == ["alarm-raised", "alarm-cleared"])
        book.raise(.clockOff, of: "", "w")
        clock.advance(by: AlarmBook.quiet - 301)
        book.sweep()
        #expect(log.events.count == 2, "one second of it is left")
        clock.advance(by: 1)
        book.sweep()
        book.sweep()
        #expect(log.events == ["alarm-raised", "alarm-cleared", "alarm-raised"])
        await book.disk.write(book)
        #expect(await store.kept.count == 1 && book.standing.count == 1)
    }

    @Test("another subject is another alarm; what is ignored is none, and what stands of it is cleared")
    func terms() {
        let book = book(AlarmMemory(), AlarmBook.Terms(ignored: [.tlsaGone]))
        book.raise(.dkimKeyFailing, of: "a", "w")
        book.raise(.dkimKeyFailing, of: "b", "w")
        book.raise(.tlsaGone, of: "a", "w")
        #expect(book.standing.map(\.subject).sorted() == ["a", "b"])
        book.clear(.dkimKeyFailing, exceptOf: ["b"], because: "gone")
        #expect(book.standing.map(\.subject) == ["b"])
        book.adopt(AlarmBook.Terms(ignored: [.dkimKeyFailing]))
        #expect(book.standing.isEmpty)
        book.adopt(AlarmBook.Terms(isEnabled: false))
        book.raise(.clockOff, of: "", "w")
        #expect(book.standing.isEmpty)
    }

    @Test("a store that fails is asked again, in order, and told of once")
    func failing() async {
        let store = AlarmMemory()
        let book = book(store)
        await store.fail(2)
        book.raise(.clockOff, of: "", "w")
        book.raise(.tlsaGone, of: "mx.example", "w")
        #expect(await book.disk.write(book) == false)
        #expect(await book.disk.write(book) == false)
        #expect(log.events.count { $0 == "store-failed" } == 1)
        #expect(await book.disk.write(book))
        #expect(await store.kept.map(\.kind) == [.clockOff, .tlsaGone])
    }

    @Test("what stood at the end stands after the start, and is not told again")
    func restart() async throws {
        let store = AlarmMemory()
        let first = book(store)
        first.raise(.portBlocked, of: "", "w")
        await first.disk.write(first)
        #expect(first.acknowledge(1, words: "seen")?.acknowledgement == "seen")
        #expect(first.acknowledge(2, words: nil) == nil)
        await first.disk.write(first)
        let second = book(store)
        await second.load()
        second.raise(.portBlocked, of: "", "still")
        let alarm = try #require(second.standing.first)
        #expect(alarm.number == 1 && alarm.acknowledgement == "seen" && alarm.words == "still")
        #expect(log.events == ["alarm-raised", "alarm-acknowledged"])
        #expect(faults.suspect(of: .timedOut) == .portBlocked)
        second.clear(.portBlocked, of: "", because: "gone")
        await second.disk.write(second)
        #expect(await store.standingCount == 0)
    }

    @Test("of one kind it holds so many and not one more, and says so once")
    func boundedKind() {
        let book = book()
        for number in 0..<AlarmBook.kindLimit { book.raise(.tlsaGone, of: "\(number)", "w") }
        #expect(book.standing.count == AlarmBook.kindLimit && !log.events.contains("alarms-full"))
        book.raise(.tlsaGone, of: "more", "w")
        book.raise(.tlsaGone, of: "and more", "w")
        #expect(book.standing.count == AlarmBook.kindLimit && log.events.count { $0 == "alarms-full" } == 1)
        book.raise(.startTLSGone, of: "another kind", "w")
        #expect(book.standing.count == AlarmBook.kindLimit + 1)
    }

    @Test("however many others there are, what is of our own doing finds room, so many and not one more")
    func bounded() {
        var table = AlarmTable()
        let many = AlarmKind.allCases.filter(\.isOfMany)
        for number in 0..<AlarmBook.limit {
            let key = AlarmTable.Key(kind: many[number % many.count], subject: "\(number)")
            _ = table.raise(key, "w", at: clock.now)
        }
        #expect(table.standing.count == AlarmBook.limit - AlarmBook.reserve)
        for number in 0..<AlarmBook.reserve {
            let key = AlarmTable.Key(kind: .certificateExpiring, subject: "\(number)")
            #expect(table.raise(key, "w", at: clock.now) != nil)
        }
        let more = AlarmTable.Key(kind: .clockOff, subject: "")
        #expect(
            table.raise(more, "w", at: clock.now) == .full(.clockOff) && table.raise(more, "w", at: clock.now) == nil)
    }

    @Test("who acknowledges second and says nothing does not wipe what the first said")
    func acknowledgedTwice() async throws {
        let store = AlarmMemory()
        let book = book(store)
        book.raise(.clockOff, of: "", "w")
        #expect(await book.disk.write(book))
        #expect(book.acknowledge(1, words: "anna")?.acknowledgement == "anna")
        clock.advance(by: 10)
        let second = try #require(book.acknowledge(1, words: nil))
        #expect(second.acknowledgement == "anna" && second.acknowledgedAt == clock.now.advanced(by: -10))
        #expect(book.acknowledge(1, words: "bob")?.acknowledgement == "bob")
    }

    @Test("a store that does not answer at the start is asked again before anything is written")
    func lateLoad() async throws {
        let store = AlarmMemory()
        let first = book(store)
        first.raise(.clockOff, of: "", "w")
        #expect(await first.disk.write(first))
        let second = book(store)
        await store.setFailing(true)
        #expect(await second.load() == false)
        second.raise(.clockOff, of: "", "again")
        #expect(await second.disk.write(second) == false)
        await store.setFailing(false)
        #expect(await second.disk.write(second))
        #expect(await store.kept.map(\.words) == ["again"], "the same alarm, under its number")
    }
}

extension AlarmMemory {
    var standingCount: Int { kept.count(where: \.isStanding) }
}
