import Mail
import Net
import Testing

@testable import HTTPS

@Suite("HTTPS: who waits for which transfer")
struct TransferBookTests {
    private func entry(_ id: UInt64, until end: UInt64 = 1_000, at address: IPAddress = loopback) throws
        -> TransferBook<Int>.Entry
    {
        TransferBook<Int>.Entry(
            id: id,
            request: HTTPSRequest(
                host: try DomainName("example.com"), path: "/", addresses: [address], bodyLimit: 1,
                timeout: .seconds(1)),
            end: Deadline(nanoseconds: end), waiter: Int(id))
    }

    private let now = Deadline(nanoseconds: 10)

    @Test("as many run as may, in the order of arrival; a place that comes free goes to the next")
    func order() throws {
        var book = TransferBook<Int>(transfersLimit: 2)
        for id in 1...4 { #expect(book.ask(try entry(UInt64(id))) == nil) }
        #expect(book.turn(at: now).starts.map(\.id) == [1, 2])
        #expect(book.turn(at: now).starts.isEmpty)
        #expect(book.finished(1) == 1)
        #expect(book.finished(1) == nil)
        #expect(book.turn(at: now).starts.map(\.id) == [3])
        #expect(book.waitingCount == 1)
        #expect(book.runningCount == 2)
    }

    @Test("the row of those who wait is bounded; a free place needs no row")
    func bound() throws {
        var book = TransferBook<Int>(transfersLimit: 1, waitingLimit: 2)
        #expect(book.ask(try entry(1)) == nil)
        _ = book.turn(at: now)
        #expect(book.ask(try entry(2)) == nil)
        #expect(book.ask(try entry(3)) == nil)
        #expect(book.ask(try entry(4))?.kind == .busy)
        #expect(book.finished(1) == 1)
        #expect(book.turn(at: now).starts.map(\.id) == [2])
        #expect(book.ask(try entry(5)) == nil)

        var none = TransferBook<Int>(transfersLimit: 1, waitingLimit: 0)
        #expect(none.ask(try entry(1)) == nil)
        #expect(none.ask(try entry(2))?.kind == .busy)
    }

    @Test("hosts of one address have four places and half of the row, whatever the rest is worth")
    func share() throws {
        let other = IPAddress.v4(0xC000_0202)
        var book = TransferBook<Int>(transfersLimit: 8, waitingLimit: 8)
        for id in 1...8 { #expect(book.ask(try entry(UInt64(id))) == nil) }
        #expect(book.turn(at: now).starts.map(\.id) == [1, 2, 3, 4])
        #expect(book.ask(try entry(9))?.kind == .busy, "four wait for the address already")
        for id in 11...14 { #expect(book.ask(try entry(UInt64(id), at: other)) == nil) }
        #expect(book.turn(at: now).starts.map(\.id) == [11, 12, 13, 14], "past those who wait for the silent host")
        #expect(book.finished(2) == 2)
        #expect(book.turn(at: now).starts.map(\.id) == [5])
        for id: UInt64 in [1, 3, 4, 5] { #expect(book.finished(id) != nil) }
        #expect(book.turn(at: now).starts.map(\.id) == [6, 7, 8])
    }

    @Test("who waits beyond the deadline comes back without a transfer; the next deadline is known")
    func expiry() throws {
        var book = TransferBook<Int>(transfersLimit: 1)
        #expect(book.ask(try entry(1)) == nil)
        _ = book.turn(at: now)
        #expect(book.ask(try entry(2, until: 30)) == nil)
        #expect(book.ask(try entry(3, until: 20)) == nil)
        var turn = book.turn(at: now)
        #expect(turn.expired.isEmpty)
        #expect(turn.next == Deadline(nanoseconds: 20))
        turn = book.turn(at: Deadline(nanoseconds: 20))
        #expect(turn.expired == [3])
        #expect(turn.expiry == .noPlace)
        #expect(turn.next == Deadline(nanoseconds: 30))
        turn = book.turn(at: Deadline(nanoseconds: 31))
        #expect(turn.expired == [2])
        #expect(turn.next == .never)
        // There was a place, but the thread came too late.
        #expect(book.finished(1) == 1)
        #expect(book.ask(try entry(4, until: 40)) == nil)
        turn = book.turn(at: Deadline(nanoseconds: 40))
        #expect(turn.expired == [4])
        #expect(turn.expiry == .tooLate)
        #expect(turn.starts.isEmpty)
    }

    @Test("who waits is cancelled at once; what runs is broken off in the next turn; unknown numbers do nothing")
    func cancellation() throws {
        var book = TransferBook<Int>(transfersLimit: 1)
        #expect(book.ask(try entry(1)) == nil)
        _ = book.turn(at: now)
        #expect(book.ask(try entry(2)) == nil)
        #expect(book.cancel(2) == 2)
        #expect(book.cancel(2) == nil)
        #expect(book.cancel(1) == nil)
        #expect(book.cancel(9) == nil)
        #expect(book.turn(at: now).cancels == [1])
        #expect(book.turn(at: now).cancels.isEmpty)
        #expect(book.finished(1) == 1)
    }

    @Test("after the close nothing starts and nothing is taken in")
    func close() throws {
        var book = TransferBook<Int>(transfersLimit: 1)
        #expect(book.ask(try entry(1)) == nil)
        _ = book.turn(at: now)
        #expect(book.ask(try entry(2)) == nil)
        #expect(book.close() == [2])
        #expect(book.close() == [])
        #expect(book.ask(try entry(3)) == .closed)
        let turn = book.turn(at: now)
        #expect(turn.isClosing)
        #expect(turn.starts.isEmpty)
        #expect(book.finished(1) == 1)
    }
}

@Suite("HTTPS: header lines")
struct ResponseHeadTests {
    @Test("the octets of all lines count, up to the limit", arguments: [(30, true), (29, false)])
    func limit(limit: Int, isEnough: Bool) {
        var head = ResponseHead(limit: limit)
        #expect(head.take(Array("HTTP/1.1 200 OK\r\n".utf8), status: 200) == .goOn)
        #expect(head.take(Array("Name: value".utf8), status: 200) == .goOn)
        #expect(head.take(Array("\r\n".utf8), status: 200) == (isEnough ? .ended : .tooMuch))
    }

    @Test(
        "a body says how long it is by Content-Length, by chunks, or by a status without body",
        arguments: [
            (["Content-Length: 5"], 200, true), (["transfer-encoding: Chunked"], 200, true), ([], 204, true),
            (["Content-Type: text/plain"], 200, false), ([], 200, false),
        ])
    func length(fields: [String], status: Int, hasLength: Bool) {
        var head = ResponseHead()
        // That of an interim answer is another's.
        for line in ["Content-Length: 1", ""] {
            #expect(head.take(Array("\(line)\r\n".utf8), status: 100) == .goOn)
        }
        for field in fields { #expect(head.take(Array("\(field)\r\n".utf8), status: status) == .goOn) }
        #expect(head.take(Array("\r\n".utf8), status: status) == .ended)
        #expect(head.hasLength == hasLength)
    }

    @Test("a Content-Type of an interim answer or a trailer does not count")
    func place() {
        var head = ResponseHead()
        #expect(head.take(Array("Content-Type: a/b\r\n".utf8), status: 100) == .goOn)
        #expect(head.take(Array("\r\n".utf8), status: 100) == .goOn)
        #expect(head.contentType == nil)
        #expect(head.take(Array("Content-Type: c/d \r\n".utf8), status: 200) == .goOn)
        #expect(head.take(Array("\r\n".utf8), status: 200) == .ended)
        #expect(head.take(Array("Content-Type: e/f\r\n".utf8), status: 200) == .goOn)
        #expect(head.take(Array("\r\n".utf8), status: 200) == .goOn)
        #expect(head.contentType == "c/d")
    }
}
