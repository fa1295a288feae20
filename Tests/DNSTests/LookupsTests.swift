import Mail
import Net
import Testing

@testable import DNS

@Suite("The book of lookups")
struct LookupsTests {
    private func at(_ seconds: Double) -> Deadline { Deadline(nanoseconds: UInt64(seconds * 1e9)) }
    private func name(_ number: Int) throws -> Asked { Asked(Question(try DomainName("n\(number).example"), .a)) }
    private let good = Finding(.records([[1, 2, 3, 4]]), .secure, timeToLive: 10)

    private func book(inFlight: Int = 4, waiting: Int = 3) -> Lookups<Int> {
        Lookups(timeout: .seconds(20), inFlightLimit: inFlight, waitingLimit: waiting)
    }

    /// The messages in what is to be sent.
    private func sent(_ lookups: inout Lookups<Int>) throws -> [DaemonMessage] {
        var reader = FrameReader()
        reader.append(lookups.takeUnsent())
        var messages: [DaemonMessage] = []
        while let payload = try reader.next() { messages.append(try DaemonMessage(payload: payload)) }
        return messages
    }

    private func hung(_ lookups: inout Lookups<Int>, _ time: Deadline) -> Bool { lookups.takeHung(at: time) }

    private func waits(_ asking: Lookups<Int>.Asking) -> Bool {
        if case .waits = asking { true } else { false }
    }

    private func reason(_ asking: Lookups<Int>.Asking) -> String? {
        if case .answered(let finding) = asking, case .failed(let reason) = finding.result { reason } else { nil }
    }

    @Test("One lookup for equal questions; all who wait get its finding; then it is warm")
    func coalesces() throws {
        var lookups = book()
        lookups.workerServes(at: at(1))
        #expect(waits(lookups.ask(try name(1), 10, at: at(1))))
        #expect(waits(lookups.ask(try name(1), 11, at: at(2))))
        #expect(try sent(&lookups) == [.ask(id: 1, try name(1))])
        let settled = try lookups.received(.answer(id: 1, try name(1), good), at: at(3))
        #expect(settled?.waiters == [10, 11])
        #expect(settled?.finding == good)
        #expect(lookups.cached(try name(1), at: at(4))?.timeToLive == 9)
        #expect(lookups.counters.coalesced == 1)
        #expect(lookups.counters.lookups == 1)
        #expect(lookups.counters.cacheHits == 1)
        #expect(lookups.counters.questions == 3)
        #expect(lookups.openCount == 0)
        #expect(lookups.nextDeadline == .never)
    }

    @Test("The sender is woken for the first octets, not for each question")
    func rings() throws {
        var lookups = book()
        lookups.workerServes(at: at(1))
        guard case .waits(ring: true) = lookups.ask(try name(1), 1, at: at(1)) else {
            Issue.record("the first question must ring")
            return
        }
        guard case .waits(ring: false) = lookups.ask(try name(2), 2, at: at(1)) else {
            Issue.record("the second is sent with the first")
            return
        }
        _ = lookups.takeUnsent()
        guard case .waits(ring: true) = lookups.ask(try name(3), 3, at: at(1)) else {
            Issue.record("what was taken is taken")
            return
        }
    }

    @Test("No more than the bound are sent; the next goes out when a place is free; beyond both bounds is overload")
    func bounds() throws {
        var lookups = book(inFlight: 4, waiting: 3)
        lookups.workerServes(at: at(1))
        for number in 1...7 { #expect(waits(lookups.ask(try name(number), number, at: at(1)))) }
        #expect(try sent(&lookups).count == 4)
        #expect(
            reason(lookups.ask(try name(8), 8, at: at(1))) == "resolver overloaded: 7 lookups are under way", "SEC-05")
        #expect(waits(lookups.ask(try name(7), 9, at: at(1))), "joining costs no place")
        _ = try lookups.received(.answer(id: 2, try name(2), good), at: at(2))
        #expect(try sent(&lookups) == [.ask(id: 5, try name(5))])
        #expect(waits(lookups.ask(try name(8), 8, at: at(2))))
        #expect(lookups.counters.overloaded == 1)
    }

    @Test("SEC-05 A lookup past its deadline is failed, cancelled, and its late answer is nobody's")
    func deadline() throws {
        var lookups = book()
        lookups.workerServes(at: at(1))
        _ = lookups.ask(try name(1), 1, at: at(1))
        _ = lookups.ask(try name(2), 2, at: at(5))
        _ = try lookups.received(.answer(id: 2, try name(2), good), at: at(6))
        _ = try sent(&lookups)
        #expect(lookups.nextDeadline == at(21))
        #expect(lookups.expire(at: at(20.9)).isEmpty)
        let settled = lookups.expire(at: at(21))
        #expect(settled.map(\.waiters) == [[1]])
        #expect(settled.first?.finding == .failed("no answer within 20 s"))
        #expect(try sent(&lookups) == [.cancel(id: 1)])
        #expect(try lookups.received(.answer(id: 1, try name(1), good), at: at(22)) == nil)
        #expect(lookups.cached(try name(1), at: at(22)) == nil)
        #expect(lookups.counters.timedOut == 1)
    }

    @Test("A silent worker is probed after a deadline, and hangs if it leaves the probe unanswered")
    func hangs() throws {
        var lookups = book()
        lookups.workerServes(at: at(1))
        _ = lookups.ask(try name(1), 1, at: at(2))
        _ = try sent(&lookups)
        _ = lookups.expire(at: at(22))
        let probe = try #require(Asked.probe)
        #expect(try sent(&lookups) == [.cancel(id: 1), .ask(id: 2, probe)])
        #expect(lookups.nextDeadline == at(27))
        var healthy = lookups
        #expect(try healthy.received(.answer(id: 2, probe, Finding(.noSuchName, .insecure)), at: at(23)) == nil)
        #expect(!hung(&healthy, at(60)))
        #expect(!hung(&lookups, at(26)))
        #expect(hung(&lookups, at(27)))
        #expect(!hung(&lookups, at(28)), "once")
    }

    @Test("A worker that was silent from its first moment is probed as well")
    func silentFromTheStart() throws {
        var lookups = book()
        _ = lookups.ask(try name(1), 1, at: at(1))
        lookups.workerServes(at: at(2))
        _ = try sent(&lookups)
        _ = lookups.expire(at: at(21))
        #expect(try sent(&lookups).contains(.ask(id: 2, try #require(Asked.probe))))
    }

    @Test("SEC-05 What was sent to a worker that dies is failed; what was not waits for the next one")
    func death() throws {
        var lookups = book(inFlight: 2, waiting: 9)
        lookups.workerServes(at: at(1))
        for number in 1...3 { _ = lookups.ask(try name(number), number, at: at(1)) }
        _ = try sent(&lookups)
        let settled = lookups.workerDied("the resolver process died: signal 11", willReturnSoon: true)
        #expect(Set(settled.flatMap(\.waiters)) == [1, 2])
        #expect(settled.allSatisfy { $0.finding == .failed("the resolver process died: signal 11") })
        _ = lookups.ask(try name(4), 4, at: at(2))
        #expect(try sent(&lookups) == [])
        lookups.workerServes(at: at(3))
        #expect(try sent(&lookups) == [.ask(id: 3, try name(3)), .ask(id: 4, try name(4))])
        #expect(lookups.counters.workerDeaths == 1)
        #expect(lookups.counters.lastDeath == "the resolver process died: signal 11")
    }

    @Test("SEC-05 Where no worker comes soon all fail, at once")
    func hopeless() throws {
        var lookups = book()
        _ = lookups.ask(try name(1), 1, at: at(1))
        let settled = lookups.workerDied("it does not start", willReturnSoon: false)
        #expect(settled.map(\.waiters) == [[1]])
        #expect(reason(lookups.ask(try name(2), 2, at: at(1))) == "it does not start")
        #expect(lookups.openCount == 0)
        lookups.workerServes(at: at(2))
        #expect(waits(lookups.ask(try name(2), 2, at: at(2))))
    }

    @Test("SEC-05 A lookup that never got a place expires too")
    func waitingExpires() throws {
        var lookups = book()
        _ = lookups.ask(try name(1), 1, at: at(1))
        let settled = lookups.expire(at: at(21))
        #expect(settled.first?.finding == .failed("no place in the resolver within 20 s"))
        lookups.workerServes(at: at(22))
        #expect(try sent(&lookups) == [])
    }

    @Test("A worker that answers another question, twice, or what was not asked is at fault")
    func faults() throws {
        func fault(_ message: WorkerMessage, after: [WorkerMessage] = []) throws -> WorkerFault? {
            var lookups = book(inFlight: 2)
            lookups.workerServes(at: at(1))
            for number in 1...3 { _ = lookups.ask(try name(number), number, at: at(1)) }
            do throws(WorkerFault) {
                _ = try lookups.received(message, at: at(2))
                return nil
            } catch {
                return error
            }
        }
        #expect(try fault(.answer(id: 1, try name(1), good)) == nil)
        #expect(try fault(.answer(id: 1, try name(2), good)) == .wrongQuestion, "CVE-2019-16791: swapped")
        let other = Asked(Question(try DomainName("n1.example"), .tlsa))
        #expect(try fault(.answer(id: 1, other, good)) == .wrongQuestion, "another type")
        #expect(try fault(.answer(id: 3, try name(3), good)) == .wrongQuestion, "not sent yet")
        #expect(try fault(.answer(id: 0, try name(1), good)) == .unknownID(0))
        #expect(try fault(.answer(id: 4, try name(1), good)) == .unknownID(4))
        #expect(try fault(.ready(library: "1")) == .outOfTurn)
        #expect(try fault(.refused("x")) == .outOfTurn)
    }

    @Test("Many answered lookups leave no row of deadlines behind a slow one")
    func deadlineRow() throws {
        var lookups = book(inFlight: 512, waiting: 10)
        lookups.workerServes(at: at(1))
        _ = lookups.ask(try name(0), 0, at: at(1))
        for number in 1...2_000 {
            _ = lookups.ask(try name(number), number, at: at(1))
            _ = try lookups.received(.answer(id: UInt64(number + 1), try name(number), good), at: at(1))
        }
        #expect(lookups.deadlineCount <= 65)
        #expect(lookups.nextDeadline == at(21))
    }
}
