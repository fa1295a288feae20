import Foundation
import Glibc
import Logging
import Testing

@testable import Relay

@Suite("Log: JSON and stations")
struct LogJSONTests {
    private let form = LogForm(format: .json, now: { timespec(tv_sec: 1_792_000_000, tv_nsec: 12_999_999) })

    private func object(_ line: String) throws -> [String: Any] {
        #expect(line.hasSuffix("}\n") && line.dropLast().allSatisfy { !$0.isNewline })
        return try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }

    @Test("one object a line: time, level, event, then the fields in order, numbers as numbers")
    func shape() {
        let none: String? = nil
        let line = LogLine("delivery").with("queue_id", "12345678901234567890").with("delay", 7).with("host", none)
            .with("clean", true).with("reply", "250 2.0.0 Ok")
        #expect(
            form.line(.info, line)
                == "{\"time\":\"2026-10-14T17:46:40.012Z\",\"level\":\"info\",\"event\":\"delivery\","
                + "\"queue_id\":\"12345678901234567890\",\"delay\":7,\"clean\":true,\"reply\":\"250 2.0.0 Ok\"}\n")
        #expect(
            line.text == "event=delivery queue_id=12345678901234567890 delay=7 clean=true reply=\"250 2.0.0 Ok\"")
    }

    @Test(
        "Q-14 whatever a value holds, the line is one JSON object and the value comes back",
        arguments: [
            "plain", "", "two words", "say \"hi\"", "x\"]", "back\\slash", "x\nevent=forged", "x\r\ny", "tab\there",
            "\u{1B}[2J", "\u{0}", "\u{7F}", "\u{85}", "\u{2028}", "\u{202E}gpj", "\u{FEFF}", "é", "日本", "🦆",
            "\u{E0001}",
            "\",\"event\":\"forged", "\u{10FFFF}",
        ])
    func escapes(value: String) throws {
        let line = form.line(.warning, LogLine("refused").with("helo", value).with("code", 550))
        let read = try object(line)
        #expect(read["helo"] as? String == value)
        #expect(read["event"] as? String == "refused" && read["code"] as? Int == 550 && read.count == 5)
        #expect(line.unicodeScalars.dropLast().allSatisfy { !LogLine.isUnsafe($0) })
    }

    @Test("a value at the limit is whole, one octet more is cut, and no character is cut in two")
    func limit() throws {
        func written(_ value: String) throws -> String? {
            try object(form.line(.info, LogLine("x").with("v", value)))["v"] as? String
        }
        let full = String(repeating: "a", count: LogLine.valueLimit)
        #expect(try written(full) == full)
        #expect(try written(full + "b") == full + "…")
        #expect(try written(String(full.dropLast()) + "é") == String(full.dropLast()) + "…")
    }

    @Test("Q-14 messages of other libraries: their fields cannot pass for ours, nor stand there twice")
    func foreign() throws {
        let event = LogEvent(
            level: .error, message: "a\n\"b", error: nil, metadata: ["event": "forged", "k\"": "v\n"], source: "t",
            file: "f", function: "g", line: 1)
        let read = try object(form.line(event))
        #expect(read["message"] as? String == "a\n\"b" && read["event"] == nil && read["level"] as? String == "error")
        #expect(read["metadata"] as? [String: String] == ["event": "forged", "k\"": "v\n"])
    }

    @Test("lost lines are told in JSON too")
    func losses() throws {
        var ends: [CInt] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer { close(ends[0]) }
        // Not a line fits: the first is lost, and told of before the next that does.
        let output = LogOutput(descriptor: ends[1], limit: 120)
        _ = LogWriter(output: output, form: form, thresholds: LogThresholds(.info))
        output.write(String(repeating: "x", count: 121))
        output.write("{}\n")
        #expect(output.flush(within: 300))
        close(ends[1])
        var octets = [UInt8](repeating: 0, count: 4096)
        let count = read(ends[0], &octets, octets.count)
        let lines = String(decoding: octets.prefix(max(0, count)), as: UTF8.self).split(separator: "\n")
        #expect(lines.count == 2)
        #expect(try object(lines[0] + "\n")["count"] as? Int == 1)
    }

    // MARK: Stations

    @Test("each station has its own least level, and what is below it is not written")
    func levels() {
        var configuration = Configuration.Log()
        configuration.level = .notice
        configuration.levels = [.intake: .error, .delivery: .debug]
        let thresholds = LogThresholds(configuration)
        #expect(thresholds.least == .debug)
        for station in Configuration.LogStation.allCases {
            let level: Logger.Level = station == .intake ? .error : station == .delivery ? .debug : .notice
            #expect(thresholds.level(of: station) == level)
        }
        configuration.level = .critical
        configuration.levels = [:]
        thresholds.set(configuration)
        #expect(thresholds.least == .critical && thresholds.level(of: .delivery) == .critical)
    }

    @Test("a line of a station that does not log its level is dropped, the same level of another is written")
    func filtered() throws {
        var ends: [CInt] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer { close(ends[0]) }
        var configuration = Configuration.Log()
        configuration.levels = [.intake: .warning]
        configuration.format = .json
        let output = LogOutput(descriptor: ends[1])
        let logger = Logger("t", configuration, output: output)
        logger.event(.info, LogLine("accepted"))
        logger.event(.info, LogLine("delivery"))
        logger.event(.warning, LogLine("auth-failed"))
        #expect(output.flush(within: 300))
        close(ends[1])
        var octets = [UInt8](repeating: 0, count: 4096)
        let count = read(ends[0], &octets, octets.count)
        let events = try String(decoding: octets.prefix(max(0, count)), as: UTF8.self).split(separator: "\n").map {
            try object($0 + "\n")["event"] as? String
        }
        #expect(events == ["delivery", "auth-failed"])
    }

    @Test("every event of docs/log.md has one station, and the page's table of stations is the code's")
    func stations() throws {
        let page = try MetricsReferenceTests.text("docs/log.md")
        let sections = page.components(separatedBy: "\n## ")
        let others = try #require(sections.first { $0.hasPrefix("Other events") })
        var events: Set<String> = ["delivery", "host-failed"]
        for row in others.split(separator: "\n") where row.hasPrefix("| `") {
            let names = row.dropFirst().prefix { $0 != "|" }
            events.formUnion(names.matches(of: /`([a-z-]+)`/).map { String($0.1) })
        }
        #expect(events.count > 40)
        let table = Configuration.LogStation.events
        let homeless = events.filter { table[$0] == nil }.sorted()
        #expect(homeless.isEmpty, "\(homeless)")
        let unknown = table.keys.filter { !events.contains($0) }.sorted()
        #expect(unknown.isEmpty, "\(unknown)")

        let stations = try #require(sections.first { $0.hasPrefix("Stations") })
        var written: [String: String] = [:]
        for row in stations.split(separator: "\n") where row.hasPrefix("| `") {
            let cells = row.split(separator: "|").map { $0.matches(of: /`([a-z-]+)`/).map { String($0.1) } }
            for event in cells[1] {
                #expect(written[event] == nil, "\(event) stands there twice")
                written[event] = cells[0].first
            }
        }
        #expect(written == table.mapValues(\.rawValue))
    }
}
