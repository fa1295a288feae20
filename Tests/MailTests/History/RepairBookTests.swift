import Testing

@testable import Mail

@Suite("When to see whether a cause is gone")
struct RepairBookTests {
    static let start = WallTime(seconds: 1_800_000_000)
    static let reason = Reason(.daneMismatch, "no record matches")

    private func hop(_ name: String) throws -> NextHop { NextHop(.domain(try DomainName(name))) }

    private func book(_ names: [String], _ cause: Reason.Cause = .daneMismatch) throws -> RepairBook {
        var book = RepairBook()
        for name in names { book.noteDeferral(to: try hop(name), .ordinary, cause, at: Self.start) }
        return book
    }

    @Test(
        "looks come further apart with the age of the trouble",
        arguments: [
            (Int64(-5), Int64(30)), (0, 30), (300, 30), (310, 31), (3_000, 300), (6_000, 600), (6_010, 600),
            (.max, 600),
        ])
    func interval(_ age: Int64, _ seconds: Int64) {
        #expect(RepairBook.interval(age: age) == seconds)
    }

    @Test("the first look is half a minute after the deferral, and the next as late again")
    func pace() throws {
        var book = try book(["a.example"])
        #expect(book.due(at: Self.start.advanced(by: 29)).isEmpty)
        #expect(book.due(at: Self.start.advanced(by: 30)).map(\.destination) == ["a.example"])
        // Under way: nobody else looks.
        #expect(book.due(at: Self.start.advanced(by: 100)).isEmpty)
        book.ended("a.example", .stays(Self.reason), at: Self.start.advanced(by: 40))
        #expect(book.due(at: Self.start.advanced(by: 69)).isEmpty)
        #expect(book.due(at: Self.start.advanced(by: 70)).count == 1)
    }

    @Test("a retry meanwhile changes neither the turn nor the age")
    func again() throws {
        var book = try book(["a.example"])
        book.noteDeferral(to: try hop("a.example"), .ordinary, .startTLSMissing, at: Self.start.advanced(by: 29))
        let due = book.due(at: Self.start.advanced(by: 30))
        #expect(due.map(\.cause) == [.startTLSMissing] && due.map(\.since) == [Self.start])
    }

    @Test("ordinary mail speaks for its destination")
    func demand() throws {
        var book = try book(["a.example"])
        book.noteDeferral(to: try hop("a.example"), .requireTLS, .policyUnknown, at: Self.start)
        #expect(book.due(at: Self.start.advanced(by: 30)).map(\.demand) == [.ordinary])
        var other = RepairBook()
        other.noteDeferral(to: try hop("a.example"), .requireTLS, .policyUnknown, at: Self.start)
        other.noteDeferral(to: try hop("a.example"), .ordinary, .daneMismatch, at: Self.start)
        #expect(other.due(at: Self.start.advanced(by: 30)).map(\.cause) == [.daneMismatch])
    }

    @Test("only TLS policy waits for a repair", arguments: Reason.Cause.allCases)
    func causes(_ cause: Reason.Cause) throws {
        #expect(try book(["a.example"], cause).count == (cause.isTLSPolicy ? 1 : 0))
    }

    @Test("so many at once, and who waits longest first")
    func atOnce() throws {
        let names = (0...RepairBook.atOnce).map { "d\($0 + 10).example" }
        var book = try book(names)
        let now = Self.start.advanced(by: 30)
        #expect(book.due(at: now).map(\.destination) == Array(names.prefix(RepairBook.atOnce)))
        #expect(book.due(at: now).isEmpty)
        book.ended("d10.example", .stays(Self.reason), at: now)
        // The one that was left out comes before the one that was looked at.
        #expect(book.due(at: now.advanced(by: 1)).map(\.destination) == [names.last])
    }

    @Test("so many in a minute")
    func ofMinute() throws {
        var book = RepairBook()
        // A whole minute, so that all looks lie in one.
        let start = WallTime(seconds: 1_800_000_000 / 60 * 60)
        for number in 0...RepairBook.ofMinute {
            book.noteDeferral(to: try hop("d\(number).example"), .ordinary, .daneMismatch, at: start)
        }
        var looks = 0
        let now = start.advanced(by: 60)
        while true {
            let due = book.due(at: now)
            if due.isEmpty { break }
            looks += due.count
            for one in due { book.ended(one.destination, .stays(Self.reason), at: now) }
        }
        #expect(looks == RepairBook.ofMinute)
        #expect(book.due(at: now.advanced(by: 60)).isEmpty == false)
    }

    @Test("beyond the bound nobody is remembered")
    func bound() throws {
        var book = RepairBook()
        for number in 0...RepairBook.limit {
            book.noteDeferral(to: try hop("d\(number).example"), .ordinary, .daneMismatch, at: Self.start)
        }
        #expect(book.count == RepairBook.limit)
        #expect(!book.isKnown("d\(RepairBook.limit).example"))
    }

    @Test("mail that was woken in vain is looked at ever more seldom")
    func vain() throws {
        var book = try book(["a.example"])
        var now = Self.start.advanced(by: 30)
        var waits: [Int64] = []
        #expect(book.due(at: now).count == 1)
        for _ in 0..<8 {
            book.ended("a.example", .mended, at: now)
            #expect(book.count == 0)
            book.noteDeferral(to: try hop("a.example"), .ordinary, .daneMismatch, at: now.advanced(by: 1))
            var wait: Int64 = 1
            while book.due(at: now.advanced(by: wait)).isEmpty, wait < 2 * RepairBook.longestInVain { wait += 1 }
            waits.append(wait - 1)
            now = now.advanced(by: wait)
        }
        #expect(waits.first == 60)
        #expect(zip(waits, waits.dropFirst()).allSatisfy { $0 <= $1 })
        #expect(waits.last == RepairBook.longestInVain)
    }

    @Test("after an hour it is another trouble")
    func another() throws {
        var book = try book(["a.example"])
        _ = book.due(at: Self.start.advanced(by: 30))
        book.ended("a.example", .mended, at: Self.start.advanced(by: 30))
        let later = Self.start.advanced(by: 30 + RepairBook.memory)
        book.noteDeferral(to: try hop("a.example"), .ordinary, .certificateInvalid, at: later)
        #expect(book.due(at: later.advanced(by: 30)).map(\.since) == [later])
    }

    @Test("what waits no more is forgotten")
    func forgotten() throws {
        var book = try book(["a.example", "b.example"])
        book.noteDeferral(to: try hop("c.example"), .ordinary, .daneMismatch, at: Self.start.advanced(by: 100))
        book.keep(["a.example"], since: Self.start.advanced(by: 100))
        #expect(book.isKnown("a.example") && !book.isKnown("b.example") && book.isKnown("c.example"))
    }

    @Test("a clock that was set back keeps nobody waiting")
    func clock() throws {
        var book = try book(["a.example"])
        #expect(book.due(at: Self.start.advanced(by: -2 * RepairBook.longestInVain)).count == 1)
    }

    @Test("domains with an exception take turns, and a look that goes on keeps its place")
    func exceptions() throws {
        let domains = try ["a.example", "b.example", "c.example"].map { try DomainName($0) }
        var turns = ExceptionTurns()
        #expect(turns.due(domains, at: Self.start) == Array(domains.prefix(2)))
        #expect(turns.due(domains, at: Self.start.advanced(by: 5_000)).isEmpty, "no place")
        turns.ended(domains[1])
        #expect(turns.due(domains, at: Self.start.advanced(by: 1)) == [domains[2]])
        turns.ended(domains[2])
        #expect(turns.due(domains, at: Self.start.advanced(by: RepairBook.exceptionInterval - 1)).isEmpty)
        #expect(
            turns.due(domains, at: Self.start.advanced(by: RepairBook.exceptionInterval)) == [domains[1]],
            "the first goes on")
        turns.ended(domains[0])
        #expect(turns.due([], at: Self.start.advanced(by: 5_000)).isEmpty)
    }

    @Test("looks that find nothing out come ever more seldom, to a bound, and one that does brings back the pace")
    func unknown() throws {
        var book = try book(["a.example"])
        var now = Self.start.advanced(by: 30)
        var waits: [Int64] = []
        #expect(book.due(at: now).count == 1)
        for _ in 0..<8 {
            book.ended("a.example", .unknown, at: now)
            var wait: Int64 = 1
            while book.due(at: now.advanced(by: wait)).isEmpty, wait < 2 * RepairBook.longestInVain { wait += 1 }
            waits.append(wait)
            now = now.advanced(by: wait)
        }
        #expect(waits.first == 60 && waits.last == RepairBook.longestInVain)
        #expect(zip(waits, waits.dropFirst()).allSatisfy { $0 <= $1 })
        book.ended("a.example", .stays(Self.reason), at: now)
        #expect(book.due(at: now.advanced(by: RepairBook.longest)).count == 1)
    }

    @Test(
        "the name of a destination leads back to it",
        arguments: [
            "example.org", "example.org:26", "[mx.example.org]", "[mx.example.org]:587", "[192.0.2.1]",
            "[2001:db8::1]:2525",
            "via:example.org", "via:[smart.example.org]:587",
        ])
    func destination(_ text: String) {
        #expect(NextHop(destination: text)?.destination == text)
    }

    @Test(
        "what is no destination",
        arguments: ["", "a b", "[", "[]", "[x y]", "example.org:", "example.org:99999", "[a.b]c", "a:+1"])
    func noDestination(_ text: String) {
        #expect(NextHop(destination: text) == nil)
    }
}
