import Foundation
import Glibc
import Logging
import Synchronization
import Testing

@testable import Relay

@Suite("Log")
struct LogTests {
    @Test(
        "Q-14 values are escaped so that nothing forges a line or a key",
        arguments: [
            ("mx1.example.org", "mx1.example.org"), ("a=b", "a=b"), ("", "\"\""), ("two words", "\"two words\""),
            ("say \"hi\"", "\"say \\\"hi\\\"\""), ("back\\slash", "\"back\\\\slash\""), ("x\"]", "\"x\\\"]\""),
            ("x\nevent=forged", "\"x\\nevent=forged\""), ("x\r\ny", "\"x\\r\\ny\""), ("tab\there", "\"tab\\there\""),
            ("\u{1B}[2J", "\"\\u{1b}[2J\""), ("\u{0}", "\"\\u{00}\""), ("\u{7F}", "\"\\u{7f}\""),
            ("\u{85}", "\"\\u{85}\""), ("\u{2028}", "\"\\u{2028}\""), ("\u{202E}gpj", "\"\\u{202e}gpj\""),
            ("\u{FEFF}", "\"\\u{feff}\""), ("é", "\"é\""), ("日本", "\"日本\""),
        ])
    func escaping(value: String, expected: String) {
        #expect(LogLine.escaped(value) == expected)
    }

    @Test("a value at the limit is whole, one octet more is cut, and no character is cut in two")
    func limit() {
        let limit = LogLine.valueLimit
        let full = String(repeating: "a", count: limit)
        #expect(LogLine.escaped(full) == full)
        #expect(LogLine.escaped(full + "b") == "\"" + full + "…\"")
        let almost = String(repeating: "a", count: limit - 1)
        #expect(LogLine.escaped(almost + "é") == "\"" + almost + "…\"")
    }

    @Test("keys in the order they are added, nothing for nil")
    func order() {
        let none: Int? = nil
        let line = LogLine("delivered").with("id", "x1").with("code", 250).with("host", none).with("reply", "2.0.0 Ok")
        #expect(line.text == "event=delivered id=x1 code=250 reply=\"2.0.0 Ok\"")
    }

    private func form(_ format: Configuration.LogFormat, coloured: Bool = false) -> LogForm {
        LogForm(
            format: format, isColoured: coloured, now: { timespec(tv_sec: 1_792_000_000, tv_nsec: 12_999_999) })
    }

    private func event(_ level: Logger.Level, _ message: Logger.Message, _ metadata: Logger.Metadata? = nil) -> LogEvent
    {
        LogEvent(
            level: level, message: message, error: nil, metadata: metadata, source: "t", file: "f", function: "g",
            line: 1)
    }

    @Test(
        "the journal's priorities",
        arguments: [
            (.trace, 7), (.debug, 7), (.info, 6), (.notice, 5), (.warning, 4), (.error, 3), (.critical, 2),
        ] as [(Logger.Level, Int)])
    func journal(level: Logger.Level, priority: Int) {
        #expect(form(.journal).line(event(level, "event=x")) == "<\(priority)>event=x\n")
    }

    @Test("text: time, level, and colour only where asked")
    func text() {
        #expect(form(.text).line(event(.info, "event=x")) == "2026-10-14T17:46:40.012Z info event=x\n")
        let coloured = form(.text, coloured: true).line(event(.error, "event=x"))
        #expect(coloured == "2026-10-14T17:46:40.012Z \u{1B}[31merror\u{1B}[0m event=x\n")
    }

    @Test("Q-14 messages and metadata of other libraries become one line")
    func foreign() {
        let line = form(.journal).line(event(.info, "a\nb", ["k\ny": "v\nw", "a": "1"]))
        #expect(line == "<6>a\\nb a=1 k\\ny=\"v\\nw\"\n")
    }

    @Test("a line that is not logged is not made")
    func cheap() {
        let writer = LogWriter(
            output: LogOutput(descriptor: -1), form: form(.journal), thresholds: LogThresholds(.info))
        let logger = Logger(label: "t", factory: { _ in writer })
        let made = Mutex(0)
        func line() -> LogLine {
            made.withLock { $0 += 1 }
            return LogLine("x")
        }
        logger.event(.debug, line())
        #expect(made.withLock(\.self) == 0)
        logger.event(.info, line())
        #expect(made.withLock(\.self) == 1)
    }

    @Test("a reader that stalls does not stop the writer: lines are lost and counted", .timeLimit(.minutes(10)))
    func stalled() async throws {
        var ends: [CInt] = [0, 0]
        try #require(pipe(&ends) == 0)
        // A full pipe: the log's own thread blocks in write(2), as with a journal that does not read.
        // F_SETPIPE_SZ of fcntl(2), which Glibc's module leaves out.
        let fill = Int(fcntl(ends[1], 1031, 4096))
        let blank = [UInt8](repeating: UInt8(ascii: "."), count: max(fill, 4096))
        try #require(write(ends[1], blank, blank.count) == blank.count)
        let output = LogOutput(descriptor: ends[1], limit: 1000)
        _ = LogWriter(output: output, form: form(.journal), thresholds: LogThresholds(.info))
        let line = String(repeating: "x", count: 99) + "\n"
        for _ in 0..<100 { output.write(line) }
        #expect(!output.flush(within: 0.01))
        // From here on somebody reads.
        let reader = Reader(of: ends[0])
        #expect(output.flush(within: 300))
        output.write("event=last\n")
        #expect(output.flush(within: 300))
        close(ends[1])
        let all = await reader.text
        #expect(all.contains("<4>event=log-lines-lost count="))
        #expect(all.hasSuffix("event=last\n"))
        close(ends[0])
    }

    @Test("Lines that come together are written together: a pipe that keeps writes apart holds fewer than lines")
    func gathered() throws {
        var ends: [CInt] = [0, 0]
        // O_DIRECT, which Glibc's module does not name: each write(2) is a packet of its own (pipe(2)).
        let packets: CInt = 0o40000
        try #require(pipe(&ends) == 0)
        for end in ends { try #require(fcntl(end, F_SETFL, packets | O_NONBLOCK) == 0) }
        defer { for end in ends { close(end) } }
        let output = LogOutput(descriptor: ends[1])
        for number in 0..<100 { output.write("event=line number=\(number)\n") }
        #expect(output.flush())
        var buffer = [UInt8](repeating: 0, count: 4096)
        var (writes, lines) = (0, 0)
        while case let count = read(ends[0], &buffer, buffer.count), count > 0 {
            writes += 1
            lines += buffer[..<count].count { $0 == UInt8(ascii: "\n") }
        }
        #expect(lines == 100)
        #expect(writes < 50, "\(writes) writes")
    }

    /// Reads until the other end closes, on a thread of its own: flush() blocks one of the pool's, and a pool may have no more.
    private final class Reader: Sendable {
        private let all = Mutex<String?>(nil)

        init(of descriptor: CInt) {
            Thread { [self] in
                var octets: [UInt8] = []
                var buffer = [UInt8](repeating: 0, count: 4096)
                while case let count = read(descriptor, &buffer, buffer.count), count > 0 { octets += buffer[..<count] }
                all.withLock { $0 = String(decoding: octets, as: UTF8.self) }
            }.start()
        }

        var text: String {
            get async {
                while true {
                    if let text = all.withLock({ $0 }) { return text }
                    await Task.yield()
                }
            }
        }
    }
}
