import Mail
import Store
import Testing

@testable import Relay

@Suite("Passes over the disk")
struct PassBookTests {
    static let start = WallTime(seconds: 1_000_000)

    /// One that has looked at everything at ``start``.
    static var looked: PassBook {
        var book = PassBook()
        _ = book.begin(at: start)
        book.end(isComplete: true)
        return book
    }

    @Test("the first pass reads all that is due, the next only what became due since")
    func kinds() {
        var book = PassBook()
        let first = book.begin(at: Self.start)
        #expect(first.isWhole)
        book.end(isComplete: true)
        let second = book.begin(at: Self.start.advanced(by: 30))
        #expect(!second.isWhole && second.from == Self.start)
        book.end(isComplete: false)
        let third = book.begin(at: Self.start.advanced(by: 31))
        #expect(third.isWhole, "the one before did not get to the end")
    }

    @Test("a whole pass is due in any case after ten minutes, and where the clock went back")
    func precaution() {
        for (later, isWhole) in [(599, false), (600, true), (-1, true)] as [(Int64, Bool)] {
            var book = Self.looked
            let pass = book.begin(at: Self.start.advanced(by: later))
            #expect(pass.isWhole == isWhole, "\(later)")
        }
    }

    @Test("where a destination has room for its mail on disk the next pass is at once, and one is enough")
    func refill() {
        var book = Self.looked
        let now = Self.start.advanced(by: 1)
        let planned = book.next(at: now, within: 30, hasRoom: true, known: nil)
        #expect(planned == now.advanced(by: 30))
        book.isRefillWanted = true
        let wanted = book.next(at: now, within: 30, hasRoom: false, known: nil)
        #expect(wanted == now)
        let pass = book.begin(at: now)
        #expect(!pass.isWhole)
        book.end(isComplete: true)
        let next = book.next(at: now, within: 30, hasRoom: true, known: nil)
        #expect(next == now.advanced(by: 30))
    }

    @Test("what was let go of in a pass is none of its business, and is the next one's")
    func released() {
        var book = Self.looked
        let number = RecipientNumber(7)
        book.noteReleased([number])
        #expect(!book.wasReleased(number), "no pass is under way")
        _ = book.begin(at: Self.start.advanced(by: 1))
        book.noteReleased([number])
        #expect(book.wasReleased(number))
        book.end(isComplete: true)
        #expect(!book.wasReleased(number))
    }

    @Test("the next pass: at the first of what is known, never later than asked, at once with room for what is left")
    func next() {
        let now = Self.start.advanced(by: 1)
        var next: WallTime
        var book = Self.looked
        next = book.next(at: now, within: 30, hasRoom: true, known: nil)
        #expect(next == now.advanced(by: 30))
        book = Self.looked
        next = book.next(at: now, within: 30, hasRoom: true, known: now.advanced(by: 9))
        #expect(next == now.advanced(by: 9))
        book = Self.looked
        book.wake(at: now.advanced(by: 4))
        next = book.next(at: now, within: 30, hasRoom: true, known: now.advanced(by: 9))
        #expect(next == now.advanced(by: 4))
        book = Self.looked
        book.wake(at: Self.start.advanced(by: -50))
        next = book.next(at: now, within: 30, hasRoom: true, known: nil)
        #expect(next == now, "a time that has passed is now")
        book = Self.looked
        book.hasMoreOnDisk = true
        next = book.next(at: now, within: 30, hasRoom: true, known: nil)
        #expect(next == now)
        next = book.next(at: now, within: 30, hasRoom: false, known: nil)
        #expect(next == now.advanced(by: 30))
    }

    @Test("who put something off beyond the plan does not ring, who put it off before it does")
    func late() {
        var book = Self.looked
        #expect(!book.isLate(for: [Self.start]), "nothing is planned while a pass is under way")
        _ = book.next(at: Self.start, within: 30, hasRoom: true, known: nil)
        #expect(book.isLate(for: [Self.start.advanced(by: 29)]))
        #expect(!book.isLate(for: [Self.start.advanced(by: 30)]) && !book.isLate(for: []))
    }

    @Test("wake-up times have a bound; beyond it the disk is looked through")
    func wakes() {
        var book = Self.looked
        book.wake(at: (0..<PassBook.wakeLimit).map { Self.start.advanced(by: Int64($0) + 1000) })
        #expect(!book.hasMoreOnDisk)
        book.wake(at: Self.start.advanced(by: 5_000_000))
        #expect(book.hasMoreOnDisk)
    }
}
