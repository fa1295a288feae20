import Foundation
import Mail
import Relay
import Testing

@testable import relayctl

/// Files and folders of reports, and how `relayctl tlsrpt read` ends.
@Suite("tlsrpt read", .serialized)
struct ReportFileTests {
    private static let json = """
        {"organization-name":"E","contact-info":"a@b.example","report-id":"r1","policies":[],
        "date-range":{"start-datetime":"2026-11-20T00:00:00Z","end-datetime":"2026-11-20T23:59:59Z"}}
        """
    private static let mail = """
        From: a@b.example
        Content-Type: multipart/report; boundary=b

        --b
        Content-Type: application/tlsrpt+json; name=good.json

        \(json)
        --b
        Content-Type: application/tlsrpt+gzip; name=bad.json.gz

        hello
        --b--

        """

    private func folder() throws -> String {
        let path = NSTemporaryDirectory() + "reports-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    private func read(_ path: String) throws -> (json: String, text: String) {
        var tally = ReceivedReportTally()
        ReportFile.add(path, to: &tally)
        let octets = try #require(ControlJSON.encode(tally.result))
        return (
            String(decoding: octets, as: UTF8.self), tally.result.text(TextStyle(width: 100, isColoured: false))
        )
    }

    static func readings(
        _ octets: [UInt8], unpackedLimit: Int = ReportFile.unpackedLimit
    ) -> [Result<ReceivedReport, UnreadableReport>] {
        var readings: [Result<ReceivedReport, UnreadableReport>] = []
        ReportFile.read(octets, unpackedLimit: unpackedLimit) { readings.append($0) }
        return readings
    }

    /// A mail of so many parts, each of which is `{}` by gzip.compress(b'{}') of Python.
    private static func braces(_ count: Int) -> [UInt8] {
        let part =
            "\n--b\nContent-Type: application/tlsrpt+gzip; name=x\nContent-Transfer-Encoding: base64\n\n"
            + "H4sIAAAAAAAC/6uuBQBDv6ajAgAAAA=="
        let parts = String(repeating: part, count: count)
        return Array("From: a@b.example\nContent-Type: multipart/report; boundary=b\n\(parts)\n--b--\n".utf8)
    }

    @Test("what is unpacked of one file, at the limit and one octet past it")
    func unpackedLimit() {
        func words(_ octets: [UInt8], _ limit: Int) -> [String] {
            Self.readings(octets, unpackedLimit: limit).map {
                guard case .failure(let fault) = $0 else { return "" }
                return fault.words
            }
        }
        let read = "the part x: it does not say whose it is: organization-name is missing"
        let spent = { (limit: Int) in
            "the part x: unpacked the file has more than \(limit) octets: neither this part was read nor what follows it"
        }
        #expect(words(Self.braces(3), 6) == [read, read, read], "two octets each")
        #expect(words(Self.braces(3), 5) == [read, read, spent(5)])
        #expect(words(Self.braces(9), 5) == [read, read, spent(5)], "said once")
        #expect(words(Self.braces(9), 0) == [spent(0)])
        // Each is too large by itself, and was unpacked so far.
        let bomb = Self.stored([UInt8](repeating: 0x20, count: ReceivedReport.sizeLimit + 1))
        let large = "unpacked it has more than \(ReceivedReport.sizeLimit) octets"
        let head = "Content-Type: multipart/mixed; boundary=\"=b\"\n"
        let part = "\n--=b\nContent-Type: application/tlsrpt+gzip\n\n"
        let bombs = Array(head.utf8) + Array(part.utf8) + bomb + Array(part.utf8) + bomb + Array("\n--=b--\n".utf8)
        #expect(words(bombs, 2 * ReceivedReport.sizeLimit) == [large, large])
        #expect(
            words(bombs, 2 * ReceivedReport.sizeLimit - 1).last?.hasPrefix("unpacked the file has more than") == true)
        #expect(ReportFile.unpackedLimit == 33_554_432)
    }

    /// One gzip member of stored blocks (RFC 1951 §3.2.4), the checksum wrong.
    private static func stored(_ octets: [UInt8]) -> [UInt8] {
        var packed: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
        for start in stride(from: 0, to: octets.count, by: 65_535) {
            let block = octets[start..<min(start + 65_535, octets.count)]
            let count = UInt16(block.count)
            packed.append(start + block.count == octets.count ? 1 : 0)
            packed += [UInt8(count & 0xFF), UInt8(count >> 8), UInt8(~count & 0xFF), UInt8(~count >> 8)]
            packed += block
        }
        return packed + [0, 0, 0, 0, 0, 0, 0, 0]
    }

    @Test("exit codes")
    func exitCodes() async throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect(await Relayctl.run(["tlsrpt", "read"]).code == 64)
        #expect(await Relayctl.run(["tlsrpt", "read", "--help"]).code == 0)
        #expect(await Relayctl.run(["tlsrpt", "read", folder]).code == 1, "an empty folder")
        try Self.json.write(toFile: "\(folder)/a.json", atomically: true, encoding: .utf8)
        for arguments in [[folder], ["\(folder)/a.json"], ["--json", "\(folder)/a.json", "\(folder)/a.json"]] {
            #expect(await Relayctl.run(["tlsrpt", "read"] + arguments).code == 0, "\(arguments)")
        }
        for arguments in [["/nowhere"], ["\(folder)/a.json", "/nowhere"], ["/dev/null"], ["--json", "/nowhere"]] {
            #expect(await Relayctl.run(["tlsrpt", "read"] + arguments).code == 1, "\(arguments)")
        }
    }

    @Test("a folder: its files in order, and not what is in its folders")
    func folderOfFiles() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for name in ["b.json", "a.json", ".hidden", "c.txt"] {
            try Self.json.replacing("r1", with: name).write(
                toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
        }
        try FileManager.default.createDirectory(atPath: "\(folder)/d", withIntermediateDirectories: true)
        try "no report".write(toFile: "\(folder)/d/e.json", atomically: true, encoding: .utf8)
        try "no report".write(toFile: "\(folder)/z.json", atomically: true, encoding: .utf8)
        #expect(mkfifo("\(folder)/pipe", 0o600) == 0, "opening it would block")
        for path in [folder, folder + "/"] {
            let result = try read(path)
            #expect(result.text.hasPrefix("3 reports "), "names say nothing of what a file is")
            #expect(
                result.text.hasSuffix(
                    "Not read\n  \(folder)/z.json: it is neither JSON nor gzip nor a mail\n"))
            #expect(result.json.contains(#""notes":["\#(path): 2 in it that are folders, or no files at all"]"#))
        }
    }

    @Test("a Maildir: new and cur, and neither tmp nor the mailboxes beside them")
    func maildir() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for name in ["cur", "new", "tmp", ".tlsrpt/cur", ".tlsrpt/new", "archive"] {
            try FileManager.default.createDirectory(
                atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
            try Self.json.replacing("r1", with: name).write(
                toFile: "\(folder)/\(name)/1.M2:2,S", atomically: true, encoding: .utf8)
        }
        try "no report".write(toFile: "\(folder)/dovecot.index", atomically: true, encoding: .utf8)
        for path in [folder, "\(folder)/", "\(folder)/.tlsrpt"] {
            let result = try read(path)
            #expect(result.text.hasPrefix("2 reports "))
            #expect(result.json.contains(#""notes":[]"#) && result.json.contains(#""unreadable":[]"#))
        }
        // Without new it is a folder like any other.
        try FileManager.default.removeItem(atPath: "\(folder)/new")
        #expect(try read(folder).text.contains("\(folder)/dovecot.index: it is neither JSON"))
    }

    @Test("a mail with a good and a bad report: one is read, the other named")
    func mixedMail() {
        let readings = Self.readings(Array(Self.mail.utf8))
        #expect(readings.count == 2)
        #expect((try? readings.first?.get())?.id == "r1")
        #expect(
            readings.last == .failure(UnreadableReport("the part bad.json.gz: it is neither JSON nor gzip nor a mail")))
    }

    @Test("what is packed, and packed again")
    func packed() throws {
        func words(_ octets: [UInt8]) -> String? {
            guard case .failure(let fault) = Self.readings(octets).first else { return nil }
            return fault.words
        }
        #expect(words([]) == "it is empty")
        #expect(words([0x1F, 0x8B]) == "the gzip breaks off")
        #expect(words([0x1F, 0x8B, 7]) == "the gzip breaks off")
        #expect(
            words([0x1F, 0x8B] + [UInt8](repeating: 0xAA, count: 40))
                == "the gzip is damaged: unknown compression method")
        #expect(words(Self.stored(Array(Self.json.utf8))) == "the gzip is damaged: incorrect data check")
        #expect(
            words(Self.stored([UInt8](repeating: 0, count: 10 * 1024 * 1024 + 1)))
                == "unpacked it has more than 10485760 octets")
        // gzip.compress(b'{}') of Python.
        let braces: [UInt8] = [
            0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 2, 0xFF, 0xAB, 0xAE, 5, 0, 0x43, 0xBF, 0xA6, 0xA3, 2, 0, 0, 0,
        ]
        #expect(words(braces) == "it does not say whose it is: organization-name is missing")
        let mail = "Content-Type: message/rfc822\n\nContent-Type: application/tlsrpt\n\n"
        #expect(words(Array("\(mail)Content-Type: application/tlsrpt\n\n\(Self.json)".utf8)) == nil)
        let nested = String(repeating: "Content-Type: application/tlsrpt\n\n", count: ReportFile.layerLimit + 1)
        #expect(words(Array((nested + Self.json).utf8)) == "it is packed too many times")
        #expect(words(Array((String(nested.dropFirst(34)) + Self.json).utf8)) == nil)
    }

    @Test("the size of a file, and one past it")
    func size() throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = "\(folder)/a.json"
        let head = Data("{".utf8)
        try (head + Data(repeating: 0x20, count: ReportFile.sizeLimit - 1)).write(to: URL(filePath: path))
        #expect(try read(path).text.contains("it has more than 10485760 octets"), "the report is too large")
        try (head + Data(repeating: 0x20, count: ReportFile.sizeLimit)).write(to: URL(filePath: path))
        #expect(try read(path).text.contains("it has more than 33554432 octets"), "the file is")
    }

    @Test("the file is named once")
    func absent() throws {
        #expect(try read("/nowhere").text.hasSuffix("Not read\n  /nowhere: No such file or directory\n"))
    }

    @Test(
        "JSON for a terminal is ASCII and says the same",
        arguments: [
            ("{\"a\":\"b\"}", "{\"a\":\"b\"}"), ("\"é\u{202E}\u{9B}\u{7F}\"", #""\u00e9\u202e\u009b\u007f""#),
            ("\"😀\"", #""\ud83d\ude00""#), ("\"\\u0007\"", #""\u0007""#),
        ])
    func ascii(json: String, expected: String) throws {
        #expect(TerminalJSON.ascii(Array(json.utf8)) == expected)
        let decoder = JSONDecoder()
        if json.hasPrefix("\"") {
            #expect(
                try decoder.decode(String.self, from: Data(expected.utf8))
                    == decoder.decode(String.self, from: Data(json.utf8)))
        }
    }
}
