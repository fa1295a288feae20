import Glibc

/// A line on the sink's standard input.
enum SinkOrder: Equatable {
    case expect(Int)
    case report
    case reset
    case unknown

    init(_ head: LineHead) {
        if head.hasWord("report") && head.count == 6 {
            self = .report
        } else if head.hasWord("reset") && head.count == 5 {
            self = .reset
        } else {
            var place = 7
            guard head.hasWord("expect"), let count = head.number(at: &place), place == head.count else {
                self = .unknown
                return
            }
            self = .expect(count)
        }
    }
}

/// Obeys standard input until it ends, or a signal comes.
struct SinkControl {
    let ledger: SinkLedger
    /// Readable once the process shall end.
    let signals: CInt
    /// The end of standard input is not the end.
    let stays: Bool

    func run() {
        var line = LineHead()
        var room = [UInt8](repeating: 0, count: 4096)
        var hasInput = true
        while true {
            var watched = [
                pollfd(fd: signals, events: Int16(POLLIN), revents: 0),
                pollfd(fd: hasInput ? STDIN_FILENO : -1, events: Int16(POLLIN), revents: 0),
            ]
            _ = poll(&watched, 2, -1)
            if watched[0].revents != 0 { return }
            guard watched[1].revents != 0 else { continue }
            let count = room.withUnsafeMutableBytes { read(STDIN_FILENO, $0.baseAddress, $0.count) }
            if count <= 0 {
                if count < 0 && errno == EINTR { continue }
                guard stays else { return }
                hasInput = false
                continue
            }
            room.withUnsafeBytes { bytes in
                let chunk = UnsafeRawBufferPointer(rebasing: bytes[..<count])
                var place = 0
                while line.take(chunk, from: &place) { obey(SinkOrder(line)) }
            }
        }
    }

    private func obey(_ order: SinkOrder) {
        switch order {
        case .expect(let count): ledger.expect(count)
        case .report: StandardOutput.write(ledger.report)
        case .reset: ledger.reset()
        case .unknown: StandardError.write("sink: orders are expect N, report and reset")
        }
    }
}
