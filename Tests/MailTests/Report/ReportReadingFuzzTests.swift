import Testing

@testable import Mail

/// Damaged mails and reports: whatever comes, an answer comes of it and nothing traps.
@Suite("Damaged reports")
struct ReportReadingFuzzTests {
    private static func mail() throws -> [UInt8] {
        let detail = FailureDetail(
            .certificateExpired, sendingAddress: IPAddress("192.0.2.1"), receivingHost: "mx", receivingHELO: "é\u{0}\"")
        let policy = ReportedPolicy(.sts, domain: SampleReport.domain, strings: ["mode: x"], mxHosts: ["*.a"])
        let report = try SampleReport.make(policies: [
            PolicyCount(policy, successes: 3, failures: 2, details: [DetailCount(detail, sessions: 2)])
        ])
        return TLSReportMail(
            report: report, from: SampleReport.contact, to: SampleReport.contact, date: WallTime(seconds: 0),
            id: try #require(QueueID("0123456789bcdfghjklm"))
        ).content(attachment: report.json())
    }

    /// What a stranger's mistakes are made of.
    private static let pieces: [[UInt8]] =
        [
            "--=_0123456789bcdfghjklm", "--", "\r\n\r\n", "\n", "\r", "\"", "\\", "(", ")", ";", "=", "boundary=", "{",
            "}", "[", "]",
            ",", ":", "\\u", "\\ud83d", "null", "1e9", "-", "Content-Type: multipart/mixed; boundary=x",
            "message/rfc822", "H4sI",
            "=\r\n", "=3", "\u{FEFF}", "filename*0*=", "policies", "99999999999999999999",
        ].map { Array($0.utf8) } + [[0x1F, 0x8B], [0xFF], [0xC3], [0xED, 0xA0, 0x80], [0]]

    private static func damaged(_ octets: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        var octets = octets
        for _ in 0..<Int.random(in: 1...6, using: &generator) {
            let place = Int.random(in: 0...octets.count, using: &generator)
            let end = min(octets.count, place + Int.random(in: 0...30, using: &generator))
            switch Int.random(in: 0..<5, using: &generator) {
            case 0: octets.removeSubrange(place..<end)
            case 1: octets.insert(contentsOf: pieces.randomElement(using: &generator) ?? [], at: place)
            case 2: octets.replaceSubrange(place..<end, with: pieces.randomElement(using: &generator) ?? [])
            case 3: octets.insert(contentsOf: octets[place..<end], at: place)
            default:
                if place < octets.count { octets[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator) }
            }
        }
        return octets
    }

    @Test("damaged mails", arguments: [1, 2, 3, 4] as [UInt64])
    func mails(seed: UInt64) throws {
        var generator = SeededGenerator(seed)
        let mail = try Self.mail()
        var read = 0
        for _ in 0..<500 {
            let octets = Self.damaged(mail, &generator)
            _ = ReportForm(octets)
            guard let found = try? ReportAttachment.find(in: octets) else { continue }
            for attachment in found where (try? ReceivedReport(json: attachment.octets)) != nil { read += 1 }
        }
        #expect(read > 0, "some are read all the same")
    }

    @Test("damaged JSON", arguments: [5, 6, 7, 8] as [UInt64])
    func reports(seed: UInt64) throws {
        var generator = SeededGenerator(seed)
        let found = try ReportAttachment.find(in: try Self.mail())
        let json = try #require(found.first).octets
        var read = 0
        for _ in 0..<1000 {
            if let report = try? ReceivedReport(json: Self.damaged(json, &generator)) {
                read += 1
                #expect(report.faults.count <= ReceivedReport.faultLimit)
                #expect(report.failures >= 0 && report.successes >= 0)
            }
        }
        #expect(read > 50, "some are read all the same")
    }

    @Test("each cut of a mail and of its JSON")
    func cuts() throws {
        let mail = try Self.mail()
        for count in 0...mail.count {
            if let found = try? ReportAttachment.find(in: Array(mail.prefix(count))) { #expect(found.count == 1) }
        }
        let json = try #require(try ReportAttachment.find(in: mail).first).octets
        for count in 0..<json.count {
            #expect(throws: UnreadableReport.self, "\(count)") { try ReceivedReport(json: Array(json.prefix(count))) }
        }
    }
}
