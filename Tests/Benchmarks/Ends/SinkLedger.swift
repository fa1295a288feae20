import Glibc
import Synchronization

/// What the sink has seen, all threads together.
final class SinkLedger: Sendable {
    private struct Counts {
        var book = ArrivalBook()
        var connections = 0
        var fullHandshakes = 0
        var resumedHandshakes = 0
        var processorBefore = 0.0
    }

    private let counts = Mutex(Counts())

    func connected() {
        counts.withLock { $0.connections += 1 }
    }

    func secured(isResumed: Bool) {
        counts.withLock {
            if isResumed { $0.resumedHandshakes += 1 } else { $0.fullHandshakes += 1 }
        }
    }

    func arrived(_ arrival: SinkDialogue.Arrival, at now: UInt64) {
        let done = counts.withLock { $0.book.enter(arrival.marker, octets: arrival.octets, at: now) }
        if let done { Self.tell(done) }
    }

    func expect(_ count: Int) {
        let done = counts.withLock { $0.book.expect(count, at: MonotonicClock.now) }
        if let done { Self.tell(done) }
    }

    func reset() {
        counts.withLock {
            $0 = Counts()
            $0.processorBefore = ProcessorTime.now
        }
    }

    private static func tell(_ done: ArrivalBook.Done) {
        StandardOutput.write("done \(done.nanoseconds) \(done.count)")
    }

    /// One line of JSON.
    var report: String {
        counts.withLock {
            var line = JSONLine()
            line.add("messages", $0.book.messages)
            line.add("duplicates", $0.book.duplicates)
            line.add("unmarked", $0.book.unmarked)
            line.add("octets", $0.book.octets)
            line.add("connections", $0.connections)
            line.add("tls_full", $0.fullHandshakes)
            line.add("tls_resumed", $0.resumedHandshakes)
            line.add("latency", $0.book.latencies)
            line.add("cpu", ProcessorTime.now - $0.processorBefore, decimals: 4)
            return line.text
        }
    }
}
