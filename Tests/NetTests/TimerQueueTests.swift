import Testing

@testable import Net

struct TimerQueueTests {
    private func at(_ nanoseconds: UInt64) -> Deadline { Deadline(nanoseconds: nanoseconds) }

    @Test("soonest first, none before its time")
    func order() {
        var queue = TimerQueue()
        let waiters = (0..<4).map { _ in Waiter() }
        for (waiter, time) in zip(waiters, [30, 10, 40, 20] as [UInt64]) { queue.arm(waiter, until: at(time)) }
        #expect(queue.next == at(10))
        #expect(queue.popExpired(at: at(9)) == nil)
        #expect(queue.popExpired(at: at(35)) === waiters[1])
        #expect(queue.popExpired(at: at(35)) === waiters[3])
        #expect(queue.popExpired(at: at(35)) === waiters[0])
        #expect(queue.popExpired(at: at(35)) == nil)
        #expect(queue.count == 1)
    }

    @Test("a disarmed waiter does not fire, and its entry serves the next wait")
    func reuse() {
        var queue = TimerQueue()
        let waiter = Waiter()
        for start in 0..<1_000 as Range<UInt64> {
            queue.arm(waiter, until: at(start + 100_000))
            queue.disarm(waiter)
        }
        #expect(queue.count == 1)
        queue.arm(waiter, until: at(150_000))
        #expect(queue.popExpired(at: at(120_000)) == nil)
        #expect(queue.next == at(150_000))
        #expect(queue.popExpired(at: at(150_000)) === waiter)
        #expect(queue.count == 0)
    }

    @Test("an earlier deadline fires in time, the superseded entry is nothing")
    func earlier() {
        var queue = TimerQueue()
        let waiter = Waiter()
        queue.arm(waiter, until: at(100))
        queue.arm(waiter, until: at(10))
        #expect(queue.popExpired(at: at(50)) === waiter)
        queue.disarm(waiter)
        #expect(queue.popExpired(at: at(100)) == nil)
        #expect(queue.count == 0 && queue.garbage == 0)
    }

    @Test("garbage is bounded: the floor is kept, one past it is swept")
    func garbage() {
        var queue = TimerQueue()
        for index in 0...TimerQueue.garbageFloor {
            let waiter = Waiter()
            queue.arm(waiter, until: at(1_000_000))
            #expect(queue.garbage == index)
            queue.retire(waiter)
        }
        #expect(queue.count == 0 && queue.garbage == 0)
        let living = Waiter()
        queue.arm(living, until: at(5))
        for _ in 0..<100_000 {
            let waiter = Waiter()
            queue.arm(waiter, until: at(1_000_000))
            queue.retire(waiter)
            #expect(queue.count <= TimerQueue.garbageFloor + 2)
        }
        #expect(queue.popExpired(at: at(5)) === living)
    }

    @Test("all are taken out, each once")
    func removeAll() {
        var queue = TimerQueue()
        let waiters = [Waiter(), Waiter()]
        for time in [300, 200, 100] as [UInt64] { waiters.forEach { queue.arm($0, until: at(time)) } }
        #expect(Set(queue.removeAll().map(ObjectIdentifier.init)) == Set(waiters.map(ObjectIdentifier.init)))
        #expect(queue.count == 0 && queue.removeAll().isEmpty)
    }

    @Test(
        "deadlines stay within their range",
        arguments: [
            (100, Duration.nanoseconds(5), 105),
            (100, .nanoseconds(-5), 95),
            (100, .nanoseconds(-101), 0),  // not before the clock's zero
            (100, .seconds(2), 2_000_000_100),
            (100, .seconds(Int64.max), .max),  // overflow is never
            (100, .seconds(Int64.min), 0),
            (.max - 1, .nanoseconds(5), .max),
            (.max, .seconds(-5), .max),  // never stays never
        ] as [(UInt64, Duration, UInt64)])
    func advance(_ start: UInt64, _ step: Duration, _ result: UInt64) {
        #expect(Deadline(nanoseconds: start).advanced(by: step) == Deadline(nanoseconds: result))
    }

    @Test("passed and remaining")
    func passed() {
        #expect(Deadline.after(.seconds(-1)).hasPassed)
        #expect(!Deadline.after(.seconds(60)).hasPassed)
        #expect(!Deadline.never.hasPassed)
        #expect(Deadline.never.remaining == nil)
        #expect(Deadline.after(.seconds(-1)).remaining == .zero)
        #expect(Deadline.after(.seconds(60)).remaining.map { $0 > .seconds(50) && $0 <= .seconds(60) } == true)
    }
}
