import Testing

@testable import Mail

/// How the intake knows a TLS-RPT report that passes through (RPTC-18).
struct ReportFieldTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let wire: String
        let isReport: Bool
        let why: String

        init(_ wire: String, _ isReport: Bool, _ why: String) {
            self.wire = wire
            self.isReport = isReport
            self.why = why
        }

        var testDescription: String { why }
    }

    static let both = "TLS-Report-Domain: a.example\r\nTLS-Report-Submitter: b.example\r\n"

    static let cases = [
        Case("\(both)\r\n.\r\n", true, "both fields"),
        Case("TLS-Report-Submitter: b\r\nTLS-Report-Domain: a\r\n\r\n.\r\n", true, "in the other order"),
        Case(
            "From: x\r\nTLS-Report-Domain: a\r\nTo: y\r\nTLS-Report-Submitter: b\r\nCc: z\r\n\r\n.\r\n", true, "apart"),
        Case("tls-report-domain: a\r\ntls-report-submitter: b\r\n\r\n.\r\n", true, "in small letters"),
        Case("TLS-REPORT-DOMAIN: A\r\nTLS-REPORT-SUBMITTER: B\r\n\r\n.\r\n", true, "in capitals"),
        Case("tLs-RePoRt-dOmAiN:a\r\nTlS-rEpOrT-sUbMiTtEr:b\r\n\r\n.\r\n", true, "in any case, without a blank"),
        Case("TLS-Report-Domain:\r\n a\r\nTLS-Report-Submitter:\r\n\tb\r\n\r\n.\r\n", true, "folded"),
        Case("TLS-Report-Domain : a\r\nTLS-Report-Submitter\t: b\r\n\r\n.\r\n", true, "obsolete blanks"),
        Case("TLS-Report-Domain: a\r\nTLS-Report-Domain: c\r\nTLS-Report-Submitter: b\r\n\r\n.\r\n", true, "one twice"),
        Case("\(both).\r\n", true, "no body"),
        Case("Received: x\r\nTLS-Required: No\r\n\(both)\r\n.\r\n", true, "behind fields with the same beginning"),
        Case("TLS-Report-Domain: a\r\nSubject: x\r\n\r\n.\r\n", false, "the domain alone"),
        Case("TLS-Report-Submitter: b\r\nSubject: x\r\n\r\n.\r\n", false, "the submitter alone"),
        Case("TLS-Report-Domain: a\r\nTLS-Report-Domain: b\r\n\r\n.\r\n", false, "the domain twice"),
        Case("Subject: x\r\n\r\n\(both).\r\n", false, "in the body: a bounce that quotes one"),
        Case("TLS-Report-Domain: a\r\n\r\nTLS-Report-Submitter: b\r\n.\r\n", false, "one in the body"),
        Case("Subject: x\r\n TLS-Report-Domain: a\r\n TLS-Report-Submitter: b\r\n\r\n.\r\n", false, "folds of another"),
        Case("TLS-Reported: a\r\nTLS-Report-Submitter: b\r\n\r\n.\r\n", false, "tls-reported is another name"),
        Case("TLS-Report: a\r\nTLS-Report-Submitter: b\r\n\r\n.\r\n", false, "tls-report is another name"),
        Case("TLS-Report-Domains: a\r\nTLS-Report-Submitter: b\r\n\r\n.\r\n", false, "a longer name"),
        Case("TLS-Report-Domai: a\r\nTLS-Report-Submitter: b\r\n\r\n.\r\n", false, "a shorter name"),
        Case("X-TLS-Report-Domain: a\r\nTLS-Report-Submitter: b\r\n\r\n.\r\n", false, "a name that ends so"),
        Case("TLS-Report -Domain: a\r\nTLS-Report-Submitter: b\r\n\r\n.\r\n", false, "a blank within"),
        Case("TLS-Report-Domain\r\n: a\r\nTLS-Report-Submitter: b\r\n\r\n.\r\n", false, "no colon in the line"),
        Case(
            "TLS-Required-Domain: a\r\nTLS-Report-Submitter: b\r\n\r\n.\r\n", false,
            "the tail of one, the head of another"),
        Case("TLS-Report-Dubmitter: a\r\nTLS-Report-Somain: b\r\n\r\n.\r\n", false, "heads and tails exchanged"),
        Case(".\r\n", false, "nothing at all"),
    ]

    @Test("RPTC-18 A report of another MTA is known by its two fields, over any border of input", arguments: cases)
    func field(_ test: Case) {
        for size in [1, 2, 3, 7, 4096] {
            let (_, facts, used) = ContentReaderTests.read(Array(test.wire.utf8), in: size)
            #expect(used == test.wire.utf8.count)
            #expect(facts.isTLSReport == test.isReport, "in pieces of \(size)")
        }
    }

    @Test("RPTC-18 INT-08 The four names share their beginnings, and none hides another")
    func together() {
        let fields = ["Received: x", "TLS-Required: No", "TLS-Report-Domain: a", "TLS-Report-Submitter: b"]
        // Each order of the four.
        for first in fields.indices {
            for second in fields.indices where second != first {
                for third in fields.indices where third != first && third != second {
                    let fourth = fields.count * (fields.count - 1) / 2 - first - second - third
                    let order = [first, second, third, fourth].map { fields[$0] }
                    let wire = order.joined(separator: "\r\n") + "\r\n\r\n.\r\n"
                    let facts = ContentReaderTests.read(Array(wire.utf8), in: 3).1
                    #expect(
                        facts.isTLSReport && facts.tlsRequired == .no && facts.receivedCount == 1, "\(order)")
                }
            }
        }
    }

    @Test("Each name with one octet changed, lost or doubled is another name")
    func neighbours() {
        for (name, other) in [
            ("TLS-Report-Domain", "TLS-Report-Submitter"), ("TLS-Report-Submitter", "TLS-Report-Domain"),
        ] {
            let octets = Array(name.utf8)
            for index in octets.indices {
                var changed = octets
                changed[index] = changed[index] == UInt8(ascii: "x") ? UInt8(ascii: "y") : UInt8(ascii: "x")
                var lost = octets
                lost.remove(at: index)
                var doubled = octets
                doubled.insert(octets[index], at: index)
                for neighbour in [changed, lost, doubled] {
                    let wire = neighbour + Array(": a\r\n\(other): b\r\n\r\n.\r\n".utf8)
                    #expect(
                        !ContentReaderTests.read(wire, in: 4096).1.isTLSReport,
                        "\(String(decoding: neighbour, as: UTF8.self))")
                }
            }
        }
    }
}
